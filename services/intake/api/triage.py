"""The routes of the desk's own work on a ticket: assigning, prioritising, correcting, parking, merging, spam."""

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.api import move_route
from services.intake.api.move_route import TheMoveRequest, command, move
from services.intake.api.ticket_answer import ticket_answer
from services.intake.api.ticket_resources import TicketOut
from services.intake.api.tickets import Number
from services.intake.people.teams import handover
from services.intake.rules.commands import Command, MarkSpam, Park, Prioritise, Tag
from services.intake.rules.moves import must_allow
from services.intake.rules.ticket import Ticket
from services.intake.tickets.access import Party, party_of
from services.intake.tickets.corrections import correction, linking, sharing
from services.intake.tickets.move_resources import (
    AssignIn,
    ChangeIn,
    LinkProblemIn,
    MergeIn,
    NothingIn,
    ParkIn,
    PrioritiseIn,
    ShareIn,
    TagIn,
    TeamIn,
)
from services.intake.tickets.use_cases import assignment, merge
from services.platform.http import StaffCaller
from services.platform.idempotency import JsonAnswer

router = APIRouter(prefix="/api/v1", tags=["moves"])


@router.post("/tickets/{number}/assign", summary="Make an agent responsible", response_model=TicketOut)
async def assign(number: Number, wanted: AssignIn, caller: StaffCaller, move_request: TheMoveRequest) -> Response:
    """Support staff and services. A new ticket is open from then on; null takes the assignee away."""

    async def make(connection: AsyncConnection, party: Party, _ticket: Ticket) -> Command:
        return await assignment(connection, party.actor, wanted.assignee_id)

    return await move(move_request, caller, number, make)


@router.post("/tickets/{number}/team", summary="Hand to a team", response_model=TicketOut)
async def hand_over(number: Number, wanted: TeamIn, caller: StaffCaller, move_request: TheMoveRequest) -> Response:
    """Support staff and services. Who had it has it no more; a team with round robin chooses who has it next."""

    async def make(connection: AsyncConnection, party: Party, ticket: Ticket) -> Command:
        # Check this first: choosing a member of the team changes whose turn it is in the round robin.
        must_allow(ticket, "team", staff=True)
        return await handover(connection, party.actor, wanted.team_id, move_request.desk.now(), ticket.team)

    return await move(move_request, caller, number, make)


@router.post("/tickets/{number}/prioritise", summary="Change the priority", response_model=TicketOut)
async def prioritise(
    number: Number, wanted: PrioritiseIn, caller: StaffCaller, move_request: TheMoveRequest
) -> Response:
    """Support staff and services. The requester is told, with the reason; lowering is counted."""
    return await command(
        move_request, caller, number, lambda party: Prioritise(party.actor, wanted.priority, wanted.reason)
    )


@router.post("/tickets/{number}/tag", summary="Add and remove tags", response_model=TicketOut)
async def tag(number: Number, wanted: TagIn, caller: StaffCaller, move_request: TheMoveRequest) -> Response:
    """Support staff and services. What is in both lists is removed."""
    return await command(
        move_request, caller, number, lambda party: Tag(party.actor, tuple(wanted.add), tuple(wanted.remove))
    )


@router.post("/tickets/{number}/change", summary="Correct what it is about", response_model=TicketOut)
async def change(number: Number, wanted: ChangeIn, caller: StaffCaller, move_request: TheMoveRequest) -> Response:
    """Support staff and services. Fields are checked against the form of the product, the new one where it changes."""

    async def make(connection: AsyncConnection, party: Party, ticket: Ticket) -> Command:
        return await correction(connection, party, ticket, wanted)

    return await move(move_request, caller, number, make)


@router.post("/tickets/{number}/link_problem", summary="Link to a problem", response_model=TicketOut)
async def link_problem(
    number: Number, wanted: LinkProblemIn, caller: StaffCaller, move_request: TheMoveRequest
) -> Response:
    """Support staff and services. The problem is a ticket at work; solving it can solve its incidents."""

    async def make(connection: AsyncConnection, party: Party, _ticket: Ticket) -> Command:
        return await linking(connection, party, wanted.problem)

    return await move(move_request, caller, number, make)


@router.post("/tickets/{number}/share", summary="Share with a colleague", response_model=TicketOut)
async def share(number: Number, wanted: ShareIn, caller: StaffCaller, move_request: TheMoveRequest) -> Response:
    """Support staff and services. The colleague sees the ticket with its notes, and may write some."""

    async def make(connection: AsyncConnection, party: Party, _ticket: Ticket) -> Command:
        return await sharing(connection, party, wanted.person_id, shared=wanted.shared)

    return await move(move_request, caller, number, make)


@router.post("/tickets/{number}/park", summary="Park", response_model=TicketOut)
async def park(number: Number, wanted: ParkIn, caller: StaffCaller, move_request: TheMoveRequest) -> Response:
    """Support staff and services. It needs a change of the software: the product director decides if and when."""

    async def make(connection: AsyncConnection, party: Party, _ticket: Ticket) -> Command:
        said = await move_route.optional_message(connection, party, wanted)
        return Park(party.actor, wanted.workaround, wanted.effort, wanted.note, said)

    return await move(move_request, caller, number, make)


@router.post("/tickets/{number}/merge", summary="Merge into another ticket", response_model=TicketOut)
async def merge_into(number: Number, wanted: MergeIn, caller: StaffCaller, move_request: TheMoveRequest) -> Response:
    """Support staff and services. Both are of one requester or organisation, and the other one is at work.

    This one ends; what is said to it from then on is said to the other.
    """

    async def work(connection: AsyncConnection) -> JsonAnswer:
        party, now = await party_of(connection, caller), move_request.desk.now()
        ticket = await merge(connection, party, number, wanted.into, now, move_request.version)
        return await ticket_answer(connection, party, ticket, now)

    return await move_request.answer(caller, work)


@router.post("/tickets/{number}/spam", summary="Mark as spam", response_model=TicketOut)
async def mark_spam(number: Number, _wanted: NothingIn, caller: StaffCaller, move_request: TheMoveRequest) -> Response:
    """Support staff and services. The ticket is closed, and nobody is told."""
    return await command(move_request, caller, number, lambda party: MarkSpam(party.actor))
