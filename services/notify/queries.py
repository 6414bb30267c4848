"""Queries on notifications: which are late, which failed, and how many were planned about each ticket."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.notify.tables import FAILED, QUEUED, SUPPRESSED, notification
from services.platform.clock import Clock

LATE_AFTER = timedelta(minutes=15)
"""A mail that is still queued this long after it was planned is late."""
LISTED_MAX = 100


@dataclass(frozen=True)
class Stuck:
    """How many mails a person should look at."""

    late: int
    """Queued for longer than `LATE_AFTER`."""
    oldest_planned_at: datetime | None
    """When the oldest late mail was planned; None if none is late."""
    failed: int
    """Given up: refused by the mail server, or tried for days."""
    suppressed: int
    """Not sent, on purpose: no longer true, or too many to one address."""


@dataclass(frozen=True)
class Unsent:
    """A notification that was not delivered, and why."""

    id: UUID
    template: str
    """As stored: a newer version of Balie may have written a template that this version does not know."""
    address: str
    ticket_number: int | None
    state: str
    reason: str
    attempts: int
    planned_at: datetime


@dataclass(frozen=True)
class NoticeCount:
    """How many notifications of one template a ticket has in one state."""

    ticket_number: int
    template: str
    state: str
    count: int


async def stuck(engine: AsyncEngine, clock: Clock) -> Stuck:
    """Count the mails a person should look at (used by `balie doctor`)."""
    is_late = (notification.c.state == QUEUED) & (notification.c.planned_at <= clock() - LATE_AFTER)
    query = select(
        func.count().filter(is_late).label("late"),
        func.min(notification.c.planned_at).filter(is_late).label("oldest_planned_at"),
        func.count().filter(notification.c.state == FAILED).label("failed"),
        func.count().filter(notification.c.state == SUPPRESSED).label("suppressed"),
    ).where(notification.c.state.in_((QUEUED, FAILED, SUPPRESSED)))
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one()
    return Stuck(row.late, row.oldest_planned_at, row.failed, row.suppressed)


async def unsent(engine: AsyncEngine, limit: int = LISTED_MAX) -> list[Unsent]:
    """The newest failed and suppressed notifications."""
    query = (
        select(notification)
        .where(notification.c.state.in_((FAILED, SUPPRESSED)))
        .order_by(notification.c.ended_at.desc(), notification.c.id)
        .limit(limit)
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [
        Unsent(
            id=row.id,
            template=row.template,
            address=row.recipient["address"],
            ticket_number=row.ticket_number,
            state=row.state,
            reason=row.reason,
            attempts=row.attempts,
            planned_at=row.planned_at,
        )
        for row in rows
    ]


async def notice_counts(engine: AsyncEngine) -> list[NoticeCount]:
    """How many notifications each ticket has, by template and state (checked by `balie demo`)."""
    columns = notification.c.ticket_number, notification.c.template, notification.c.state
    query = (
        select(*columns, func.count().label("count"))
        .where(notification.c.ticket_number.is_not(None))
        .group_by(*columns)
        .order_by(*columns)
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [NoticeCount(row.ticket_number, row.template, row.state, row._mapping["count"]) for row in rows]
