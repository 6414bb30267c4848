"""Carrying out a bulk: ticket by ticket, each in a transaction of its own together with its mark.

A crash at any point neither loses nor repeats a ticket: what it did and that it did it are one commit. Two workers at
once do no harm either, for each holds the bulk while it has a ticket.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.errors import MoveRefused, Permanent, Temporary
from services.contract.temporal import BulkStep
from services.contract.vocabulary import BulkState
from services.intake.bulk.actions import COMMANDS, Work, known_facts
from services.intake.bulk.bulks import lock_bulk, mark_task, read_bulk, read_task, save_bulk, waiting_numbers
from services.intake.bulk.inverses import former, inverse
from services.intake.rules.bulk import TAKES_UP, TaskState, marked
from services.intake.rules.contracts import Terms
from services.intake.rules.decide import decide
from services.intake.tickets.store import lock, save
from services.platform.clock import Clock
from services.platform.database import may_pass, transaction
from services.platform.telemetry import correlated

STEP_SECONDS = 5
"""How many seconds' worth of tickets one step takes up: more would stop pace and progress from being seen."""
STEP_TIME_MAX = timedelta(seconds=30)
"""A step on a slow day ends here, with what it has done."""
UNEXPECTED = "An unexpected error was logged; nothing was changed. Try it on this ticket by itself."

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Mark:
    """What became of one ticket."""

    state: TaskState
    sentence: str | None = None
    version: int | None = None
    former: dict[str, Any] | None = None


async def take_step(
    engine: AsyncEngine, standard: Terms, clock: Clock, bulk_id: UUID, alive: Callable[[], None]
) -> BulkStep:
    """Take up the next tickets, if the bulk still takes up any; `alive` is called before each. Raises NotFound."""
    async with engine.connect() as connection:
        bulk = await read_bulk(connection, bulk_id)
        numbers = await waiting_numbers(connection, bulk, bulk.per_second * STEP_SECONDS)
    tried, ends_at = 0, clock() + STEP_TIME_MAX
    with correlated(bulk.correlation_id):
        for number in numbers:
            alive()
            if clock() > ends_at or not await _take_up(engine, standard, clock(), bulk_id, number):
                break
            tried += 1
    async with engine.connect() as connection:
        bulk = await read_bulk(connection, bulk_id)
    return BulkStep(state=bulk.state, tried=tried, per_second=bulk.per_second, total=bulk.total, waiting=bulk.waiting)


async def _take_up(engine: AsyncEngine, standard: Terms, now: datetime, bulk_id: UUID, number: int) -> bool:
    """False where the bulk takes up no ticket any more: somebody paused or cancelled it."""
    async with transaction(engine) as connection:
        bulk = await lock_bulk(connection, bulk_id)
        if bulk.state not in TAKES_UP:
            return False
        task = await read_task(connection, bulk, number)
        if task.state == TAKES_UP[bulk.state]:
            mark = await _tried(Work(connection, bulk, standard, now), task)
            await mark_task(connection, bulk, number, **_values(mark, now))
            await save_bulk(connection, marked(bulk, mark.state, now))
    return True


async def _tried(work: Work, task: Any) -> Mark:
    act, failed = (_do, TaskState.REFUSED) if work.bulk.state is BulkState.RUNNING else (_undo, TaskState.KEPT)
    try:
        async with work.connection.begin_nested():
            return await act(work, task)
    except Permanent as refusal:
        return Mark(failed, refusal.detail)
    except Exception as error:
        # What is no fault of the ticket passes: the whole step is tried again.
        if isinstance(error, Temporary) or may_pass(error):
            raise
        # One ticket with a fault must not hold up the thousands behind it.
        log.error("ticket of a bulk failed", bulk=str(work.bulk.id), number=task.ticket_number, exc_info=True)
        return Mark(failed, UNEXPECTED)


async def _do(work: Work, task: Any) -> Mark:
    command, facts = work.bulk.command, known_facts(work.bulk.command, work.bulk.facts)
    before = await lock(work.connection, task.ticket_number)
    decision = decide(before, await COMMANDS[command].order(work, facts, before), work.now)
    await save(work.connection, before, decision, work.now)
    after = decision.ticket
    return Mark(TaskState.DONE, version=after.version, former=former(command, facts, before, after))


async def _undo(work: Work, task: Any) -> Mark:
    before = await lock(work.connection, task.ticket_number)
    if before.version != task.version:
        raise MoveRefused(f"Ticket {before.number} was changed since; it is left as it is.")
    if task.former is None:
        return Mark(TaskState.UNDONE, version=before.version)
    decision = decide(before, await inverse(work, task.former, before), work.now)
    await save(work.connection, before, decision, work.now)
    return Mark(TaskState.UNDONE, version=decision.ticket.version)


def _values(mark: Mark, now: datetime) -> dict[str, Any]:
    values = {"state": mark.state, "sentence": mark.sentence, "done_at": now}
    return values if mark.version is None else {**values, "version": mark.version, "former": mark.former}
