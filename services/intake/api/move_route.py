"""Shared parts of the routes that make a move on a ticket.

Each takes `If-Match` and `Idempotency-Key`, does its work in one transaction, and answers with the ticket.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Invalid
from services.contract.vocabulary import Channel
from services.intake.api.deps import Desk, TheDesk
from services.intake.api.if_match import VersionRead
from services.intake.api.ticket_answer import ticket_answer
from services.intake.rules.commands import Command
from services.intake.rules.ticket import Message, Ticket
from services.intake.tables.tables import idempotency_key
from services.intake.tickets.access import Party, party_of
from services.intake.tickets.move_resources import MessageIn, OptionalMessageIn
from services.intake.tickets.use_cases import Draft, act, message_of
from services.platform.idempotency import IdempotencyKey, JsonAnswer, Work, answer_once
from services.platform.identity import Caller


@dataclass(frozen=True)
class MoveRequest:
    """The parts of a move's request besides its body and caller."""

    desk: Desk
    request: Request
    version: int | None
    """The ticket version the caller read; None to accept any version."""
    key: str | None

    async def answer(self, caller: Caller, work: Work) -> Response:
        """Do the work and answer with its result. A repeat with the same key gets the first answer again."""
        return await answer_once(
            self.desk.engine, idempotency_key, caller, self.key, self.request, work, admit=party_of
        )


def _move_request(desk: TheDesk, request: Request, version: VersionRead, key: IdempotencyKey = None) -> MoveRequest:
    return MoveRequest(desk, request, version, key)


TheMoveRequest = Annotated[MoveRequest, Depends(_move_request)]
Make = Callable[[AsyncConnection, Party, Ticket], Awaitable[Command]]
"""Makes the command from the ticket as it is now; the ticket is locked meanwhile."""


async def move(move_request: MoveRequest, caller: Caller, number: int, make: Make) -> Response:
    """Carry out the command that `make` makes, and answer with the ticket after it."""

    async def work(connection: AsyncConnection) -> JsonAnswer:
        party, now = await party_of(connection, caller), move_request.desk.now()

        async def order(ticket: Ticket) -> Command:
            return await make(connection, party, ticket)

        ticket = await act(connection, party, number, order, now, move_request.version)
        return await ticket_answer(connection, party, ticket, now)

    return await move_request.answer(caller, work)


async def command(move_request: MoveRequest, caller: Caller, number: int, made: Callable[[Party], Command]) -> Response:
    """Like `move`, for a command that needs only the party, and nothing from the ticket or the database."""

    async def make(_connection: AsyncConnection, party: Party, _ticket: Ticket) -> Command:
        return made(party)

    return await move(move_request, caller, number, make)


def draft(party: Party, wanted: MessageIn | OptionalMessageIn) -> Draft:
    """The message in the body as a draft, with channel web for a person and API for a service."""
    channel = Channel.WEB if party.person else Channel.API
    return Draft(wanted.text or "", attachment_ids=tuple(wanted.attachment_ids), channel=channel)


async def message(connection: AsyncConnection, party: Party, wanted: MessageIn | OptionalMessageIn) -> Message:
    """The message in the body, with a new id. Raises Invalid for files that are not the caller's."""
    return await message_of(connection, draft(party, wanted), party.uploader)


async def optional_message(connection: AsyncConnection, party: Party, wanted: OptionalMessageIn) -> Message | None:
    """The message in the body, or None if it has none. Raises Invalid for files without a text."""
    if wanted.text is None:
        if wanted.attachment_ids:
            raise Invalid("Say something with the files you send.")
        return None
    return await message(connection, party, wanted)
