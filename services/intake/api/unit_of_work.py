"""The open unit of work of a request that changes something. A route takes it as a parameter and answers with it.

    async def add_team(wanted: TeamSettings, work: AdminKeyedWork) -> Response:
        ...
        return await work.answer(TeamOut.of(added), 201)

It is open when the route begins: the caller is admitted, and the `Idempotency-Key` is claimed. It is committed when the
route has returned, before the response is sent, and rolled back if the route raises.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.api.deps import Desk, TheDesk
from services.intake.api.if_match import VersionRead
from services.intake.api.ticket_answer import ticket_answer
from services.intake.rules.decide import Command
from services.intake.rules.ticket import Ticket
from services.intake.tables.tables import idempotency_key
from services.intake.tickets.access import Party, party_of
from services.intake.tickets.use_cases import decide_and_save, held
from services.platform.http import known_caller, staff_caller
from services.platform.idempotency import IdempotencyKey, JsonAnswer, Unit, once
from services.platform.identity import Caller


@dataclass(frozen=True)
class Work:
    """What a request is done with: the transaction it is done in, who asks, and the time it is done at."""

    desk: Desk
    connection: AsyncConnection
    party: Party
    """Who asks."""
    now: datetime
    """The time of everything done here."""
    version: int | None
    """The version the caller read; None to accept any version."""
    _unit: Unit[Party] = field(repr=False)

    async def lock(self, number: int) -> Ticket:
        """The ticket, locked until the work is done. Raises NotFound, VersionMismatch."""
        return await held(self.connection, self.party, number, self.version)

    async def carry_out(self, ticket: Ticket, command: Command) -> Ticket:
        """Decide on the locked ticket and save it. Returns it as it is now. Raises MoveRefused, Invalid."""
        return await decide_and_save(self.connection, ticket, command, self.now)

    async def answer(self, body: BaseModel, status: int = 200, **headers: str) -> Response:
        """The route's response, kept for a repeat under the same key."""
        return await self.give(JsonAnswer(status, body.model_dump(mode="json"), headers))

    async def answer_ticket(self, ticket: Ticket, status: int = 200) -> Response:
        """The route's response: the ticket as this party may see it, with its ETag."""
        return await self.give(await ticket_answer(self.connection, self.party, ticket, self.now, status))

    async def give(self, answer: JsonAnswer) -> Response:
        """The route's response, kept for a repeat under the same key, from an answer that is made already."""
        return await self._unit.answer(answer)


@dataclass(frozen=True)
class Asked:
    """A request, with the headers of it that count here."""

    desk: Desk
    request: Request
    key: str | None = None
    version: int | None = None


def keyed(desk: TheDesk, request: Request, key: IdempotencyKey = None) -> Asked:
    """A request under an `Idempotency-Key`."""
    return Asked(desk, request, key)


KeyedRequest = Annotated[Asked, Depends(keyed)]
"""For a route that has something slow to do before it opens its work."""


def _plain(desk: TheDesk, request: Request) -> Asked:
    return Asked(desk, request)


def _versioned(desk: TheDesk, request: Request, version: VersionRead) -> Asked:
    return Asked(desk, request, version=version)


def _keyed_and_versioned(desk: TheDesk, request: Request, version: VersionRead, key: IdempotencyKey = None) -> Asked:
    return Asked(desk, request, key, version)


Check = Callable[[Party], None]
"""Raises NotAllowed for a party that may not do this."""


@asynccontextmanager
async def open_work(asked: Asked, caller: Caller, check: Check, content: bytes | None = None) -> AsyncIterator[Work]:
    """The work of a request. `content` is its content where the body has been read as a form already.

    Raises AnsweredBefore, Conflict for a key of another request, NotAuthenticated, and what `check` raises.
    """

    async def admit(connection: AsyncConnection, caller: Caller) -> Party:
        party = await party_of(connection, caller)
        check(party)
        return party

    desk, key = asked.desk, asked.key
    async with once(desk.engine, idempotency_key, caller, key, asked.request, admit, content=content) as unit:
        yield Work(desk, unit.connection, unit.admitted, desk.now(), asked.version, unit)


def opened(how: Callable[..., Asked], who: Callable[..., Any], check: Check) -> Any:
    """A dependency that opens the work of a request sent as `how` takes it, by one of `who`, whom `check` admits."""

    async def work(
        asked: Annotated[Asked, Depends(how)], caller: Annotated[Caller, Depends(who)]
    ) -> AsyncIterator[Work]:
        async with open_work(asked, caller, check) as opened:
            yield opened

    # Without this scope FastAPI would commit after it has sent the response.
    return Depends(work, scope="function")


def anybody(_party: Party) -> None:
    """Admits every caller that the dependency lets through."""


TheWork = Annotated[Work, opened(_keyed_and_versioned, known_caller, anybody)]
"""Any known caller's, at the version in `If-Match` and under a key: a move on a ticket."""
StaffWork = Annotated[Work, opened(_keyed_and_versioned, staff_caller, anybody)]
"""That of support staff or a service, at the version in `If-Match` and under a key: a move on a ticket."""
KeyedWork = Annotated[Work, opened(keyed, known_caller, anybody)]
"""Any known caller's, under a key: a POST on what has no version."""
StaffKeyedWork = Annotated[Work, opened(keyed, staff_caller, anybody)]
"""That of support staff or a service, under a key."""
StaffPlainWork = Annotated[Work, opened(_plain, staff_caller, anybody)]
"""That of support staff or a service, without either: a PATCH, which can be repeated without a key."""
AdminKeyedWork = Annotated[Work, opened(keyed, staff_caller, Party.must_be_admin)]
"""An administrator's, under a key."""
AdminVersionedWork = Annotated[Work, opened(_versioned, staff_caller, Party.must_be_admin)]
"""An administrator's, at the version in `If-Match`: a PUT, which can be repeated without a key."""
