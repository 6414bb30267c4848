"""Whether tickets and their clocks agree: the row in intake against what the ticket's workflow knows. Reads only."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio.client import Client, WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.common import QueryRejectCondition
from temporalio.service import RPCError, RPCStatusCode

from services.contract import SNAPSHOT_QUERY, Snapshot, workflow_id
from services.intake.tables import ticket
from services.intake.ticket_row import read_ticket, select_tickets
from services.vocabulary import Status

CLOCKS_MAX = 200
"""Tickets whose clock is asked: each question replays a workflow."""
TICKETS_MAX = 5000
"""Waiting tickets whose deadlines are counted."""
ASKED_AT_ONCE = 10
ANSWER_TIMEOUT = timedelta(seconds=5)
SETTLED_AFTER = timedelta(seconds=30)
"""A ticket changed more recently than this may be on its way to its clock still."""
SILENT = "has a clock that does not answer"
OVERDUE_AFTER = timedelta(minutes=2)


@dataclass(frozen=True)
class Disagreement:
    """A ticket, and what is wrong with its clock."""

    number: int
    how: str


async def overdue(connection: AsyncConnection, now: datetime) -> list[Disagreement]:
    """Tickets whose next deadline should have been met by now."""
    waiting = select_tickets().where(ticket.c.status.in_([Status.PENDING, Status.SOLVED])).limit(TICKETS_MAX)
    found = []
    for row in await connection.execute(waiting.order_by(ticket.c.updated_at)):
        snapshot = read_ticket(row).snapshot()
        deadline = snapshot.next_deadline
        if deadline and deadline.due_at < now - OVERDUE_AFTER:
            found.append(Disagreement(snapshot.number, f"should have met its {deadline.kind} {deadline.due_at:%F %R}"))
    return found


async def check_clocks(engine: AsyncEngine, temporal: Client, now: datetime) -> tuple[int, list[Disagreement]]:
    """How many clocks were asked, and which do not know their ticket as it is: the newest changed tickets first.

    Once one does not answer at all, no further ones are asked: nobody runs them.
    """
    settled = select_tickets().where(ticket.c.updated_at < now - SETTLED_AFTER, ticket.c.status != Status.CLOSED)
    async with engine.connect() as connection:
        rows = await connection.execute(settled.order_by(ticket.c.updated_at.desc()).limit(CLOCKS_MAX))
        snapshots = [read_ticket(row).snapshot() for row in rows]
    asked, found = 0, []
    for batch in (snapshots[first : first + ASKED_AT_ONCE] for first in range(0, CLOCKS_MAX, ASKED_AT_ONCE)):
        answers = await asyncio.gather(*(_difference(temporal, snapshot) for snapshot in batch))
        asked += len(batch)
        found += [Disagreement(each.number, how) for each, how in zip(batch, answers, strict=True) if how]
        if any(how and how.startswith(SILENT) for how in answers):
            break
    return asked, found


async def _difference(temporal: Client, row: Snapshot) -> str | None:
    handle = temporal.get_workflow_handle(workflow_id(row.number))
    try:
        known = await handle.query(
            SNAPSHOT_QUERY,
            result_type=Snapshot,
            reject_condition=QueryRejectCondition.NOT_OPEN,
            rpc_timeout=ANSWER_TIMEOUT,
        )
    except WorkflowQueryRejectedError:
        return f"is {row.status} but its clock has ended"
    except WorkflowQueryFailedError as error:
        return f"has a clock that cannot tell: {error}"
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return "has no clock"
        return f"{SILENT} ({error.status.name.lower()}): does `balie workflows` run?"
    if known.same_clock(row):
        return None
    return f"is {row.status}, version {row.version}; its clock knows {known.status}, version {known.version}"
