"""The routes of the product director's board: reading it, and planning, declining and shipping parked tickets."""

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Invalid
from services.intake.api import move_route
from services.intake.api.board_resources import BoardOut, BoardRow, PartsOut, ReleaseOut, ReleasesOut
from services.intake.api.deps import TheDesk
from services.intake.api.move_route import TheMoveRequest, command, move
from services.intake.api.ticket_answer import summaries
from services.intake.api.ticket_resources import ParkingOut, TicketOut
from services.intake.api.tickets import Number
from services.intake.rules.board import customers, rank, score
from services.intake.rules.commands import Command, Decline, Plan, Ship
from services.intake.rules.moves import must_allow
from services.intake.rules.ticket import Ticket
from services.intake.tickets import board_queries
from services.intake.tickets.access import Party
from services.intake.tickets.move_resources import MessageIn, PlanIn, ShipIn
from services.platform.http import StaffCaller

router = APIRouter(prefix="/api/v1", tags=["product"])


@router.get("/board", summary="Read the board")
async def read_board(caller: StaffCaller, desk: TheDesk) -> BoardOut:
    """Support staff and services. Of more than 500 parked tickets, those that changed longest ago."""
    async with desk.reading(caller) as (connection, party):
        tickets = await board_queries.parked(connection)
        reported = await board_queries.reporters(connection, tickets)
        shown = await summaries(connection, party, tickets, desk.now())
    rows = [
        BoardRow(
            ticket=summary,
            parking=ParkingOut.model_validate(each.parking.model_dump()),
            score=points.total,
            parts=PartsOut.model_validate(points, from_attributes=True),
            reporters=customers(reported[each.number]),
        )
        for each, summary in zip(tickets, shown, strict=True)
        if each.parking and (points := score(each.parking, reported[each.number]))
    ]
    return BoardOut(items=sorted(rows, key=lambda row: rank(row.score, row.parking.at, row.ticket.number)))


@router.get("/releases", summary="List releases")
async def list_releases(caller: StaffCaller, desk: TheDesk) -> ReleasesOut:
    """Support staff and services."""
    async with desk.reading(caller) as (connection, _):
        found = await board_queries.releases(connection)
    return ReleasesOut(items=[ReleaseOut.model_validate(each, from_attributes=True) for each in found])


@router.post("/tickets/{number}/plan", summary="Plan in a release", response_model=TicketOut)
async def plan(number: Number, wanted: PlanIn, caller: StaffCaller, move_request: TheMoveRequest) -> Response:
    """The product director and admins: a parked ticket, or one planned in another release."""

    def made(party: Party) -> Command:
        party.must_decide_on_product()
        return Plan(party.actor, wanted.release)

    return await command(move_request, caller, number, made)


@router.post("/tickets/{number}/decline", summary="Decline", response_model=TicketOut)
async def decline(number: Number, wanted: MessageIn, caller: StaffCaller, move_request: TheMoveRequest) -> Response:
    """The product director and admins: it will not be built. The reason is the answer, and solves the ticket."""

    async def make(connection: AsyncConnection, party: Party, _ticket: Ticket) -> Command:
        party.must_decide_on_product()
        return Decline(party.actor, await move_route.message(connection, party, wanted))

    return await move(move_request, caller, number, make)


@router.post("/tickets/{number}/ship", summary="Ship to one ticket", response_model=TicketOut)
async def ship(number: Number, wanted: ShipIn, caller: StaffCaller, move_request: TheMoveRequest) -> Response:
    """The product director and admins: what this ticket was planned in is there for this requester already.

    `POST /releases/{name}/ship` does it to everything planned in a release.
    """

    async def make(_connection: AsyncConnection, party: Party, ticket: Ticket) -> Command:
        party.must_decide_on_product()
        must_allow(ticket, "ship", staff=True)
        if ticket.parking is None or ticket.parking.release is None:
            raise Invalid(f"Ticket {number} is planned in no release; plan it first.")
        return Ship(party.actor, ticket.parking.release, wanted.note)

    return await move(move_request, caller, number, make)
