"""Whether tickets and their clocks agree, and setting right what does not (design §2.7).

What a ticket's row says is compared with what its workflow knows. To ask a workflow replays it, so not each is asked
each time: which ones run comes from Temporal's list of them, a row that was changed by hand is found by what it holds
twice, and only clocks that may have missed something are asked, and a further slice of all in turn.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
from services.intake.tables.tables import ticket
from services.intake.tickets.store import lock, tell_clock
from services.intake.tickets.ticket_row import read_ticket, select_tickets, ticket_values
from services.platform.database import transaction
from services.promises.sla import next_breach

PAGE = 500
ASKED_AT_ONCE = 10
ANSWER_TIMEOUT = timedelta(seconds=5)
SETTLED_AFTER = timedelta(seconds=30)
"""A ticket changed more recently than this may be on its way to its clock still, and Temporal's list lags a second."""
OVERDUE_AFTER = timedelta(minutes=2)
HELD_TWICE = ("status", "closed_reason", "next_deadline_at", "next_breach_at")
"""Columns that follow from the others, there to be searched by."""
SLICE = 500
"""Clocks asked in turn, whatever their ticket looks like: of 100,000, each within a day and a half."""
ASKED_MAX = 5_000
"""Clocks asked in one go; what is left over is asked in the next."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Disagreement:
    """A ticket, and what is wrong with its clock."""

    number: int
    how: str
    version: int = 0
    """The ticket's version as its clock knows it."""


@dataclass
class Comparison:
    """What was looked at and found."""

    tickets: int = 0
    asked: int = 0
    overdue: list[Disagreement] = field(default_factory=list)
    """Deadlines that should have been met: met late, once the clock agrees with its ticket."""
    differing: list[Disagreement] = field(default_factory=list)
    silent: str = ""
    """Why clocks could not be asked; empty where they answered."""
    turn: int = 0
    """The last ticket of the slice asked in turn: the next slice begins after it."""


@dataclass(frozen=True)
class _Open:
    row: Snapshot
    is_of_one_piece: bool
    updated_at: datetime


class _Suspects:
    """Tickets whose clock is to be asked: those likely to have missed something, and the next ones in turn."""

    def __init__(self, turn: int) -> None:
        self._turn = turn
        self._likely: list[Snapshot] = []
        self._first: list[Snapshot] = []
        self._next: list[Snapshot] = []

    def add(self, row: Snapshot, *, likely: bool) -> None:
        """One more, in order of their numbers."""
        if likely:
            if len(self._likely) < ASKED_MAX:
                self._likely.append(row)
            return
        if len(self._first) < SLICE:
            self._first.append(row)
        if row.number > self._turn and len(self._next) < SLICE:
            self._next.append(row)

    def next_turn(self) -> int:
        """Where the next slice begins: after the last of this one, or from the start again."""
        return self._slice()[-1].number if self._slice() else 0

    def to_ask(self) -> list[Snapshot]:
        """All of them."""
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
    """Look at every ticket that is not closed. Changes nothing.

    Asks the clocks of those changed after `since` (None: of none for that reason), of those overdue, and of the next
    `SLICE` after ticket `turn`. `progress` hears how many tickets have been looked at.
    """
    found, suspects, is_open = Comparison(turn=turn), _Suspects(turn), set[int]()
    # Clocks first, tickets after: one opened in between has changed too recently to be looked at.
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
    """Set right what differs: the ticket's row decides. Returns how many were; each is told in the log."""
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
    """The ticket's snapshot on its way to its clock; its row made of one piece, and no older than its clock."""
    about = await lock(connection, wrong.number)
    values = ticket_values(about)
    changes = {name: values[name] for name in HELD_TWICE}
    if about.version <= wrong.version:
        # A backup was put back: a clock ignores what is older than what it knows.
        about = about.model_copy(update={"version": wrong.version + 1, "updated_at": now})
        changes |= {"version": about.version, "updated_at": now}
    await connection.execute(update(ticket).where(ticket.c.number == about.number).values(changes))
    if about.status is not Status.CLOSED:
        await tell_clock(connection, about)
    return about.snapshot()


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
        found.overdue.append(Disagreement(number, f"should have met its {due.kind} {due.due_at:%F %R}"))
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
            # Nobody runs the clocks: asking the others would only take as long again.
            found.silent = f"{error.status.name.lower()}: does `balie workflows` run?"
            return
        found.asked += len(batch)
        wrong = {answer.number: answer for answer in answers if answer}
        unchanged = await _unchanged(engine, [row for row in batch if row.number in wrong])
        found.differing += [wrong[number] for number in unchanged]


async def _unchanged(engine: AsyncEngine, rows: list[Snapshot]) -> list[int]:
    """Those whose ticket still is what its clock was held against: one that moved on meanwhile is told of it."""
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
    """Of clocks that run for no open ticket, those whose ticket is closed, or was never there."""
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
