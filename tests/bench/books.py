"""Checks after a storm: each deadline met exactly once, no acknowledged ticket lost, every clock asleep in time."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.events import TicketReminderDue
from services.contract.temporal import Deadline
from services.intake.tables.tables import outbox, ticket, timeline
from services.intake.tickets.ticket_row import read_ticket, select_tickets

TIMER_SLACK = timedelta(seconds=10)
"""How late a timer may be: Temporal counts it from the end of the workflow task that armed it, which may take this."""
READ_AT_ONCE = 1_000
MET = "deadline_met"


@dataclass(frozen=True)
class Book:
    """What the database and the Temporal server say about the tickets of a storm."""

    due_at: datetime
    stormed: Sequence[int]
    """The tickets whose reminder was due in the storm."""
    submitted: Sequence[int]
    """The tickets submitted and acknowledged during the storm."""
    met: Mapping[int, Counter[str]]
    """For each ticket, how often its history has each kind of deadline met."""
    told: Counter[int]
    """For each ticket, how many events about its reminder are in the outbox."""
    next_deadlines: Mapping[int, Deadline | None]
    """The next deadline of each of these tickets, by number."""
    alarms: Mapping[int, datetime]
    """When each sleeping clock wakes up."""
    unsent: Counter[str]
    """For each sink, how many rows of the outbox were not sent."""


def disagreements(book: Book) -> tuple[str, ...]:
    """A sentence for each disagreement."""
    return (
        *(sentence for number in book.stormed for sentence in _of_deadline(book, number)),
        *(sentence for number in (*book.stormed, *book.submitted) for sentence in _of_ticket(book, number)),
        *(f"{count} messages to the {sink} were never sent." for sink, count in book.unsent.items() if count),
    )


def _of_deadline(book: Book, number: int) -> Iterator[str]:
    met = book.met.get(number, Counter())
    times = met["reminder"]
    if times == 0:
        yield f"Ticket {number} never met its reminder of {book.due_at:%F %T}."
    elif times > 1:
        yield f"Ticket {number} met its reminder of {book.due_at:%F %T} {times} times."
    if times and book.told[number] != 1:
        yield f"Others were told {book.told[number]} times of the reminder of ticket {number}."
    for kind, too_early in met.items():
        if kind != "reminder":
            yield f"Ticket {number} met its {kind}, which is not due ({too_early} times)."


def _of_ticket(book: Book, number: int) -> Iterator[str]:
    if number not in book.next_deadlines:
        yield f"Ticket {number} was acknowledged and is lost."
        return
    deadline, wakes_at = book.next_deadlines[number], book.alarms.get(number)
    if deadline is None:
        return
    if wakes_at is None:
        yield f"Ticket {number} has no clock that sleeps until its {deadline.kind}, due {deadline.due_at:%F %T}."
    elif wakes_at > deadline.due_at + TIMER_SLACK:
        yield f"The clock of ticket {number} oversleeps: its {deadline.kind} is due {deadline.due_at:%F %T}."


async def read_book(
    engine: AsyncEngine,
    alarms: Mapping[int, datetime],
    due_at: datetime,
    stormed: Sequence[int],
    submitted: Sequence[int],
) -> Book:
    """The book, from intake's tables as they are now."""
    numbers = [*stormed, *submitted]
    met: dict[int, Counter[str]] = {}
    told: Counter[int] = Counter()
    next_deadlines: dict[int, Deadline | None] = {}
    async with engine.connect() as connection:
        for some in _batches(numbers):
            lines = select(timeline.c.ticket_number, timeline.c.facts).where(
                timeline.c.type == MET, timeline.c.ticket_number.in_(some)
            )
            for number, facts in await connection.execute(lines):
                met.setdefault(number, Counter())[facts["deadline"]] += 1
            events = select(outbox.c.key).where(
                outbox.c.payload["type"].astext == TicketReminderDue.TYPE,
                outbox.c.key.in_([str(each) for each in some]),
            )
            told.update(int(key) for key in await connection.scalars(events))
            for row in await connection.execute(select_tickets().where(ticket.c.number.in_(some))):
                found = read_ticket(row)
                next_deadlines[found.number] = found.snapshot().next_deadline
        unsent = select(outbox.c.sink, func.count()).where(outbox.c.sent_at.is_(None)).group_by(outbox.c.sink)
        waiting = Counter({sink: count for sink, count in await connection.execute(unsent)})
    return Book(due_at, stormed, submitted, met, told, next_deadlines, alarms, waiting)


async def met_at(engine: AsyncEngine, numbers: Sequence[int]) -> list[datetime]:
    """When the transactions that met these tickets' reminders began, in order, by the database's own clock."""
    instants: list[datetime] = []
    async with engine.connect() as connection:
        for some in _batches(numbers):
            events = select(outbox.c.created_at).where(
                outbox.c.payload["type"].astext == TicketReminderDue.TYPE,
                outbox.c.key.in_([str(each) for each in some]),
            )
            instants += await connection.scalars(events)
    return sorted(instants)


async def count_met(engine: AsyncEngine, numbers: Sequence[int]) -> int:
    """How many of these tickets have had a deadline met; their numbers must be close together."""
    between = timeline.c.ticket_number.between(min(numbers), max(numbers))
    count = select(func.count(timeline.c.ticket_number.distinct())).where(timeline.c.type == MET, between)
    async with engine.connect() as connection:
        return int((await connection.execute(count)).scalar_one())


def _batches(numbers: Sequence[int]) -> Iterable[Sequence[int]]:
    return (numbers[first : first + READ_AT_ONCE] for first in range(0, len(numbers), READ_AT_ONCE))
