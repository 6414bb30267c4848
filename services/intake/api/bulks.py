"""The routes of bulks (one command on many tickets, in the background): starting, watching, stopping, undoing."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Response
from sqlalchemy import Row

from services.contract.errors import NotAllowed
from services.contract.vocabulary import TaskState
from services.intake.api.bulk_resources import BulkIn, BulkOut, BulkPage, BulkTicketOut, BulkTicketPage
from services.intake.api.deps import TheDesk
from services.intake.api.unit_of_work import StaffKeyedWork, Work
from services.intake.bulk.bulks import list_bulks, list_tasks, move_bulk, read_bulk, sent_facts, start_bulk
from services.intake.bulk.fan_outs import chosen_numbers, ship_release
from services.intake.rules.body import NUMBER_MAX, NothingIn, ReleaseName
from services.intake.rules.bulk import Bulk
from services.intake.rules.moves.ship import ShipIn
from services.platform.http import StaffCaller
from services.platform.pages import DEFAULT_LIMIT, Cursor, Limit, cut, read_cursor

router = APIRouter(prefix="/api/v1", tags=["bulks"])

BulkId = Annotated[UUID, Path(description="The bulk's id.")]
Move = Literal["pause", "resume", "cancel", "undo"]


@router.post("/bulks", status_code=202, summary="Give many tickets a command", response_model=BulkOut)
async def create_bulk(wanted: BulkIn, work: StaffKeyedWork) -> Response:
    """Support staff and services. Each ticket is done by itself, some a second; what it does not allow is listed."""
    connection, party, now = work.connection, work.party, work.now
    numbers = wanted.numbers
    if wanted.filter is not None:
        numbers = await chosen_numbers(connection, party, wanted.filter.chosen_by(party), now)
    facts = sent_facts(wanted.command, wanted.facts)
    started = await start_bulk(
        connection, party.actor, wanted.command, facts, numbers or [], now, per_second=wanted.per_second
    )
    return await accepted(work, started)


@router.post(
    # The name of a release may contain a slash.
    "/releases/{name:path}/ship",
    status_code=202,
    summary="Ship a release",
    tags=["board"],
    response_model=BulkOut,
)
async def ship(name: ReleaseName, wanted: ShipIn, work: StaffKeyedWork) -> Response:
    """The product director and admins. Every ticket planned in it is solved, and its requester told."""
    if not work.party.decides_on_product:
        raise NotAllowed("Only the product director and administrators ship a release.")
    return await accepted(work, await ship_release(work.connection, work.party, name, wanted.note, work.now))


@router.get("/bulks", summary="List bulks")
async def read_bulks(
    caller: StaffCaller, desk: TheDesk, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> BulkPage:
    """Support staff and services. Newest first."""
    after = read_cursor(cursor, _started)
    async with desk.reading(caller) as (connection, _):
        found = await list_bulks(connection, after, limit + 1)
    page, next_cursor = cut(found, limit, lambda bulk: (bulk.created_at.isoformat(), bulk.id))
    return BulkPage(items=[BulkOut.of(each) for each in page], next_cursor=next_cursor)


@router.get("/bulks/{bulk_id}", summary="Read a bulk")
async def read_one(bulk_id: BulkId, caller: StaffCaller, desk: TheDesk) -> BulkOut:
    """Support staff and services. The numbers are exact at every moment."""
    async with desk.reading(caller) as (connection, _):
        return BulkOut.of(await read_bulk(connection, bulk_id))


@router.get("/bulks/{bulk_id}/tickets", summary="List what became of each ticket")
async def read_tickets(
    bulk_id: BulkId,
    caller: StaffCaller,
    desk: TheDesk,
    state: TaskState | None = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> BulkTicketPage:
    """Support staff and services. Of a cancelled bulk, `pending` are those it did not do."""
    after = read_cursor(cursor, _number) or 0
    async with desk.reading(caller) as (connection, _):
        await read_bulk(connection, bulk_id)
        tasks = await list_tasks(connection, bulk_id, state, after, limit + 1)
    page, next_cursor = cut(tasks, limit, lambda task: (task.ticket_number,))
    return BulkTicketPage(items=[_ticket(each) for each in page], next_cursor=next_cursor)


@router.post("/bulks/{bulk_id}/{move}", summary="Pause, resume, cancel or undo a bulk", response_model=BulkOut)
async def move_one(bulk_id: BulkId, move: Move, _wanted: NothingIn, work: StaffKeyedWork) -> Response:
    """Support staff and services. It is in force with the answer, whose numbers are exact.

    Paused or cancelled, no further ticket is changed; what is done stays done. Undoing is offered until
    `can_undo_until`, and leaves a ticket as it is that was changed since: that one is `kept`. A new ticket that was
    given to somebody, and so taken up, has nobody again, but stays open.
    """
    return await _answer(work, await move_bulk(work.connection, bulk_id, move, work.party.actor, work.now), 200)


async def accepted(work: Work, started: UUID) -> Response:
    """The answer to a request that started this bulk."""
    return await _answer(work, await read_bulk(work.connection, started), 202)


async def _answer(work: Work, bulk: Bulk, status: int) -> Response:
    return await work.answer(BulkOut.of(bulk), status, Location=f"/api/v1/bulks/{bulk.id}")


def _started(parts: list[str]) -> tuple[datetime, UUID]:
    at, bulk_id = parts
    return datetime.fromisoformat(at).astimezone(UTC), UUID(bulk_id)


def _number(parts: list[str]) -> int:
    number = int(parts[0])
    if not 0 <= number <= NUMBER_MAX:
        raise ValueError("no number of ours")
    return number


def _ticket(task: Row[Any]) -> BulkTicketOut:
    return BulkTicketOut(
        number=task.ticket_number,
        subject=task.subject,
        state=task.state,
        sentence=task.sentence,
        version=task.version,
        at=task.done_at,
    )
