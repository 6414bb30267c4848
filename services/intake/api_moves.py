"""Commands on one ticket: each is a POST that answers the ticket as it then stands."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.database import transaction
from services.errors import Invalid
from services.http import KnownCaller, StaffCaller
from services.idempotency import Answer, IdempotencyKey, Work, answer_once
from services.identity import SURVEY_LINK, Caller
from services.intake.access import Party, party_of
from services.intake.api_tickets import Number, ticket_answer
from services.intake.commands import Draft, assignment, carry_out, message_of, rate, reply, solution
from services.intake.desk import Desk, TheDesk
from services.intake.input import Code
from services.intake.orders import Ask, Command, Note, Reopen
from services.intake.store import load
from services.intake.tables import idempotency_key
from services.intake.ticket_resources import AssignIn, MessageIn, OptionalMessageIn, SurveyIn, SurveyOut, TicketOut
from services.intake.tickets import Message
from services.vocabulary import Channel

router = APIRouter(prefix="/api/v1", tags=["moves"])

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match", max_length=100, description="The ETag read last: answers 412 if the ticket has changed since."
    ),
]


@dataclass(frozen=True)
class Terms:
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


def _terms(desk: TheDesk, request: Request, if_match: IfMatch = None, key: IdempotencyKey = None) -> Terms:
    return Terms(desk, request, _version(if_match), key)


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match == "*":
        return None
    version = if_match.removeprefix('"').removesuffix('"')
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise Invalid('If-Match takes the ETag of a ticket, as in "3".')
    return int(version)


TheTerms = Annotated[Terms, Depends(_terms)]
Make = Callable[[AsyncConnection, Party], Awaitable[Command]]


@router.post("/tickets/{number}/assign", summary="Make an agent responsible", response_model=TicketOut)
async def assign(number: Number, wanted: AssignIn, caller: StaffCaller, terms: TheTerms) -> Response:
    """Support staff and services. A new ticket is open from then on; null takes the assignee away."""

    async def make(connection: AsyncConnection, party: Party) -> Command:
        return await assignment(connection, party.actor, wanted.assignee_id)

    return await _move(terms, caller, number, make)


@router.post("/tickets/{number}/reply", summary="Send a public message", response_model=TicketOut)
async def send_reply(number: Number, wanted: MessageIn, caller: KnownCaller, terms: TheTerms) -> Response:
    """Either side. The requester's answer opens a pending, solved or unanswered ticket again.

    To a finalised ticket it opens a follow-up: the answer then is that new ticket, with status 201.
    """
    desk = terms.desk

    async def work(connection: AsyncConnection) -> Answer:
        party = await party_of(connection, caller)
        draft = _draft(party, wanted)
        ticket = await reply(connection, party, number, draft, desk.standard, desk.now(), terms.version)
        return await ticket_answer(connection, party, ticket, status=200 if ticket.number == number else 201)

    return await terms.answer(caller, work)


@router.post("/tickets/{number}/note", summary="Add an internal note", response_model=TicketOut)
async def add_note(number: Number, wanted: MessageIn, caller: StaffCaller, terms: TheTerms) -> Response:
    """Support staff and services. The requester's side never sees it."""

    async def make(connection: AsyncConnection, party: Party) -> Command:
        return Note(party.actor, await _message(connection, party, wanted))

    return await _move(terms, caller, number, make)


@router.post("/tickets/{number}/ask", summary="Ask the requester", response_model=TicketOut)
async def ask(number: Number, wanted: MessageIn, caller: StaffCaller, terms: TheTerms) -> Response:
    """Support staff and services. The ticket is pending from then on, and its clock runs."""

    async def make(connection: AsyncConnection, party: Party) -> Command:
        return Ask(party.actor, await _message(connection, party, wanted))

    return await _move(terms, caller, number, make)


@router.post("/tickets/{number}/solve", summary="Solve", response_model=TicketOut)
async def solve(number: Number, wanted: OptionalMessageIn, caller: StaffCaller, terms: TheTerms) -> Response:
    """Support staff and services, with or without a last message. The solver becomes assignee where there is none."""

    async def make(connection: AsyncConnection, party: Party) -> Command:
        return solution(party, await _optional_message(connection, party, wanted))

    return await _move(terms, caller, number, make)


@router.post("/tickets/{number}/reopen", summary="Take up again", response_model=TicketOut)
async def reopen(number: Number, wanted: OptionalMessageIn, caller: StaffCaller, terms: TheTerms) -> Response:
    """Support staff and services: a solved ticket, or one closed for want of an answer."""

    async def make(connection: AsyncConnection, party: Party) -> Command:
        return Reopen(party.actor, await _optional_message(connection, party, wanted))

    return await _move(terms, caller, number, make)


@router.get("/survey", summary="Read a survey", tags=["survey"])
async def read_survey(code: Code, desk: TheDesk) -> SurveyOut:
    """Whoever has the link from the mail."""
    number = int(desk.signer.linked(SURVEY_LINK, code, desk.now()))
    async with desk.engine.connect() as connection:
        ticket = await load(connection, number)
    return SurveyOut(number=number, subject=ticket.subject, good=ticket.rating.good if ticket.rating else None)


@router.post("/survey", status_code=204, summary="Answer a survey", tags=["survey"])
async def answer_survey(answer: SurveyIn, desk: TheDesk) -> Response:
    """Whoever has the link from the mail. The same answer again changes nothing; another one replaces it."""
    number = int(desk.signer.linked(SURVEY_LINK, answer.code, desk.now()))
    async with transaction(desk.engine) as connection:
        await rate(connection, number, good=answer.good, comment=answer.comment, now=desk.now())
    return Response(status_code=204)


async def _move(terms: Terms, caller: Caller, number: int, make: Make) -> Response:
    async def work(connection: AsyncConnection) -> Answer:
        party = await party_of(connection, caller)
        command = await make(connection, party)
        ticket = await carry_out(connection, party, number, command, terms.desk.now(), terms.version)
        return await ticket_answer(connection, party, ticket)

    return await terms.answer(caller, work)


def _draft(party: Party, wanted: MessageIn | OptionalMessageIn) -> Draft:
    channel = Channel.WEB if party.person else Channel.API
    return Draft(wanted.text or "", attachment_ids=tuple(wanted.attachment_ids), channel=channel)


async def _message(connection: AsyncConnection, party: Party, wanted: MessageIn | OptionalMessageIn) -> Message:
    return await message_of(connection, _draft(party, wanted), party.uploader)


async def _optional_message(connection: AsyncConnection, party: Party, wanted: OptionalMessageIn) -> Message | None:
    if wanted.text is None:
        if wanted.attachment_ids:
            raise Invalid("Say something with the files you send.")
        return None
    return await _message(connection, party, wanted)
