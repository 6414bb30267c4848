"""What notify has seen of a ticket, from events that come in any order. Pure."""

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
"""Events that make what was promised before them (a reminder, a closing date) history."""


class Mark(StrEnum):
    """What a mail can be overtaken by, besides the ticket's state and a turn."""

    ANSWERED = "answered"
    """Support said something in public."""
    PLANNED = "planned"
    DATED = "dated"
    """An automatic step comes at another time than was told."""
    CLOSING_TOLD = "closing_told"
    """The requester was reminded and so told when the ticket closes, or told of another time since."""


@dataclass(frozen=True)
class KnownTicket:
    """The newest of a ticket that any event told."""

    number: int
    version: int
    status: Status
    closed_reason: ClosedReason | None
    assignee_id: UUID | None
    turn: int
    """The version of its newest turn: a message, a move, a reminder, or the wish to keep it open."""
    priority: Priority
    marks: Mapping[str, int] = field(default_factory=dict)
    """The version at which each mark was last seen; also when it was last taken from a colleague, by their id."""


def learn(known: KnownTicket | None, data: TicketEventData) -> KnownTicket:
    """What is known of a ticket after one more event, whatever the order they come in."""
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
    """Whether, before this event, the requester was told by a reminder or since when the ticket closes.

    `known` is what was known without the event.
    """
    told = known.marks.get(Mark.CLOSING_TOLD, 0) if known else 0
    return known is not None and known.turn <= told < data.ticket.version


def _is_turn(data: TicketEventData) -> bool:
    return isinstance(data, _TURNS) or (isinstance(data, TicketPostponed) and data.reason == "kept_open")


def _marks(known: KnownTicket | None, data: TicketEventData) -> list[str]:
    match data:
        case TicketReplied() if not data.by.speaks_for(data.ticket.requester):
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
    # A requester who keeps it open is reminded anew, before it closes.
    begins_again = data.reason == "kept_open" and data.by.speaks_for(data.ticket.requester)
    is_told = data.step is DeadlineKind.CLOSURE and is_closing_told(known, data) and not begins_again
    return [Mark.CLOSING_TOLD] if is_told else []
