"""Queries for the product director's board: parked tickets, who reports them, and releases."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.vocabulary import ClosedReason, Kind, Priority, Status
from services.intake.rules.board import Reporter
from services.intake.rules.ticket import Ticket
from services.intake.tables.bulk_tables import bulk
from services.intake.tables.tables import ticket
from services.intake.tickets.ticket_row import read_ticket, select_tickets

BOARD_MAX = 500
"""Most tickets the board shows: those unchanged for longest. Nobody decides on more at one time."""
RELEASES_MAX = 200


@dataclass(frozen=True)
class Release:
    """A release by its name: how many parked tickets are planned in it, and when it was last shipped."""

    name: str
    planned: int
    shipped_at: datetime | None


async def parked(connection: AsyncConnection) -> list[Ticket]:
    """The parked tickets, least recently changed first, at most `BOARD_MAX`."""
    query = select_tickets().where(ticket.c.status == Status.PARKED)
    query = query.order_by(ticket.c.updated_at, ticket.c.number).limit(BOARD_MAX)
    return [read_ticket(row) for row in await connection.execute(query)]


async def reporters(connection: AsyncConnection, tickets: Sequence[Ticket]) -> dict[int, list[Reporter]]:
    """The reporters of each ticket, by its number: the ticket itself, its incidents, and tickets merged into it.

    Spam does not count. One query.
    """
    found: dict[int, list[Reporter]] = defaultdict(list)
    for each in tickets:
        found[each.number].append(Reporter(each.requester.person_id, each.organisation_id, each.kind, each.priority))
    if found:
        for row in await connection.execute(_reports(list(found))):
            report = Reporter(row.requester_id, row.organisation_id, Kind(row.kind), Priority(row.priority))
            for about in {row.problem, row.merged_into} & found.keys():
                found[about].append(report)
    return found


async def releases(connection: AsyncConnection) -> list[Release]:
    """Releases with planned tickets, by name; then those only shipped, newest first. At most `RELEASES_MAX` of each.

    Two queries.
    """
    waiting = (
        select(ticket.c.release, func.count())
        .where(ticket.c.status == Status.PARKED, ticket.c.release.is_not(None))
        .group_by(ticket.c.release)
        .order_by(ticket.c.release)
        .limit(RELEASES_MAX)
    )
    name = bulk.c.facts["release"].astext
    gone = (
        select(name, func.max(bulk.c.created_at))
        .where(bulk.c.command == "ship", name.is_not(None))
        .group_by(name)
        .order_by(func.max(bulk.c.created_at).desc())
        .limit(RELEASES_MAX)
    )
    planned = {row[0]: int(row[1]) for row in await connection.execute(waiting)}
    shipped = {row[0]: row[1] for row in await connection.execute(gone)}
    names = [*sorted(planned), *(each for each in shipped if each not in planned)]
    return [Release(each, planned.get(each, 0), shipped.get(each)) for each in names]


def _reports(numbers: list[int]) -> Select[tuple[object, ...]]:
    about = or_(ticket.c.problem.in_(numbers), ticket.c.merged_into.in_(numbers))
    real = or_(ticket.c.closed_reason.is_(None), ticket.c.closed_reason != ClosedReason.SPAM)
    columns = (
        ticket.c.problem,
        ticket.c.merged_into,
        ticket.c.requester_id,
        ticket.c.organisation_id,
        ticket.c.kind,
        ticket.c.priority,
    )
    return select(*columns).where(about, real)
