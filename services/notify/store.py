"""Saves what notify learns from events, and queues notifications; `claims.py` is about delivering them.

Nothing here commits; the caller's transaction does.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.event_data import Contact, TicketEventData
from services.contract.events import ArticleSuggested, PersonChanged, TeamChanged
from services.contract.vocabulary import STAFF, ClosedReason, Language, Priority, Role, Status
from services.notify.rules.facts import Subscriber
from services.notify.rules.known import KnownTicket, learn
from services.notify.rules.notices import Budget, Notification, Template, message_id
from services.notify.rules.plan import mailbox
from services.notify.tables import (
    QUEUED,
    SUPPRESSED,
    known_ticket,
    notification,
    subscription,
    suggestion,
    team,
)


async def lock_ticket(connection: AsyncConnection, number: int) -> None:
    """Lock a ticket until the transaction ends: its events and suggestions are processed one after the other."""
    await connection.execute(text("select pg_advisory_xact_lock(hashtext('notify.ticket'), :n)"), {"n": number})


async def lock_mailboxes(connection: AsyncConnection, mailboxes: Iterable[str]) -> None:
    """Lock mailboxes until the transaction ends: one transaction at a time counts and adds mails to an address."""
    lock = text("select pg_advisory_xact_lock(hashtext('notify.mailbox'), hashtext(:m))")
    for one in sorted(mailboxes):
        await connection.execute(lock, {"m": one})


async def learn_person(connection: AsyncConnection, data: PersonChanged, at: datetime) -> None:
    """Save a person; ignored if a later event about them was saved already.

    People outside support are saved without name and address: otherwise an older event that arrives late could
    subscribe somebody who has left support.
    """
    person, is_staff = data.person, data.role in STAFF
    row = {
        "name": person.name if is_staff else "",
        "email": person.email if is_staff else None,
        "language": person.language,
        "active": data.active and is_staff,
        "role": data.role if is_staff else None,
        "zone": person.zone,
        "changed_at": at,
    }
    await connection.execute(
        insert(subscription)
        .values(person_id=person.person_id, **row)
        .on_conflict_do_update(index_elements=["person_id"], set_=row, where=subscription.c.changed_at <= at)
    )


async def learn_team(connection: AsyncConnection, data: TeamChanged, at: datetime) -> None:
    """Save who is in a team; ignored if a later event about it was saved already."""
    row = {"members": list(data.members), "changed_at": at}
    await connection.execute(
        insert(team)
        .values(team_id=data.team_id, **row)
        .on_conflict_do_update(index_elements=["team_id"], set_=row, where=team.c.changed_at <= at)
    )


async def known(connection: AsyncConnection, number: int) -> KnownTicket | None:
    """What is known of a ticket; None if nothing. The caller holds the ticket's lock."""
    row = (await connection.execute(select(known_ticket).where(known_ticket.c.number == number))).one_or_none()
    return known_ticket_of(row) if row else None


async def learn_ticket(connection: AsyncConnection, before: KnownTicket | None, data: TicketEventData) -> None:
    """Save what is known of a ticket after this event; `before` was known until now. The caller holds its lock."""
    known = learn(before, data)
    values = {
        "version": known.version,
        "status": known.status,
        "closed_reason": known.closed_reason,
        "assignee_id": known.assignee_id,
        "turn": known.turn,
        "priority": known.priority,
        "marks": dict(known.marks),
    }
    await connection.execute(
        insert(known_ticket)
        .values(number=known.number, **values)
        .on_conflict_do_update(index_elements=["number"], set_=values)
    )


async def learn_suggestion(connection: AsyncConnection, data: ArticleSuggested, now: datetime) -> None:
    """Save a ticket's suggested articles, and make the confirmation that waits for them due now."""
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


async def staff(connection: AsyncConnection, named: Sequence[UUID]) -> tuple[Subscriber, ...]:
    """Everybody who works in support, and the people in `named` even if they have left."""
    rows = await connection.execute(
        select(subscription)
        .where(or_(subscription.c.active, subscription.c.person_id.in_(named)))
        .order_by(subscription.c.person_id)
    )
    return tuple(
        Subscriber(
            contact=Contact(
                person_id=row.person_id,
                name=row.name,
                email=row.email,
                language=Language(row.language),
                zone=row.zone,
            ),
            active=row.active,
            role=Role(row.role) if row.role else None,
            muted=frozenset(row.muted or ()),
        )
        for row in rows
    )


async def members(connection: AsyncConnection, team_id: UUID) -> frozenset[UUID]:
    """Who is in the team; empty if no event about the team has come."""
    found = (await connection.execute(select(team.c.members).where(team.c.team_id == team_id))).scalar_one_or_none()
    return frozenset(found or ())


async def has_suggestion(connection: AsyncConnection, number: int) -> bool:
    """Whether the knowledge base has suggested articles for the ticket, or said that there are none."""
    found = await connection.execute(select(suggestion.c.ticket_number).where(suggestion.c.ticket_number == number))
    return found.first() is not None


async def spent(
    connection: AsyncConnection, mailboxes: Iterable[str], budget: Budget, at: datetime
) -> Mapping[str, int]:
    """How many mails of the budget each mailbox got in the window that ends at `at`. The caller holds their locks."""
    query = (
        select(notification.c.mailbox, func.count().label("mails"))
        .where(
            notification.c.mailbox.in_(list(mailboxes)),
            notification.c.happened_at > at - budget.window,
            notification.c.happened_at <= at,
            notification.c.template.in_(budget.templates),
            notification.c.state != SUPPRESSED,
        )
        .group_by(notification.c.mailbox)
    )
    return {row.mailbox: row.mails for row in await connection.execute(query)}


async def add(connection: AsyncConnection, planned: Sequence[Notification], domain: str, now: datetime) -> None:
    """Queue notifications; suppressed ones are saved as such. Those that exist already stay unchanged."""
    rows = [
        {
            "id": one.id,
            "event_id": one.event_id,
            "template": one.template,
            "recipient": one.recipient.model_dump(mode="json"),
            "mailbox": mailbox(one.recipient.address),
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


def known_ticket_of(row: Row[tuple[object, ...]]) -> KnownTicket:
    """What is known of a ticket, from a row that holds the columns of `known_ticket`."""
    return KnownTicket(
        number=row.number,
        version=row.version,
        status=Status(row.status),
        closed_reason=ClosedReason(row.closed_reason) if row.closed_reason else None,
        assignee_id=row.assignee_id,
        turn=row.turn,
        priority=Priority(row.priority),
        marks=row.marks,
    )
