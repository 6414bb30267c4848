"""The books of the demonstration: compares what every ticket's history requires with what is there. Pure.

Compared are the tickets' rows, their clocks, the mails received and the mails sent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.cli.demo.history import Due, History, RetoldTicket
from services.contract.event_data import Contact
from services.contract.temporal import Snapshot
from services.contract.vocabulary import ClosedReason, Role, Status


@dataclass(frozen=True)
class ClockState:
    """A ticket's workflow as Temporal knows it."""

    running: bool
    known: Snapshot | None
    """The snapshot that a running one holds."""
    events: int
    """The number of events in the histories of all its runs."""
    runs: int


@dataclass(frozen=True)
class Kept:
    """A mail in the mailbox folder, as its headers describe it."""

    number: int | None
    template: str


@dataclass(frozen=True)
class Received:
    """The ticket that a received mail went to; `number` is None for a refused mail."""

    number: int | None
    found: bool
    """Whether its text is on that ticket."""


@dataclass(frozen=True)
class Book:
    """All data by which the books are checked."""

    histories: Mapping[int, History]
    clocks: Mapping[int, ClockState]
    staff: tuple[Contact, ...]
    roles: Mapping[UUID, Role]
    """The role of each of the staff."""
    kept: Mapping[UUID, Kept]
    held_back: Mapping[UUID, str]
    """Mails that were not sent on purpose, and why."""
    given_up: Mapping[UUID, str]
    handed_over: Mapping[UUID, int]
    """How often each mail was handed over."""
    received: Mapping[str, Received] = field(default_factory=dict)
    """Where each received mail went, by the mail's file name."""


def disagreements(book: Book) -> list[str]:
    """A sentence for everything that does not agree; empty if all agrees."""
    return [
        *mails_lost(book).values(),
        *(sentence for history in book.histories.values() for sentence in _of_row(history)),
        *(sentence for history in book.histories.values() for sentence in _of_clock(history, book)),
        *_of_mails(book),
    ]


def due_mails(book: Book) -> dict[UUID, Due]:
    """Every mail that the histories require."""
    return {
        due.id: due
        for history in book.histories.values()
        for due in RetoldTicket.of(history, book.staff, book.roles).due
    }


def lost(book: Book) -> dict[UUID, Due]:
    """Mails that should be in the mailbox folder and are not, although they were not held back on purpose."""
    return {id: due for id, due in due_mails(book).items() if id not in book.kept and id not in book.held_back}


def doubled(book: Book) -> int:
    """How many mails were handed over once too often, or are required by no history."""
    more = sum(times - 1 for times in book.handed_over.values() if times > 1)
    return more + len(_uncalled_for(book))


def lateness(book: Book) -> list[float]:
    """How many seconds after it was due each deadline took effect, shortest first."""
    return sorted(
        (line.took_effect_at - datetime.fromisoformat(line.facts["due_at"])).total_seconds()
        for history in book.histories.values()
        for line in history.lines
        if line.type == "deadline_met" and line.took_effect_at is not None
    )


def mails_lost(book: Book) -> dict[str, str]:
    """Received mails that are not on their ticket: a sentence for each, by the mail's file name."""
    gone = {}
    for name, mail in book.received.items():
        if mail.number is not None and mail.number not in book.histories:
            gone[name] = f"The mail {name} went to ticket {mail.number}, which is not there."
        elif mail.number is not None and not mail.found:
            gone[name] = f"The words of the mail {name} are not on ticket {mail.number}."
    return gone


def _of_row(history: History) -> Iterator[str]:
    ticket, told = history.ticket, RetoldTicket.of(history)
    newest = max((line.version for line in history.lines), default=0)
    if newest != ticket.version:
        yield f"Ticket {ticket.number} is at version {ticket.version}, its history at {newest}."
    if (told.status, told.closed_reason) != (ticket.status, ticket.closed_reason):
        yield (
            f"Ticket {ticket.number} is {_state(ticket.status, ticket.closed_reason)}, but its history ends "
            f"{_state(told.status, told.closed_reason)}."
        )
    if told.reopened != ticket.reopened:
        yield f"Ticket {ticket.number} counts {ticket.reopened} reopenings, its history {told.reopened}."
    met = [(line.facts["deadline"], line.facts["due_at"]) for line in history.lines if line.type == "deadline_met"]
    for deadline in {each for each in met if met.count(each) > 1}:
        yield f"Ticket {ticket.number} met its {deadline[0]} of {deadline[1]} {met.count(deadline)} times."
    for line in history.lines:
        if line.type == "deadline_met" and line.facts["met_at"] < line.facts["due_at"]:
            yield f"Ticket {ticket.number} met its {line.facts['deadline']} before it was due."


def _of_clock(history: History, book: Book) -> Iterator[str]:
    ticket, clock = history.ticket, book.clocks.get(history.ticket.number)
    if clock is None:
        yield f"Ticket {ticket.number} has no clock."
    elif ticket.status is Status.CLOSED and clock.running:
        yield f"Ticket {ticket.number} is closed, but its clock runs."
    elif ticket.status is not Status.CLOSED and not clock.running:
        yield f"Ticket {ticket.number} is {ticket.status}, but its clock has ended."
    elif clock.running and (clock.known is None or not clock.known.in_time_for(ticket.snapshot())):
        knows = f"version {clock.known.version}, {clock.known.status}" if clock.known else "nothing"
        yield f"Ticket {ticket.number} is {ticket.status} at version {ticket.version}; its clock knows {knows}."


def _of_mails(book: Book) -> Iterator[str]:
    due = due_mails(book)
    for missing in lost(book).values():
        why = book.given_up.get(missing.id)
        reason = f"given up: {why}" if why else "it is not in the mailbox"
        yield f"The {missing.template} mail of ticket {missing.number} to {missing.to} is lost; {reason}."
    for id, kept in _uncalled_for(book).items():
        yield f"The {kept.template} mail {id} of ticket {kept.number} is called for by nothing in its history."
    for id, kept in book.kept.items():
        if id in due and (kept.number, kept.template) != (due[id].number, due[id].template):
            yield f"The mail {id} says it is the {kept.template} of ticket {kept.number}, but it is another one."
    for id, times in book.handed_over.items():
        if times > 1:
            yield f"The mail {id} was handed over {times} times."


def _uncalled_for(book: Book) -> dict[UUID, Kept]:
    due = due_mails(book)
    return {id: kept for id, kept in book.kept.items() if kept.number is not None and id not in due}


def _state(status: Status, reason: ClosedReason | None) -> str:
    return f"{status} ({reason})" if reason else str(status)
