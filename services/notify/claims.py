"""Claims the mails that are due, so that one process at a time delivers each, and records how each attempt ended.

Nothing here commits; the caller's transaction does.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Row, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.events import ArticleLink
from services.notify.rendering import Known
from services.notify.rules.notices import Notification, Template
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
"""How long a claim holds: after this, a mail whose process died is due again. Longer than one send may take."""


@dataclass(frozen=True)
class Claim:
    """A row of `notification` that only this process works on now."""

    id: UUID
    template: str
    ticket_number: int | None
    correlation_id: str
    planned_at: datetime
    attempt: int


@dataclass(frozen=True)
class Claimed(Claim):
    """A mail to deliver."""

    notification: Notification
    known: Known


@dataclass(frozen=True)
class Unreadable(Claim):
    """A mail written by another version of Balie, which this version cannot read."""

    fault: str


async def take_due(connection: AsyncConnection, now: datetime, limit: int) -> list[Claimed | Unreadable]:
    """Claim the mails that are due, earliest first; no other process takes them for `CLAIM_LASTS`."""
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


async def begin(connection: AsyncConnection, claim: Claim, now: datetime) -> None:
    """Record that an attempt starts, so that one that never ends leaves a trace too."""
    await connection.execute(
        delivery_attempt.insert().values(notification_id=claim.id, attempt=claim.attempt, started_at=now)
    )


async def suppress(connection: AsyncConnection, claim: Claim, reason: str, now: datetime) -> None:
    """Mark the mail as suppressed, with the reason: it is never sent."""
    await _end(connection, claim.id, SUPPRESSED, reason, now)


async def mark_sent(connection: AsyncConnection, claim: Claim, answer: str, now: datetime) -> None:
    """Mark the mail as sent, with the mail server's answer."""
    await _end_attempt(connection, claim, SENT, answer, now)
    await _end(connection, claim.id, SENT, "", now)


async def mark_failed(connection: AsyncConnection, claim: Claim, outcome: str, answer: str, now: datetime) -> None:
    """Mark the mail as failed: no further attempt. `outcome` is permanent (refused) or temporary (tried too long)."""
    await _end_attempt(connection, claim, outcome, answer, now)
    await _end(connection, claim.id, FAILED, answer, now)


async def put_off(connection: AsyncConnection, claim: Claim, answer: str, again_at: datetime, now: datetime) -> None:
    """Record a temporary failure; the mail is due again at `again_at`."""
    await _end_attempt(connection, claim, "temporary", answer, now)
    await connection.execute(
        notification.update()
        .where(
            notification.c.id == claim.id,
            notification.c.state == QUEUED,
            # Only if no other process has claimed the mail since: its claim must stay.
            notification.c.attempts == claim.attempt,
        )
        .values(due_at=again_at, reason=answer)
    )


async def _claimed(connection: AsyncConnection, ids: list[UUID]) -> list[Claimed | Unreadable]:
    query = (
        select(
            notification,
            known_ticket.c.number,
            known_ticket.c.version,
            known_ticket.c.status,
            known_ticket.c.closed_reason,
            known_ticket.c.assignee_id,
            known_ticket.c.turn,
            known_ticket.c.priority,
            known_ticket.c.marks,
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
    return [_read(row) for row in await connection.execute(query)]


async def _end_attempt(connection: AsyncConnection, claim: Claim, outcome: str, answer: str, now: datetime) -> None:
    await connection.execute(
        delivery_attempt.update()
        .where(
            delivery_attempt.c.notification_id == claim.id,
            delivery_attempt.c.attempt == claim.attempt,
        )
        .values(ended_at=now, outcome=outcome, answer=answer)
    )


async def _end(connection: AsyncConnection, id: UUID, state: str, reason: str, now: datetime) -> None:
    await connection.execute(
        notification.update()
        .where(notification.c.id == id, notification.c.state.in_((QUEUED, FAILED)))
        .values(state=state, reason=reason, ended_at=now)
    )


def _read(row: Row[tuple[object, ...]]) -> Claimed | Unreadable:
    """The claim in this row. A row that cannot be read gives `Unreadable`, so that it does not stop the others."""
    claim = (row.id, row.template, row.ticket_number, row.correlation_id, row.planned_at, row.attempts)
    try:
        return Claimed(*claim, _notification(row), _known(row))
    except ValidationError as error:
        # Name the fields, not their values: a mail's text and addresses must not appear in logs.
        places = ", ".join(".".join(str(part) for part in problem["loc"]) for problem in error.errors())
        return Unreadable(*claim, f"This version of Balie cannot read it: see {places}.")
    except ValueError as error:
        return Unreadable(*claim, f"This version of Balie cannot read what is known of its ticket: {error}.")


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
