"""Carrying out a bulk: one transaction for each ticket, which changes the ticket and marks its task.

Both are one commit, so a crash at any point neither loses nor repeats a ticket. Two workers at once do no harm, because
each locks the bulk while it works on a ticket.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.errors import MoveRefused, Permanent, Temporary
from services.contract.event_data import Actor, Contact
from services.contract.temporal import BulkStep
from services.contract.vocabulary import BulkState, TaskState
from services.intake.bulk.bulks import lock_bulk, mark_task, read_bulk, read_task, save_bulk, waiting_numbers
from services.intake.people.people import get_person
from services.intake.rules.bulk import TAKES_UP, Bulk, marked
from services.intake.rules.contracts import Terms
from services.intake.rules.move import Many
from services.intake.rules.registry import MANY
from services.intake.tickets.makers import Making, of_many, undoing
from services.intake.tickets.store import lock
from services.intake.tickets.use_cases import decide_and_save
from services.platform.clock import Clock
from services.platform.database import may_pass, transaction
from services.platform.telemetry import correlated

STEP_SECONDS = 5
"""A step works on as many tickets as the bulk's pace allows in this time. With longer steps, the workflow would see
progress and a changed pace too late."""
STEP_TIME_MAX = timedelta(seconds=30)
"""A step that is slow ends after this time, with what it has done."""
UNEXPECTED = "An unexpected error was logged; nothing was changed. Try it on this ticket by itself."

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Mark:
    """What became of one ticket."""

    state: TaskState
    sentence: str | None = None
    version: int | None = None
    former: dict[str, Any] | None = None


@dataclass(frozen=True)
class Work:
    """What a bulk does to one ticket, in the transaction it does it in."""

    bulk: Bulk
    making: Making

    @property
    def many(self) -> Many:
        """Its command."""
        return MANY[self.bulk.command]


async def take_step(
    engine: AsyncEngine, standard: Terms, clock: Clock, bulk_id: UUID, alive: Callable[[], None]
) -> BulkStep:
    """Work on the next tickets, unless the bulk is paused or over; `alive` is called before each ticket.

    Raises NotFound for an unknown bulk.
    """
    async with engine.connect() as connection:
        bulk = await read_bulk(connection, bulk_id)
        numbers = await waiting_numbers(connection, bulk, bulk.per_second * STEP_SECONDS)
        by = bulk.acts_for
        who = (await get_person(connection, by.person_id)).contact() if by.person_id and numbers else None
    tried, ends_at = 0, clock() + STEP_TIME_MAX
    with correlated(bulk.correlation_id):
        for number in numbers:
            alive()
            now = clock()
            if now > ends_at or not await _take_up(engine, bulk_id, by, who, standard, now, number):
                break
            tried += 1
    async with engine.connect() as connection:
        bulk = await read_bulk(connection, bulk_id)
    return BulkStep(state=bulk.state, tried=tried, per_second=bulk.per_second, total=bulk.total, waiting=bulk.waiting)


async def _take_up(
    engine: AsyncEngine, bulk_id: UUID, by: Actor, who: Contact | None, standard: Terms, now: datetime, number: int
) -> bool:
    """Work on one ticket. Returns False if the bulk was paused or cancelled, has ended, or is undone by somebody."""
    async with transaction(engine) as connection:
        bulk = await lock_bulk(connection, bulk_id)
        if bulk.state not in TAKES_UP or bulk.acts_for != by:
            return False
        task = await read_task(connection, bulk, number)
        if task.state == TAKES_UP[bulk.state]:
            mark = await _tried(Work(bulk, Making(connection, by, who, standard, now)), task)
            await mark_task(connection, bulk, number, **_values(mark, now))
            await save_bulk(connection, marked(bulk, mark.state, now))
    return True


async def _tried(work: Work, task: Any) -> Mark:
    act, failed = (_do, TaskState.REFUSED) if work.bulk.state is BulkState.RUNNING else (_undo, TaskState.KEPT)
    try:
        async with work.making.connection.begin_nested():
            return await act(work, task)
    except Permanent as refusal:
        return Mark(failed, refusal.detail)
    except Exception as error:
        # A temporary error (such as a lost connection) is not this ticket's fault: the whole step is retried.
        if isinstance(error, Temporary) or may_pass(error):
            raise
        # One faulty ticket must not block the thousands after it.
        log.error("ticket of a bulk failed", bulk=str(work.bulk.id), number=task.ticket_number, exc_info=True)
        return Mark(failed, UNEXPECTED)


async def _do(work: Work, task: Any) -> Mark:
    many, making = work.many, work.making
    facts = many.facts.read(work.bulk.facts)
    before = await lock(making.connection, task.ticket_number)
    order = await of_many(making, work.bulk.id, many, facts, before)
    after = await decide_and_save(making.connection, before, order, making.now)
    kept = many.undo.keep(facts, before, after).kept() if many.undo and before != after else None
    return Mark(TaskState.DONE, version=after.version, former=kept)


async def _undo(work: Work, task: Any) -> Mark:
    making = work.making
    before = await lock(making.connection, task.ticket_number)
    if before.version != task.version:
        raise MoveRefused(f"Ticket {before.number} was changed since; it is left as it is.")
    if task.former is None:
        return Mark(TaskState.UNDONE, version=before.version)
    order = await undoing(making, work.many, task.former, before)
    after = await decide_and_save(making.connection, before, order, making.now)
    return Mark(TaskState.UNDONE, version=after.version)


def _values(mark: Mark, now: datetime) -> dict[str, Any]:
    values = {"state": mark.state, "sentence": mark.sentence, "done_at": now}
    return values if mark.version is None else {**values, "version": mark.version, "former": mark.former}
