"""Loading and saving a ticket: its row, what was said, its history, and its outbox rows, together or not at all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Conflict, Invalid, NotFound
from services.contract.event_data import Contact, EventData
from services.contract.events import Event, event_id
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
    await keep_policy(connection, decision.ticket.policy)
    values = ticket_values(decision.ticket)
    await connection.execute(ticket.insert().values({**values, "wakes_at": values["next_deadline_at"]}))
    await _record(connection, decision, decision.ticket.opened_at)
    await append_snapshot(connection, outbox, decision.ticket.snapshot())


async def save(
    connection: AsyncConnection, before: Ticket, decision: Decision, now: datetime, *, by_clock: bool = False
) -> None:
    """Save what a decision made of `before`; nothing where it changed nothing. `by_clock`: its answer tells the clock.

    Raises Conflict where the row has moved on since it was read, which `lock` prevents.
    """
    after = decision.ticket
    if after == before:
        return
    at_version = ticket.c.number == after.number, ticket.c.version == before.version
    if after.policy.version != before.policy.version:
        await keep_policy(connection, after.policy)
    changing = update(ticket).where(*at_version).values(ticket_values(after)).returning(ticket.c.wakes_at)
    changed = (await connection.execute(changing)).first()
    if changed is None:
        raise Conflict(f"Ticket {after.number} changed at the same time; try again.")
    await _keep_participants(connection, before, after)
    await _record(connection, decision, now)
    if not by_clock and _would_oversleep(changed.wakes_at, before, after):
        await tell_clock(connection, after)


async def tell_clock(connection: AsyncConnection, about: Ticket) -> None:
    """Send the ticket's clock its snapshot."""
    await append_snapshot(connection, outbox, about.snapshot())
    await clock_knows(connection, about)


async def clock_knows(connection: AsyncConnection, about: Ticket) -> None:
    """Write down until when the ticket's clock sleeps, having been told of the ticket as it is."""
    due = about.snapshot().next_deadline
    of_ticket = ticket.c.number == about.number
    await connection.execute(update(ticket).where(of_ticket).values(wakes_at=due.due_at if due else None))


def _would_oversleep(wakes_at: datetime | None, before: Ticket, after: Ticket) -> bool:
    """Whether the clock, which sleeps until `wakes_at` (None: for good), must hear of the change.

    Each signal costs a workflow task. A clock that wakes up too early asks, and costs no more than the signal had.
    """
    if (before.status is Status.CLOSED) != (after.status is Status.CLOSED):
        return True
    due = after.snapshot().next_deadline
    return due is not None and (wakes_at is None or due.due_at < wakes_at)


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


async def _participants(connection: AsyncConnection, number: int) -> dict[str, tuple[Contact, ...]]:
    query = (
        select(participant.c.part, person.c.id, person.c.name, person.c.email, person.c.language)
        .join_from(participant, person, person.c.id == participant.c.person_id)
        .where(participant.c.ticket_number == number)
        .order_by(person.c.name, person.c.id)
    )
    found: dict[str, tuple[Contact, ...]] = {"followers": (), "colleagues": ()}
    for row in await connection.execute(query):
        found[f"{row.part}s"] += (Contact(person_id=row.id, name=row.name, email=row.email, language=row.language),)
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
