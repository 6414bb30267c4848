"""How what a desk agrees on is added and replaced: by administrators, with `Idempotency-Key` and `If-Match`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import NotAllowed
from services.contract.vocabulary import Role
from services.intake.api.agreement_resources import Kept
from services.intake.api.deps import Desk, TheDesk
from services.intake.api.if_match import VersionRead
from services.intake.tables.tables import idempotency_key
from services.intake.tickets.access import Party, party_of
from services.platform.database import transaction
from services.platform.http import StaffCaller
from services.platform.idempotency import IdempotencyKey, JsonAnswer, answer_once
from services.platform.identity import Caller


def is_admin(party: Party) -> bool:
    """Whether they are an administrator; a service is none."""
    return party.person is not None and party.person.role is Role.ADMIN


def must_be_admin(party: Party) -> None:
    """Raises NotAllowed."""
    if not is_admin(party):
        raise NotAllowed("Only an administrator may change this.")


@dataclass(frozen=True)
class Writing:
    """A request to add or replace something."""

    desk: Desk
    request: Request
    caller: Caller
    key: str | None
    version: int | None
    """The one the caller read, or None where any will do."""

    async def adds(self, work: Callable[[AsyncConnection], Awaitable[Kept]]) -> Response:
        """Do the work once under the key, for an administrator."""

        async def answer(connection: AsyncConnection) -> JsonAnswer:
            await admit(connection, self.caller)
            added = await work(connection)
            return added.answer(201, Location=f"{self.request.url.path}/{added.id}")

        return await answer_once(
            self.desk.engine, idempotency_key, self.caller, self.key, self.request, answer, admit=admit
        )

    async def replaces(self, work: Callable[[AsyncConnection], Awaitable[Kept]]) -> Response:
        """Do the work, which may be done again, for an administrator."""
        async with transaction(self.desk.engine) as connection:
            await admit(connection, self.caller)
            return (await work(connection)).answer().response()


async def admit(connection: AsyncConnection, caller: Caller) -> None:
    """Raises NotAllowed for all but administrators."""
    must_be_admin(await party_of(connection, caller))


def _adding(caller: StaffCaller, desk: TheDesk, request: Request, key: IdempotencyKey = None) -> Writing:
    return Writing(desk, request, caller, key, None)


def _replacing(caller: StaffCaller, desk: TheDesk, request: Request, version: VersionRead) -> Writing:
    return Writing(desk, request, caller, None, version)


Adding = Annotated[Writing, Depends(_adding)]
Replacing = Annotated[Writing, Depends(_replacing)]


def by_name(parts: list[str]) -> tuple[str, UUID]:
    """A cursor's parts as where a list by name goes on."""
    name, last = parts
    return name, UUID(last)
