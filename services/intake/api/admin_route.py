"""Shared parts of the routes with which administrators add and replace contracts, calendars, products and teams.

Adding takes an `Idempotency-Key`, replacing takes `If-Match`.
"""

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
    """Whether the party is an administrator. A service is not."""
    return party.person is not None and party.person.role is Role.ADMIN


def must_be_admin(party: Party) -> None:
    """Check that the party is an administrator. Raises NotAllowed."""
    if not is_admin(party):
        raise NotAllowed("Only an administrator may change this.")


@dataclass(frozen=True)
class Writing:
    """A request to add or replace something, with what is needed to answer it."""

    desk: Desk
    request: Request
    caller: Caller
    key: str | None
    version: int | None
    """The version the caller read; None to replace any version."""

    async def adds(self, work: Callable[[AsyncConnection], Awaitable[Kept]]) -> Response:
        """Do the work for an administrator and answer 201. A repeat with the same key gets the first answer again."""

        async def answer(connection: AsyncConnection) -> JsonAnswer:
            await admit(connection, self.caller)
            added = await work(connection)
            return added.answer(201, Location=f"{self.request.url.path}/{added.id}")

        return await answer_once(
            self.desk.engine, idempotency_key, self.caller, self.key, self.request, answer, admit=admit
        )

    async def replaces(self, work: Callable[[AsyncConnection], Awaitable[Kept]]) -> Response:
        """Do the work for an administrator. It takes no key, because replacing can be repeated without harm."""
        async with transaction(self.desk.engine) as connection:
            await admit(connection, self.caller)
            return (await work(connection)).answer().response()


async def admit(connection: AsyncConnection, caller: Caller) -> None:
    """Check that the caller is an administrator. Raises NotAllowed, and NotAuthenticated as `party_of` does."""
    must_be_admin(await party_of(connection, caller))


def _adding(caller: StaffCaller, desk: TheDesk, request: Request, key: IdempotencyKey = None) -> Writing:
    return Writing(desk, request, caller, key, None)


def _replacing(caller: StaffCaller, desk: TheDesk, request: Request, version: VersionRead) -> Writing:
    return Writing(desk, request, caller, None, version)


Adding = Annotated[Writing, Depends(_adding)]
Replacing = Annotated[Writing, Depends(_replacing)]


def by_name(parts: list[str]) -> tuple[str, UUID]:
    """A cursor's parts as the (lower-case name, id) after which a list by name goes on."""
    name, last = parts
    return name, UUID(last)
