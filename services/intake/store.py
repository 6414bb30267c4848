"""Loading and saving a ticket: its row, what was said, its history, and its outbox rows, together or not at all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract import Policy
from services.errors import Conflict, Invalid, NotFound
from services.events import Contact, Event, EventData, event_id
from services.intake.tables import attachment, comment, outbox, person, ticket, ticket_number, timeline
from services.intake.tickets import Decision, Entry, Message, Rating, Ticket
from services.outbox import append_events, append_snapshot
from services.telemetry import correlation_id

SOURCE = "/balie/intake"

_requester = person.alias("requester")
_assignee = person.alias("assignee")


def _contact_columns(alias: Any, prefix: str) -> list[Any]:
    return [alias.c[name].label(f"{prefix}_{name}") for name in ("name", "email", "language")]


_OWN_COLUMNS = [column for column in ticket.c if column.name != "subject_words"]


def select_tickets() -> Select[Any]:
    """Every column `read_ticket` needs; callers add their own conditions."""
    return (
        select(*_OWN_COLUMNS, *_contact_columns(_requester, "requester"), *_contact_columns(_assignee, "assignee"))
        .join_from(ticket, _requester, _requester.c.id == ticket.c.requester_id)
        .outerjoin(_assignee, _assignee.c.id == ticket.c.assignee_id)
    )


def read_ticket(row: Row[Any]) -> Ticket:
    """A row of `select_tickets` as a ticket."""
    facts = dict(row._mapping)
    return Ticket(
        **{name: facts[name] for name in Ticket.model_fields if name in facts and name not in ("rating", "policy")},
        requester=_contact(facts, "requester"),
        assignee=_contact(facts, "assignee") if facts["assignee_id"] else None,
        rating=Rating.model_validate(facts["rating"]) if facts["rating"] else None,
        policy=Policy.model_validate(facts["policy"]),
    )


async def load(connection: AsyncConnection, number: int) -> Ticket:
    """The ticket as it stands. Raises NotFound."""
    row = (await connection.execute(select_tickets().where(ticket.c.number == number))).first()
    if row is None:
        raise NotFound(f"There is no ticket {number}.")
    return read_ticket(row)


async def lock(connection: AsyncConnection, number: int) -> Ticket:
    """The ticket, held until this transaction ends: commands on one ticket follow each other. Raises NotFound."""
    # Lock, then read: one statement that did both would, after waiting, join the new row with the people of the old.
    await connection.execute(select(ticket.c.number).where(ticket.c.number == number).with_for_update())
    return await load(connection, number)


async def next_number(connection: AsyncConnection) -> int:
    """A number no ticket has; one a failed transaction took is never given again."""
    return int((await connection.execute(select(ticket_number.next_value()))).scalar_one())


async def create(connection: AsyncConnection, decision: Decision) -> None:
    """Save a new ticket with what it says and tells."""
    await connection.execute(ticket.insert().values(_values(decision.ticket)))
    await _record(connection, decision, decision.ticket.opened_at)
    await append_snapshot(connection, outbox, decision.ticket.snapshot())


async def save(
    connection: AsyncConnection, before: Ticket, decision: Decision, now: datetime, *, tell_clock: bool = True
) -> None:
    """Save what a decision made of `before`; nothing where it changed nothing.

    Raises Conflict where the row has moved on since it was read, which `lock` prevents.
    """
    after = decision.ticket
    if after == before:
        return
    at_version = ticket.c.number == after.number, ticket.c.version == before.version
    changed = await connection.execute(update(ticket).where(*at_version).values(_values(after)))
    if changed.rowcount != 1:
        raise Conflict(f"Ticket {after.number} changed at the same time; try again.")
    await _record(connection, decision, now)
    # The clock hears only of what matters to it: each signal costs a workflow task.
    if tell_clock and not after.snapshot().same_clock(before.snapshot()):
        await append_snapshot(connection, outbox, after.snapshot())


def ticket_events(data: Sequence[EventData], after: Ticket, now: datetime) -> list[Event]:
    """The events of one decision, with ids made from ticket, version and type: a repeat is the same event."""
    return [
        Event.of(
            each,
            id=event_id("ticket", after.number, after.version, each.TYPE),
            source=SOURCE,
            time=now,
            correlation_id=correlation_id(),
        )
        for each in data
    ]


async def _record(connection: AsyncConnection, decision: Decision, now: datetime) -> None:
    for entry in decision.history:
        if entry.message is not None:
            await _keep_message(connection, decision.ticket, entry.message, public=entry.public)
        await connection.execute(timeline.insert().values(_line(decision.ticket, entry, now)))
    await append_events(connection, outbox, ticket_events(decision.events, decision.ticket, now))


async def _keep_message(connection: AsyncConnection, about: Ticket, message: Message, *, public: bool) -> None:
    await connection.execute(
        comment.insert().values(
            id=message.comment_id,
            ticket_number=about.number,
            public=public,
            channel=message.channel,
            text=message.text,
            html=message.html,
            message_id=message.message_id,
        )
    )
    if message.attachment_ids:
        free = attachment.c.id.in_(message.attachment_ids), attachment.c.comment_id.is_(None)
        taken = await connection.execute(update(attachment).where(*free).values(comment_id=message.comment_id))
        if taken.rowcount != len(message.attachment_ids):
            raise Invalid("An attachment has gone or belongs to another message already; upload it again.")


def _line(about: Ticket, entry: Entry, now: datetime) -> dict[str, Any]:
    return {
        "ticket_number": about.number,
        "version": about.version,
        "at": now,
        "type": entry.type,
        "actor": entry.by.model_dump(mode="json"),
        "public": entry.public,
        "facts": entry.facts,
        "comment_id": entry.message.comment_id if entry.message else None,
    }


def _values(of: Ticket) -> dict[str, Any]:
    values = {name: getattr(of, name) for name in Ticket.model_fields if name in ticket.c}
    return {
        **values,
        "requester_id": of.requester.person_id,
        "assignee_id": of.assignee.person_id if of.assignee else None,
        "rating": of.rating.model_dump(mode="json") if of.rating else None,
        "policy": of.policy.model_dump(mode="json"),
    }


def _contact(facts: dict[str, Any], prefix: str) -> Contact:
    return Contact(
        person_id=facts[f"{prefix}_id"],
        name=facts[f"{prefix}_name"],
        email=facts[f"{prefix}_email"],
        language=facts[f"{prefix}_language"],
    )
