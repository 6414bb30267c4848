"""Compares tickets with their clocks, and repairs what differs (`docs/design.md §2.7`).

A ticket's row is compared with what its workflow knows. Querying a workflow makes Temporal replay it, so a run does not
query every clock. Which clocks run is read from Temporal's list of workflows. A row changed by hand is found by its
derived columns, which then do not fit the others. Only clocks that may have missed something are queried, and in each
run the next slice of all the others.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio.client import Client, WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.common import QueryRejectCondition
from temporalio.service import RPCError, RPCStatusCode

from services.contract.errors import NotFound
from services.contract.temporal import (
    SNAPSHOT_QUERY,
    SNAPSHOT_SIGNAL,
    TICKET_WORKFLOW,
    Snapshot,
    ticket_number,
    workflow_id,
)
from services.contract.vocabulary import Status
from services.intake.tables.tables import outbox, ticket
from services.intake.tickets.store import lock
from services.intake.tickets.ticket_row import read_ticket, select_tickets, ticket_values
from services.messaging.outbox import append_snapshot
from services.platform.database import transaction
from services.promises.deadlines import next_due
from services.promises.sla import next_breach

PAGE = 500
ASKED_AT_ONCE = 10
ANSWER_TIMEOUT = timedelta(seconds=5)
SETTLED_AFTER = timedelta(seconds=30)
"""Tickets changed more recently than this are skipped: the signal to the clock may still be on its way, and Temporal's
list of workflows is about a second behind."""
OVERDUE_AFTER = timedelta(minutes=2)
HELD_TWICE = ("status", "closed_reason", "next_deadline_at", "next_breach_at")
"""Columns that are derived from the other ones, for searching."""
SLICE = 500
"""How many clocks are queried in turn in each run, without a suspicion. Of 100,000 clocks, each is queried within a day
and a half."""
ASKED_MAX = 5_000
"""Most suspect clocks queried in one run. Of the others, overdue ones are suspect again in the next run; the rest wait
for their turn in a slice."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Disagreement:
    """A ticket, and how it differs from its clock (`how`, the end of a sentence about the ticket)."""

    number: int
    how: str
    version: int = 0
    """The ticket's version as its clock knows it."""


@dataclass
class Comparison:
    """The result of a comparison: how much was looked at, and what was found."""

    tickets: int = 0
    asked: int = 0
    overdue: list[Disagreement] = field(default_factory=list)
    """Deadlines that should have been met. The clock meets them late, once it agrees with its ticket."""
    differing: list[Disagreement] = field(default_factory=list)
    silent: str = ""
    """Why clocks could not be queried; empty if they answered."""
    turn: int = 0
    """The number of the last ticket in the slice queried in turn; the next slice begins after it."""


@dataclass(frozen=True)
class _Open:
    row: Snapshot
    is_of_one_piece: bool
    updated_at: datetime


class _Suspects:
    """Collects the tickets whose clocks are queried: those that may have missed something, and the next slice."""

    def __init__(self, turn: int) -> None:
        self._turn = turn
        self._likely: list[Snapshot] = []
        self._first: list[Snapshot] = []
        self._next: list[Snapshot] = []

    def add(self, row: Snapshot, *, likely: bool) -> None:
        """Add a ticket. Call this in the order of ticket numbers."""
        if likely:
            if len(self._likely) < ASKED_MAX:
                self._likely.append(row)
            return
        if len(self._first) < SLICE:
            self._first.append(row)
        if row.number > self._turn and len(self._next) < SLICE:
            self._next.append(row)

    def next_turn(self) -> int:
        """The last ticket number of this slice, after which the next slice begins; 0 if the slice is empty."""
        return self._slice()[-1].number if self._slice() else 0

    def to_ask(self) -> list[Snapshot]:
        """All tickets whose clocks are to be queried."""
        return [*self._likely, *self._slice()]

    def _slice(self) -> list[Snapshot]:
        return self._next or self._first


