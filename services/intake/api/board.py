"""The routes of the product director's board. What is done to one of its tickets is a move: `moves.py`."""

from fastapi import APIRouter

from services.intake.api.board_resources import BoardOut, BoardRow, PartsOut, ReleaseOut, ReleasesOut
from services.intake.api.deps import TheDesk
from services.intake.api.ticket_answer import summaries
from services.intake.api.ticket_resources import ParkingOut
from services.intake.rules.board import customers, rank, score
from services.intake.tickets import board_queries
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
