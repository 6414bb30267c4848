"""How every move on a ticket is asked for and answered: `If-Match`, `Idempotency-Key`, one transaction, the ticket."""

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
    """What every move is sent with besides its body."""

    desk: Desk
    request: Request
    version: int | None
    """The ticket's version the caller read, or None where any will do."""
    key: str | None

    async def answer(self, caller: Caller, work: Work) -> Response:
        """Do the work once under the key."""
        return await answer_once(
            self.desk.engine, idempotency_key, caller, self.key, self.request, work, admit=party_of
        )


def _move_request(desk: TheDesk, request: Request, version: VersionRead, key: IdempotencyKey = None) -> MoveRequest:
    return MoveRequest(desk, request, version, key)


TheMoveRequest = Annotated[MoveRequest, Depends(_move_request)]
Make = Callable[[AsyncConnection, Party, Ticket], Awaitable[Command]]
"""Makes the command from the ticket as it stands, which is held meanwhile."""


async def move(move_request: MoveRequest, caller: Caller, number: int, make: Make) -> Response:
    """Carry out what `make` gives; the answer is the ticket as it then stands."""

    async def work(connection: AsyncConnection) -> JsonAnswer:
        party, now = await party_of(connection, caller), move_request.desk.now()

        async def order(ticket: Ticket) -> Command:
            return await make(connection, party, ticket)

        ticket = await act(connection, party, number, order, now, move_request.version)
        return await ticket_answer(connection, party, ticket, now)

    return await move_request.answer(caller, work)


async def command(move_request: MoveRequest, caller: Caller, number: int, made: Callable[[Party], Command]) -> Response:
    """The same for a command that needs nothing but who gives it."""

    async def make(_connection: AsyncConnection, party: Party, _ticket: Ticket) -> Command:
        return made(party)

    return await move(move_request, caller, number, make)


def draft(party: Party, wanted: MessageIn | OptionalMessageIn) -> Draft:
    """What the body says, as somebody on the web or as a service."""
    channel = Channel.WEB if party.person else Channel.API
    return Draft(wanted.text or "", attachment_ids=tuple(wanted.attachment_ids), channel=channel)


async def message(connection: AsyncConnection, party: Party, wanted: MessageIn | OptionalMessageIn) -> Message:
    """What the body says, as a message of its own. Raises Invalid for files that are not the caller's."""
    return await message_of(connection, draft(party, wanted), party.uploader)


async def optional_message(connection: AsyncConnection, party: Party, wanted: OptionalMessageIn) -> Message | None:
    """The same where nothing needs saying. Raises Invalid for files without a word."""
    if wanted.text is None:
        if wanted.attachment_ids:
            raise Invalid("Say something with the files you send.")
        return None
    return await message(connection, party, wanted)