async def compare(
    engine: AsyncEngine,
    temporal: Client,
    now: datetime,
    *,
    since: datetime | None = None,
    turn: int = 0,
    progress: Callable[[int], None] = lambda _: None,
) -> Comparison:
    """Compare every ticket that is not closed with its clock. Changes nothing.

    Queries the clocks of tickets changed after `since` (None: none for this reason), of overdue tickets, and of the
    next `SLICE` tickets after number `turn`. `progress` is called now and then with the number of tickets looked at.
    """
    found, suspects, is_open = Comparison(turn=turn), _Suspects(turn), set[int]()
    # Read the list of clocks before the tickets: a ticket opened in between is too recent and is skipped.
    running = {number async for number in _running(temporal)}
    async for each in _open_tickets(engine):
        is_open.add(each.row.number)
        found.tickets += 1
        if found.tickets % PAGE == 0:
            progress(found.tickets)
        if each.updated_at < now - SETTLED_AFTER:
            _look_at(each, running, found, suspects, since, now)
    found.turn = suspects.next_turn()
    await _ask(engine, temporal, suspects.to_ask(), found)
    found.differing += await _strays(engine, running - is_open, now)
    return found


async def heal(engine: AsyncEngine, temporal: Client, found: Comparison, now: datetime) -> int:
    """Repair the clocks that differ from their tickets; the ticket's row is right. Returns how many; logs each."""
    for each in found.differing:
        try:
            async with transaction(engine) as connection:
                snapshot = await _renewed(connection, each, now)
        except NotFound:
            await temporal.get_workflow_handle(workflow_id(each.number)).terminate("There is no such ticket.")
        else:
            if snapshot.status is Status.CLOSED:
                await _end(temporal, snapshot)
        log.warning("clock healed", ticket=each.number, trouble=each.how)
    return len(found.differing)


async def _renewed(connection: AsyncConnection, wrong: Disagreement, now: datetime) -> Snapshot:
    """Put the ticket's snapshot in the outbox for its clock, and return it.

    Before that, derive the columns of `HELD_TWICE` again, and make the ticket's version newer than its clock's.
    """
    about = await lock(connection, wrong.number)
    due = next_due(about.standing, about.policy)
    values = ticket_values(about, due)
    changes = {name: values[name] for name in HELD_TWICE}
    if about.version <= wrong.version:
        # A backup was restored: the clock ignores snapshots that are older than the one it knows.
        about = about.model_copy(update={"version": wrong.version + 1, "updated_at": now})
        changes |= {"version": about.version, "updated_at": now}
    told = about.snapshot_until(due)
    if about.status is not Status.CLOSED:
        changes["wakes_at"] = values["next_deadline_at"]
        await append_snapshot(connection, outbox, told)
    await connection.execute(update(ticket).where(ticket.c.number == about.number).values(changes))
    return told


async def _end(temporal: Client, closed: Snapshot) -> None:
    handle = temporal.get_workflow_handle(workflow_id(closed.number))
    try:
        await handle.signal(SNAPSHOT_SIGNAL, closed, rpc_timeout=ANSWER_TIMEOUT)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


async def _open_tickets(engine: AsyncEngine) -> AsyncIterator[_Open]:
    after = 0
    while True:
        query = select_tickets().where(ticket.c.status != Status.CLOSED, ticket.c.number > after)
        async with engine.connect() as connection:
            rows = (await connection.execute(query.order_by(ticket.c.number).limit(PAGE))).all()
        for row in rows:
            yield _opened(row)
        if len(rows) < PAGE:
            return
        after = rows[-1].number


def _opened(row: Row[Any]) -> _Open:
    about = read_ticket(row)
    snapshot, breach = about.snapshot(), next_breach(about.standing, about.policy)
    due = snapshot.next_deadline
    follows = (about.status, about.closed_reason, due.due_at if due else None, breach[1] if breach else None)
    held = tuple(row._mapping[name] for name in HELD_TWICE)
    return _Open(snapshot, held == follows, row.updated_at)


