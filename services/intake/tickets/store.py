"""Loading and saving a ticket: its row, what was said, its history, and its outbox rows, together or not at all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, false, literal, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Conflict, Invalid, NotFound
from services.contract.event_data import Contact, EventData
from services.contract.events import Event, event_id
from services.contract.temporal import Snapshot
from services.contract.vocabulary import Status
from services.intake.rules.ticket import Decision, Entry, Message, Ticket
from services.intake.tables.schema import SOURCE
from services.intake.tables.tables import (
    attachment,
    comment,
    outbox,
    participant,
    person,
    ticket,
    ticket_number,
    timeline,
)
from services.intake.tickets.ticket_row import keep_policy, read_ticket, select_tickets, ticket_values
from services.messaging.outbox import append_events, append_snapshot
from services.platform.telemetry import correlation_id
from services.promises.deadlines import Due, next_due
from services.promises.standing import ENDED


async def load(connection: AsyncConnection, number: int) -> Ticket:
    """The ticket as it stands. Raises NotFound."""
    row = (await connection.execute(select_tickets().where(ticket.c.number == number))).first()
    if row is None:
        raise NotFound(f"There is no ticket {number}.")
    return read_ticket(row).model_copy(update=await _participants(connection, number))


async def lock(connection: AsyncConnection, number: int) -> Ticket:
    """The ticket, held until this transaction ends: commands on one ticket follow each other. Raises NotFound."""
    # Lock, then read: one statement that did both would, after waiting, join the new row with the people of the old.
    await connection.execute(select(ticket.c.number).where(ticket.c.number == number).with_for_update())
    return await load(connection, number)


async def hold_merged(connection: AsyncConnection, number: int) -> None:
    """Hold the ticket and those it went on as, in the order of their numbers, as merging does: nobody waits in a
    circle."""
    said_to = select(ticket.c.number, ticket.c.merged_into).where(ticket.c.number == number).cte(recursive=True)
    went_on = select(ticket.c.number, ticket.c.merged_into).join_from(
        ticket, said_to, ticket.c.number == said_to.c.merged_into
    )
    all_of_them = ticket.c.number.in_(select(said_to.union(went_on).c.number))
    in_order = select(ticket.c.number).where(all_of_them).order_by(ticket.c.number)
    await connection.execute(in_order.with_for_update())


async def hold_with_incidents(connection: AsyncConnection, numbers: set[int], problem: int, limit: int) -> set[int]:
    """Hold these tickets and at most `limit` open incidents of the problem, which are given back."""
    is_incident = (ticket.c.problem == problem) & ticket.c.status.not_in(ENDED)
    some = select(ticket.c.number).where(is_incident).order_by(ticket.c.number).limit(limit)
    wanted = numbers | set((await connection.execute(some)).scalars())
    # In one order, and asked again when they are held: somebody may have unlinked or ended one meanwhile.
    in_order = select(ticket.c.number, is_incident).where(ticket.c.number.in_(wanted)).order_by(ticket.c.number)
    return {number for number, still in await connection.execute(in_order.with_for_update()) if still}


async def next_number(connection: AsyncConnection) -> int:
    """A number no ticket has; one a failed transaction took is never given again."""
    return int((await connection.execute(select(ticket_number.next_value()))).scalar_one())


async def create(connection: AsyncConnection, decision: Decision) -> None:
    """Save a new ticket with what it says and tells."""
    opened = decision.ticket
    due = next_due(opened.standing, opened.policy)
    await keep_policy(connection, opened.policy)
    values = ticket_values(opened, due)
    await connection.execute(ticket.insert().values({**values, "wakes_at": values["next_deadline_at"]}))
    await _record(connection, decision, opened.opened_at)
    await append_snapshot(connection, outbox, opened.snapshot_until(due))


async def save(connection: AsyncConnection, before: Ticket, decision: Decision, now: datetime) -> None:
    """Save what a decision made of `before`, and tell the ticket's clock where it must hear of it; nothing where the
    decision changed nothing.

    Raises Conflict where the row has moved on since it was read, which `lock` prevents.
    """
    after = decision.ticket
    if after == before:
        return
    due = next_due(after.standing, after.policy)
    if await _write(connection, before, decision, now, due, _would_oversleep(before, after, due)):
        await append_snapshot(connection, outbox, after.snapshot_until(due))


async def save_by_clock(connection: AsyncConnection, before: Ticket, decision: Decision, now: datetime) -> Snapshot:
    """Save what a decision made of `before` when the ticket's clock asked for it. Returns what it is to be answered.

    The answer tells the clock, so no outbox row does. Raises Conflict as `save` does.
    """
    after = decision.ticket
    due = next_due(after.standing, after.policy)
    if after == before:
        # It may have asked because it knows an older state: from its answer on it sleeps until the next deadline.
        at = due.at if due else None
        unknown = ticket.c.number == after.number, ticket.c.wakes_at.is_distinct_from(at)
        await connection.execute(update(ticket).where(*unknown).values(wakes_at=at))
    else:
        await _write(connection, before, decision, now, due, true())
    return after.snapshot_until(due)


async def _write(
    connection: AsyncConnection,
    before: Ticket,
    decision: Decision,
    now: datetime,
    due: Due | None,
    tells: ColumnElement[bool],
) -> bool:
    """Write down the ticket, what it says and what it tells. Returns whether `tells` holds of the row as it was.

    `tells` is whether the clock is told: the row then says that it sleeps until `due`.
    """
    after = decision.ticket
    if after.policy.version != before.policy.version:
        await keep_policy(connection, after.policy)
    values = ticket_values(after, due)
    told = case((tells, literal(values["next_deadline_at"], ticket.c.wakes_at.type)), else_=ticket.c.wakes_at)
    at_version = ticket.c.number == after.number, ticket.c.version == before.version
    changing = update(ticket).where(*at_version, _as_it_was.c.number == ticket.c.number)
    changed = await connection.execute(changing.values({**values, "wakes_at": told}).returning(tells.label("tells")))
    row = changed.first()
    if row is None:
        raise Conflict(f"Ticket {after.number} changed at the same time; try again.")
    await _keep_participants(connection, before, after)
    await _record(connection, decision, now)
    return bool(row.tells)


_as_it_was = ticket.alias("as_it_was")
"""The row before an update. The update cannot return it in any other way: PostgreSQL before 18 returns the new one."""


def _would_oversleep(before: Ticket, after: Ticket, due: Due | None) -> ColumnElement[bool]:
    """Whether the clock, which sleeps until `wakes_at` (null: for good), must hear of the change; `due` is what comes.

    Each signal costs a workflow task. A clock that wakes up too early asks, and costs no more than the signal had.
    """
    if (before.status is Status.CLOSED) != (after.status is Status.CLOSED):
        return true()
    wakes_at = _as_it_was.c.wakes_at
    return false() if due is None else or_(wakes_at.is_(None), wakes_at > due.at)


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
        "facts": entry.line.kept(),
        "comment_id": entry.message.comment_id if entry.message else None,
    }


async def _participants(connection: AsyncConnection, number: int) -> dict[str, tuple[Contact, ...]]:
    query = (
        select(participant.c.part, person.c.id, person.c.name, person.c.email, person.c.language, person.c.zone)
        .join_from(participant, person, person.c.id == participant.c.person_id)
        .where(participant.c.ticket_number == number)
        .order_by(person.c.name, person.c.id)
    )
    found: dict[str, tuple[Contact, ...]] = {"followers": (), "colleagues": ()}
    for row in await connection.execute(query):
        found[f"{row.part}s"] += (
            Contact(person_id=row.id, name=row.name, email=row.email, language=row.language, zone=row.zone),
        )
    return found


async def _keep_participants(connection: AsyncConnection, before: Ticket, after: Ticket) -> None:
    for part, had, has in (
        ("follower", before.followers, after.followers),
        ("colleague", before.colleagues, after.colleagues),
    ):
        known, wanted = ({each.person_id for each in people} for people in (had, has))
        for person_id in wanted - known:
            values = {"ticket_number": after.number, "person_id": person_id, "part": part}
            await connection.execute(insert(participant).values(values).on_conflict_do_nothing())
        if gone := known - wanted:
            of_ticket = participant.c.ticket_number == after.number, participant.c.part == part
            await connection.execute(participant.delete().where(*of_ticket, participant.c.person_id.in_(gone)))
