"""The routes of the conversation and the survey. Each move is a POST that answers with the ticket after it."""

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import NotAllowed
from services.intake.api import move_route
from services.intake.api.deps import TheDesk
from services.intake.api.move_route import TheMoveRequest, move
from services.intake.api.ticket_answer import ticket_answer
from services.intake.api.ticket_resources import SurveyOut, TicketOut
from services.intake.api.tickets import Number
from services.intake.bulk.fan_outs import solve_incidents
from services.intake.rules.commands import Ask, Command, Note, Reopen
from services.intake.rules.ticket import Ticket
from services.intake.tickets.access import Party, party_of
from services.intake.tickets.input import Code
from services.intake.tickets.move_resources import MessageIn, OptionalMessageIn, SolveIn, SurveyIn
from services.intake.tickets.store import load
from services.intake.tickets.use_cases import act, rate, reply, solution
from services.platform.database import transaction
from services.platform.http import KnownCaller, StaffCaller
from services.platform.idempotency import JsonAnswer
from services.platform.identity import SURVEY_LINK

router = APIRouter(prefix="/api/v1", tags=["moves"])


@router.post("/tickets/{number}/reply", summary="Send a public message", response_model=TicketOut)
async def send_reply(number: Number, wanted: MessageIn, caller: KnownCaller, move_request: TheMoveRequest) -> Response:
    """Either side. The requester's answer opens a pending, solved or unanswered ticket again.

    To a merged ticket it goes on to the one it was merged into: the answer then is that ticket. To a finalised ticket
    it opens a follow-up: the answer then is that new ticket, with status 201.
    """
    desk = move_request.desk

    async def work(connection: AsyncConnection) -> JsonAnswer:
        party, now = await party_of(connection, caller), desk.now()
        said = move_route.draft(party, wanted)
        ticket = await reply(connection, party, number, said, desk.standard, now, move_request.version)
        return await ticket_answer(connection, party, ticket, now, status=201 if ticket.version == 1 else 200)

    return await move_request.answer(caller, work)


@router.post("/tickets/{number}/note", summary="Add an internal note", response_model=TicketOut)
async def add_note(number: Number, wanted: MessageIn, caller: KnownCaller, move_request: TheMoveRequest) -> Response:
    """Support staff, services, and colleagues the ticket is shared with. The requester's side never sees it."""

    async def make(connection: AsyncConnection, party: Party, ticket: Ticket) -> Command:
        if not party.sees_notes(ticket):
            raise NotAllowed("Only support and colleagues the ticket is shared with write internal notes.")
        return Note(party.actor, await move_route.message(connection, party, wanted))

    return await move(move_request, caller, number, make)


@router.post("/tickets/{number}/ask", summary="Ask the requester", response_model=TicketOut)
async def ask(number: Number, wanted: MessageIn, caller: StaffCaller, move_request: TheMoveRequest) -> Response:
    """Support staff and services. The ticket is pending from then on, and its clock runs."""

    async def make(connection: AsyncConnection, party: Party, _ticket: Ticket) -> Command:
        return Ask(party.actor, await move_route.message(connection, party, wanted))

    return await move(move_request, caller, number, make)


@router.post("/tickets/{number}/solve", summary="Solve", response_model=TicketOut)
async def solve(number: Number, wanted: SolveIn, caller: StaffCaller, move_request: TheMoveRequest) -> Response:
    """Support staff and services, with or without a last message. The solver becomes assignee where there is none.

    With `incidents`, every open incident of this problem is solved with the same words, in the background.
    """

    async def work(connection: AsyncConnection) -> JsonAnswer:
        party, now = await party_of(connection, caller), move_request.desk.now()

        async def order(_ticket: Ticket) -> Command:
            return solution(party, await move_route.optional_message(connection, party, wanted))

        ticket = await act(connection, party, number, order, now, move_request.version)
        if wanted.incidents:
            await solve_incidents(connection, party, ticket, wanted.text, now)
        return await ticket_answer(connection, party, ticket, now)

    return await move_request.answer(caller, work)


@router.post("/tickets/{number}/reopen", summary="Take up again", response_model=TicketOut)
async def reopen(
    number: Number, wanted: OptionalMessageIn, caller: StaffCaller, move_request: TheMoveRequest
) -> Response:
    """Support staff and services: a parked or solved ticket, or one closed for want of an answer or as spam."""

    async def make(connection: AsyncConnection, party: Party, _ticket: Ticket) -> Command:
        return Reopen(party.actor, await move_route.optional_message(connection, party, wanted))

    return await move(move_request, caller, number, make)


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