async def _running(temporal: Client) -> AsyncIterator[int]:
    query = f"WorkflowType = '{TICKET_WORKFLOW}' and ExecutionStatus = 'Running'"
    async for each in temporal.list_workflows(query, page_size=1000):
        yield ticket_number(each.id)


def _look_at(
    each: _Open, running: set[int], found: Comparison, suspects: _Suspects, since: datetime | None, now: datetime
) -> None:
    number, due = each.row.number, each.row.next_deadline
    is_late = due is not None and due.due_at < now - OVERDUE_AFTER
    if is_late and due:
        at = f"{due.due_at.astimezone(UTC):%F %R} UTC"
        found.overdue.append(Disagreement(number, f"should have met its {due.kind} {at}"))
    if number not in running:
        found.differing.append(Disagreement(number, f"is {each.row.status} but has no clock"))
    elif not each.is_of_one_piece:
        found.differing.append(Disagreement(number, "was changed by other means than Balie's"))
    else:
        suspects.add(each.row, likely=is_late or (since is not None and each.updated_at >= since - SETTLED_AFTER))


async def _ask(engine: AsyncEngine, temporal: Client, rows: list[Snapshot], found: Comparison) -> None:
    for batch in (rows[first : first + ASKED_AT_ONCE] for first in range(0, len(rows), ASKED_AT_ONCE)):
        try:
            answers = await asyncio.gather(*(_difference(temporal, row) for row in batch))
        except RPCError as error:
            # The workers that run the clocks are down: querying the others would only time out too.
            found.silent = f"{error.status.name.lower()}: does `balie workflows` run?"
            return
        found.asked += len(batch)
        wrong = {answer.number: answer for answer in answers if answer}
        unchanged = await _unchanged(engine, [row for row in batch if row.number in wrong])
        found.differing += [wrong[number] for number in unchanged]


async def _unchanged(engine: AsyncEngine, rows: list[Snapshot]) -> list[int]:
    """The tickets that are still at the version compared. A ticket changed since then signals its clock itself."""
    if not rows:
        return []
    versions = tuple_(ticket.c.number, ticket.c.version).in_([(row.number, row.version) for row in rows])
    async with engine.connect() as connection:
        return list((await connection.execute(select(ticket.c.number).where(versions))).scalars())


async def _difference(temporal: Client, row: Snapshot) -> Disagreement | None:
    handle = temporal.get_workflow_handle(workflow_id(row.number))
    try:
        known = await handle.query(
            SNAPSHOT_QUERY,
            result_type=Snapshot,
            reject_condition=QueryRejectCondition.NOT_OPEN,
            rpc_timeout=ANSWER_TIMEOUT,
        )
    except WorkflowQueryRejectedError:
        return Disagreement(row.number, f"is {row.status} but its clock has ended")
    except WorkflowQueryFailedError as error:
        return Disagreement(row.number, f"has a clock that cannot tell: {error}")
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return Disagreement(row.number, f"is {row.status} but has no clock")
        raise
    if known.version <= row.version and known.in_time_for(row):
        return None
    knows = f"is {row.status}, version {row.version}; its clock knows {known.status}, version {known.version}"
    return Disagreement(row.number, knows, known.version)


async def _strays(engine: AsyncEngine, numbers: Iterable[int], now: datetime) -> list[Disagreement]:
    """Clocks that run though their ticket is closed or does not exist, among `numbers`.

    A ticket opened or closed only just now is left out.
    """
    wanted, found = sorted(numbers), []
    for page in (wanted[first : first + PAGE] for first in range(0, len(wanted), PAGE)):
        query = select(ticket.c.number, ticket.c.status, ticket.c.updated_at).where(ticket.c.number.in_(page))
        async with engine.connect() as connection:
            known = {row.number: row for row in await connection.execute(query)}
        for number in page:
            row = known.get(number)
            if row is None:
                found.append(Disagreement(number, "has a clock but is no ticket"))
            elif row.status == Status.CLOSED and row.updated_at < now - SETTLED_AFTER:
                found.append(Disagreement(number, "is closed but its clock runs"))
    return found
