"""Mails on their way: taken by one process at a time, and how each try ended.

Nothing here commits; the caller's transaction does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events import ArticleLink
from services.notify.notices import Notification, Template
from services.notify.rendering import Known
from services.notify.store import known_ticket_of
from services.notify.tables import (
    FAILED,
    QUEUED,
    SENT,
    SUPPRESSED,
    delivery_attempt,
    known_ticket,
    notification,
    suggestion,
)

CLAIM_LASTS = timedelta(minutes=5)
"""A claimed mail comes due again after this, should its process die on the way. Longer than a send may take."""


@dataclass(frozen=True)
class Claimed:
    """A mail that this process alone tries to deliver now."""

    notification: Notification
    known: Known
    planned_at: datetime
    attempt: int


async def take_due(connection: AsyncConnection, now: datetime, limit: int) -> list[Claimed]:
    """Take mails whose time has come, earliest first, so that no other process takes them for `CLAIM_LASTS`."""
    due = (
        select(notification.c.id)
        .where(notification.c.state == QUEUED, notification.c.due_at <= now)
        .order_by(notification.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list((await connection.execute(due)).scalars())
    await connection.execute(
        notification.update()
        .where(notification.c.id.in_(ids))
        .values(due_at=now + CLAIM_LASTS, attempts=notification.c.attempts + 1)
    )
    return await _claimed(connection, ids)


async def begin(connection: AsyncConnection, claimed: Claimed, now: datetime) -> None:
    """Write down that a try starts: should it never end, that is evidence too."""
    await connection.execute(
        delivery_attempt.insert().values(
            notification_id=claimed.notification.id, attempt=claimed.attempt, started_at=now
        )
    )


async def suppress(connection: AsyncConnection, claimed: Claimed, reason: str, now: datetime) -> None:
    """Never send it, and say why."""
    await _end(connection, claimed.notification.id, SUPPRESSED, reason, now)


async def mark_sent(connection: AsyncConnection, claimed: Claimed, answer: str, now: datetime) -> None:
    """It has been handed over."""
    await _end_attempt(connection, claimed, SENT, answer, now)
    await _end(connection, claimed.notification.id, SENT, "", now)


async def mark_failed(connection: AsyncConnection, claimed: Claimed, outcome: str, answer: str, now: datetime) -> None:
    """It is given up; `outcome` tells whether for good reason (permanent) or for lack of time (temporary)."""
    await _end_attempt(connection, claimed, outcome, answer, now)
    await _end(connection, claimed.notification.id, FAILED, answer, now)


async def put_off(
    connection: AsyncConnection, claimed: Claimed, answer: str, again_at: datetime, now: datetime
) -> None:
    """It failed for now."""
    await _end_attempt(connection, claimed, "temporary", answer, now)
    await connection.execute(
        notification.update()
        .where(
            notification.c.id == claimed.notification.id,
            notification.c.state == QUEUED,
            # Another process took it over meanwhile: its claim stands.
            notification.c.attempts == claimed.attempt,
        )
        .values(due_at=again_at, reason=answer)
    )


async def _claimed(connection: AsyncConnection, ids: list[UUID]) -> list[Claimed]:
    query = (
        select(
            notification,
            known_ticket.c.number,
            known_ticket.c.version,
            known_ticket.c.status,
            known_ticket.c.closed_reason,
            known_ticket.c.assignee_id,
            known_ticket.c.turn,
            suggestion.c.articles,
        )
        .outerjoin(known_ticket, known_ticket.c.number == notification.c.ticket_number)
        .outerjoin(
            suggestion,
            and_(
                suggestion.c.ticket_number == notification.c.ticket_number,
                notification.c.template == Template.CONFIRMATION,
            ),
        )
        .where(notification.c.id.in_(ids))
        .order_by(notification.c.planned_at, notification.c.id)
    )
    return [
        Claimed(_notification(row), _known(row), row.planned_at, row.attempts)
        for row in await connection.execute(query)
    ]


async def _end_attempt(connection: AsyncConnection, claimed: Claimed, outcome: str, answer: str, now: datetime) -> None:
    await connection.execute(
        delivery_attempt.update()
        .where(
            delivery_attempt.c.notification_id == claimed.notification.id,
            delivery_attempt.c.attempt == claimed.attempt,
        )
        .values(ended_at=now, outcome=outcome, answer=answer)
    )


async def _end(connection: AsyncConnection, id: UUID, state: str, reason: str, now: datetime) -> None:
    await connection.execute(
        notification.update()
        .where(notification.c.id == id, notification.c.state.in_((QUEUED, FAILED)))
        .values(state=state, reason=reason, ended_at=now)
    )


def _notification(row: Row[tuple[object, ...]]) -> Notification:
    return Notification.model_validate(
        {
            "id": row.id,
            "event_id": row.event_id,
            "happened_at": row.happened_at,
            "template": row.template,
            "recipient": row.recipient,
            "content": row.content,
            "correlation_id": row.correlation_id,
            "due_at": row.due_at,
        }
    )


def _known(row: Row[tuple[object, ...]]) -> Known:
    return Known(
        ticket=known_ticket_of(row) if row.number is not None else None,
        articles=tuple(ArticleLink.model_validate(article) for article in row.articles or ()),
    )
