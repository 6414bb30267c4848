"""What notify knows of a ticket, learned from events that come in any order. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from uuid import UUID

from services.contract.event_data import TicketEventData
from services.contract.events import (
    TicketPlanned,
    TicketPostponed,
    TicketReminderDue,
    TicketReplied,
    TicketShared,
    TicketStatusChanged,
    TicketSubmitted,
)
from services.contract.vocabulary import ClosedReason, DeadlineKind, Priority, Status

_TURNS = (TicketSubmitted, TicketReplied, TicketStatusChanged, TicketReminderDue)
"""Events that end what was promised before them (a reminder, a closing date)."""


class Mark(StrEnum):
    """Something that can make a queued mail untrue, besides a change of the ticket's state and a turn."""

    ANSWERED = "answered"
    """Support wrote a public comment."""
    PLANNED = "planned"
    DATED = "dated"
    """An automatic step was moved to another time."""
    CLOSING_TOLD = "closing_told"
    """The requester was told when the ticket closes, by a reminder or by a mail about a new date."""


@dataclass(frozen=True)
class KnownTicket:
    """The newest state of a ticket seen in any event."""

    number: int
    version: int
    status: Status
    closed_reason: ClosedReason | None
    assignee_id: UUID | None
    turn: int
    """The version of its newest turn: a message, a move, a reminder, or the wish to keep it open."""
    priority: Priority
    marks: Mapping[str, int] = field(default_factory=dict)
    """The version at which each mark was last seen; by a colleague's id, when sharing with them last ended."""


def learn(known: KnownTicket | None, data: TicketEventData) -> KnownTicket:
    """What is known of a ticket after one more event; the events may come in any order."""
    ticket = data.ticket
    turn = max(known.turn if known else 0, ticket.version if _is_turn(data) else 0)
    before = known.marks if known else {}
    marks = {**before, **{mark: max(before.get(mark, 0), ticket.version) for mark in _marks(known, data)}}
    if known and known.version > ticket.version:
        return replace(known, turn=turn, marks=marks)
    assignee_id = ticket.assignee.person_id if ticket.assignee else None
    state = (ticket.status, ticket.closed_reason, assignee_id)
    return KnownTicket(ticket.number, ticket.version, *state, turn, ticket.priority, marks)


def is_closing_told(known: KnownTicket | None, data: TicketEventData) -> bool:
    """Whether the requester had been told before this event, by a reminder or later, when the ticket closes.

    `known` is what was known before this event.
    """
    told = known.marks.get(Mark.CLOSING_TOLD, 0) if known else 0
    return known is not None and known.turn <= told < data.ticket.version


def _is_turn(data: TicketEventData) -> bool:
    return isinstance(data, _TURNS) or (isinstance(data, TicketPostponed) and data.reason == "kept_open")


def _marks(known: KnownTicket | None, data: TicketEventData) -> list[str]:
    match data:
        case TicketReplied() if not data.by.speaks_for(data.ticket.requester.person_id):
            return [Mark.ANSWERED]
        case TicketPlanned():
            return [Mark.PLANNED]
        case TicketReminderDue():
            return [Mark.CLOSING_TOLD]
        case TicketPostponed():
            return [Mark.DATED, *_told_of(known, data)]
        case TicketShared() if not data.shared:
            return [str(data.colleague.person_id)]
        case _:
            return []


def _told_of(known: KnownTicket | None, data: TicketPostponed) -> list[str]:
    # After the requester keeps the ticket open, a new reminder comes before it closes.
    begins_again = data.reason == "kept_open" and data.by.speaks_for(data.ticket.requester.person_id)
    is_told = data.step is DeadlineKind.CLOSURE and is_closing_told(known, data) and not begins_again
    return [Mark.CLOSING_TOLD] if is_told else []
