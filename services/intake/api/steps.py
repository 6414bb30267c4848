"""The routes of automatic steps: keeping open, confirming solved, postponing, skipping, doing now; also snoozing."""

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Invalid, NotAllowed
from services.intake.api.move_route import TheMoveRequest, command, move
from services.intake.api.ticket_resources import TicketOut
from services.intake.api.tickets import Number
from services.intake.rules.commands import Command, ConfirmSolved, DoNow, KeepOpen, Postpone, Skip, Snooze
from services.intake.rules.ticket import Ticket
from services.intake.tickets.access import Party
from services.intake.tickets.move_resources import NothingIn, PostponeIn, SnoozeIn, StepIn
from services.platform.http import KnownCaller, StaffCaller

router = APIRouter(prefix="/api/v1", tags=["moves"])


@router.post("/tickets/{number}/keep_open", summary="Keep open", response_model=TicketOut)
async def keep_open(number: Number, _wanted: NothingIn, caller: KnownCaller, move_request: TheMoveRequest) -> Response:
    """Either side. A pending ticket waits again for as long as when the question was asked."""

    async def make(_connection: AsyncConnection, party: Party, ticket: Ticket) -> Command:
        party.must_ask(ticket)
        return KeepOpen(party.actor)

    return await move(move_request, caller, number, make)


@router.post("/tickets/{number}/confirm_solved", summary="Say that it is solved", response_model=TicketOut)
async def confirm_solved(
    number: Number, _wanted: NothingIn, caller: KnownCaller, move_request: TheMoveRequest
) -> Response:
    """The requester's side. Nothing needs an answer any more."""

    async def make(_connection: AsyncConnection, party: Party, ticket: Ticket) -> Command:
        party.must_ask(ticket)
        if not ticket.is_requesters(party.actor):
            raise NotAllowed("Only the requester's side says so; support solves the ticket.")
        return ConfirmSolved(party.actor)

    return await move(move_request, caller, number, make)


@router.post("/tickets/{number}/postpone", summary="Move an automatic step", response_model=TicketOut)
async def postpone(number: Number, wanted: PostponeIn, caller: KnownCaller, move_request: TheMoveRequest) -> Response:
    """Support staff and services, to later or earlier; the requester's side the closing of a pending ticket only."""

    async def make(_connection: AsyncConnection, party: Party, ticket: Ticket) -> Command:
        party.must_ask(ticket)
        return Postpone(party.actor, wanted.step, wanted.until)

    return await move(move_request, caller, number, make)


@router.post("/tickets/{number}/skip", summary="Skip an automatic step", response_model=TicketOut)
async def skip(number: Number, wanted: StepIn, caller: StaffCaller, move_request: TheMoveRequest) -> Response:
    """Support staff and services."""
    return await command(move_request, caller, number, lambda party: Skip(party.actor, wanted.step))


@router.post("/tickets/{number}/do_now", summary="Take an automatic step now", response_model=TicketOut)
async def do_now(number: Number, wanted: StepIn, caller: StaffCaller, move_request: TheMoveRequest) -> Response:
    """Support staff and services."""
    return await command(move_request, caller, number, lambda party: DoNow(party.actor, wanted.step))


@router.post("/tickets/{number}/snooze", summary="Be reminded of it", response_model=TicketOut)
async def snooze(number: Number, wanted: SnoozeIn, caller: StaffCaller, move_request: TheMoveRequest) -> Response:
    """Support staff. Out of the views of work until then, or until the requester says something; null ends it."""

    def made(party: Party) -> Command:
        if wanted.until is not None and party.person is None:
            raise Invalid("A service is nobody to remind.")
        return Snooze(party.actor, party.person.contact() if party.person else None, wanted.until)

    return await command(move_request, caller, number, made)
