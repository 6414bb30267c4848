"""What notify writes: what it has learned, what is to be told, and how the telling went.

Nothing here commits; the caller's transaction does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, and_, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.events import ArticleLink, ArticleSuggested, Contact, PersonChanged, TicketEventData
from services.notify.notices import FOR_STAFF, Budget, Notification, Template, message_id
from services.notify.plan import Subscriber
from services.notify.rendering import Known
from services.notify.tables import (
    FAILED,
    QUEUED,
    SENT,
    SUPPRESSED,
    delivery_attempt,
    known_ticket,
    notification,
    subscription,
    suggestion,
)
from services.notify.truth import KnownTicket, learn
from services.vocabulary import STAFF, ClosedReason, Language, Status

CLAIM_LASTS = timedelta(minutes=5)
"""A claimed mail comes due again after this, should its process die on the way. Longer than a send may take."""


@dataclass(frozen=True)
class Claimed:
    """A mail that this process alone tries to deliver now."""

    notification: Notification
    known: Known
    planned_at: datetime
    attempt: int


async def lock_ticket(connection: AsyncConnection, number: int) -> None:
    """Events of one ticket are dealt with one after the other, its suggestions included."""
    await connection.execute(text("select pg_advisory_xact_lock(hashtext('notify.ticket'), :n)"), {"n": number})


async def lock_mailbox(connection: AsyncConnection, address: str) -> None:
    """What an address is sent is counted and added to by one transaction at a time."""
    mailbox = address.casefold()
    await connection.execute(
        text("select pg_advisory_xact_lock(hashtext('notify.mailbox'), hashtext(:m))"), {"m": mailbox}
    )


async def learn_person(connection: AsyncConnection, data: PersonChanged, at: datetime) -> None:
    """Keep who works in support; what an event of an earlier time says is ignored.

    Others are kept without name and address: else an older event, arriving late, could subscribe one who has left.
    """
    person, is_staff = data.person, data.role in STAFF
    row = {
        "name": person.name if is_staff else "",
        "email": person.email if is_staff else None,
        "language": person.language,
        "active": data.active and is_staff,
        "changed_at": at,
    }
    await connection.execute(
        insert(subscription)
        .values(person_id=person.person_id, notices=sorted(FOR_STAFF), **row)
        .on_conflict_do_update(index_elements=["person_id"], set_=row, where=subscription.c.changed_at <= at)
    )


async def learn_ticket(connection: AsyncConnection, data: TicketEventData) -> None:
    """Keep the newest of a ticket. The caller holds its lock."""
    row = (
        await connection.execute(select(known_ticket).where(known_ticket.c.number == data.ticket.number))
    ).one_or_none()
    known = learn(_known_ticket(row) if row else None, data)
    values = {
        "version": known.version,
        "status": known.status,
        "closed_reason": known.closed_reason,
        "assignee_id": known.assignee_id,
        "turn": known.turn,
    }
    await connection.execute(
        insert(known_ticket)
        .values(number=known.number, **values)
        .on_conflict_do_update(index_elements=["number"], set_=values)
    )


async def learn_suggestion(connection: AsyncConnection, data: ArticleSuggested, now: datetime) -> None:
    """Keep a ticket's articles, and let its confirmation go that waited for them."""
    articles = [article.model_dump(mode="json") for article in data.articles]
    await connection.execute(
        insert(suggestion)
        .values(ticket_number=data.ticket_number, articles=articles)
        .on_conflict_do_update(index_elements=["ticket_number"], set_={"articles": articles})
    )
    await connection.execute(
        notification.update()
        .where(
            notification.c.ticket_number == data.ticket_number,
            notification.c.template == Template.CONFIRMATION,
            notification.c.state == QUEUED,
            notification.c.attempts == 0,
            notification.c.due_at > now,
        )
        .values(due_at=now)
    )


async def staff(connection: AsyncConnection, assignee_id: UUID | None) -> tuple[Subscriber, ...]:
    """Everybody who works in support, and the assignee even where they have left."""
    rows = await connection.execute(
        select(subscription)
        .where(or_(subscription.c.active, subscription.c.person_id == assignee_id))
        .order_by(subscription.c.person_id)
    )
    return tuple(
        Subscriber(
            contact=Contact(person_id=row.person_id, name=row.name, email=row.email, language=Language(row.language)),
            active=row.active,
            notices=frozenset(Template(notice) for notice in row.notices),
        )
        for row in rows
    )


async def has_suggestion(connection: AsyncConnection, number: int) -> bool:
    """Whether the articles for the ticket have been found, be it none."""
    found = await connection.execute(select(suggestion.c.ticket_number).where(suggestion.c.ticket_number == number))
    return found.first() is not None


async def spent(connection: AsyncConnection, address: str, budget: Budget, at: datetime) -> int:
    """How many mails of the budget the address gets in the window that ends at `at`. The caller holds its lock."""
    query = select(func.count()).where(
        notification.c.mailbox == address.casefold(),
        notification.c.happened_at > at - budget.window,
        notification.c.happened_at <= at,
        notification.c.template.in_(budget.templates),
        notification.c.state != SUPPRESSED,
    )
    return (await connection.execute(query)).scalar_one()


async def add(connection: AsyncConnection, planned: Sequence[Notification], domain: str, now: datetime) -> None:
    """Queue what is to be told. What is there already stays as it is."""
    rows = [
        {
            "id": one.id,
            "event_id": one.event_id,
            "template": one.template,
            "recipient": one.recipient.model_dump(mode="json"),
            "mailbox": one.recipient.address.casefold(),
            "ticket_number": one.number,
            "content": one.content.model_dump(mode="json"),
            "correlation_id": one.correlation_id,
            "message_id": message_id(one.id, domain),
            "state": SUPPRESSED if one.suppressed else QUEUED,
            "reason": one.suppressed,
            "happened_at": one.happened_at,
            "planned_at": now,
            "due_at": one.due_at,
            "ended_at": now if one.suppressed else None,
        }
        for one in planned
    ]
    if rows:
        await connection.execute(insert(notification).on_conflict_do_nothing(), rows)


async def claim_due(connection: AsyncConnection, now: datetime, limit: int) -> list[Claimed]:
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
        ticket=_known_ticket(row) if row.number is not None else None,
        articles=tuple(ArticleLink.model_validate(article) for article in row.articles or ()),
    )


def _known_ticket(row: Row[tuple[object, ...]]) -> KnownTicket:
    return KnownTicket(
        number=row.number,
        version=row.version,
        status=Status(row.status),
        closed_reason=ClosedReason(row.closed_reason) if row.closed_reason else None,
        assignee_id=row.assignee_id,
        turn=row.turn,
    )
