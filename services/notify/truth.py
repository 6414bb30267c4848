"""What notify has seen of a ticket, and whether a mail about it is still true. Pure.

Events can be hours late and out of order, and a mail can wait days for its server: before each try it is
held against the newest state seen.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.desk_events import TicketPlanned, TicketPostponed, TicketShared
from services.event_data import TicketEventData
from services.events import TicketReminderDue, TicketReplied, TicketStatusChanged, TicketSubmitted
from services.identity import PASSWORD_LINK_LIFETIME
from services.notify.facts import is_requesters
from services.notify.notices import Notification, Template
from services.standing import AT_WORK, ENDED
from services.vocabulary import ClosedReason, DeadlineKind, Metric, Priority, Status

_TURNS = (TicketSubmitted, TicketReplied, TicketStatusChanged, TicketReminderDue)
"""Events that make what was promised before them (a reminder, a closing date) history."""
_REPLIES = frozenset({Metric.FIRST_REPLY, Metric.NEXT_REPLY})
_GONE = frozenset({ClosedReason.SPAM, ClosedReason.MERGED})


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
    """The version of its newest turn: a message, a move, a reminder, or its requester's wish to keep it open."""
    priority: Priority | None = None
    """None for a ticket of which nothing was heard since priorities are kept."""
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


def why_untrue(notification: Notification, known: KnownTicket | None, now: datetime) -> str:
    """Why a mail must not go any more, in a sentence; empty where it is as true as when it was planned.

    What a person wrote to a requester always goes; its promises are checked by `promise_stands`.
    """
    if notification.template is Template.PASSWORD_LINK:
        expired = now >= notification.happened_at + PASSWORD_LINK_LIFETIME
        return "The link it carries has expired." if expired else ""
    stands = _STANDS.get(notification.template)
    if stands is None or known is None or stands(notification, known, now):
        return ""
    return f"Not true any more: the ticket is {known.status} at version {known.version}."


def promise_stands(notification: Notification, known: KnownTicket | None) -> bool:
    """Whether nothing has happened on the ticket that could have changed the dates the mail gives."""
    ticket = notification.content.ticket
    if ticket is None or known is None:
        return ticket is not None
    if notification.template is Template.SLA_WARNED:
        # Time counts or does not, by status: where that changed, the promise breaks at another time.
        return _pace(known.status) == _pace(ticket.status)
    return max(known.turn, known.marks.get(Mark.DATED, 0)) <= ticket.version


def parking_stands(notification: Notification, known: KnownTicket | None) -> bool:
    """Whether the ticket is parked, and nothing has been decided about it since the mail's event."""
    if known is None:
        return True
    return known.status is Status.PARKED and known.marks.get(Mark.PLANNED, 0) <= _at(notification)


def _is_turn(data: TicketEventData) -> bool:
    return isinstance(data, _TURNS) or (isinstance(data, TicketPostponed) and data.reason == "kept_open")


def _marks(known: KnownTicket | None, data: TicketEventData) -> list[str]:
    match data:
        case TicketReplied() if not is_requesters(data.ticket, data.by):
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
    begins_again = data.reason == "kept_open" and is_requesters(data.ticket, data.by)
    is_told = data.step is DeadlineKind.CLOSURE and is_closing_told(known, data) and not begins_again
    return [Mark.CLOSING_TOLD] if is_told else []


def _pace(status: Status) -> Status:
    return Status.OPEN if status in AT_WORK else status


def _at(notification: Notification) -> int:
    """The version of the ticket that the mail is about."""
    ticket = notification.content.ticket
    return ticket.version if ticket else 0


_Rule = Callable[[Notification, KnownTicket, datetime], bool]


def _is_not_spam(_notification: Notification, known: KnownTicket, _now: datetime) -> bool:
    return known.closed_reason is not ClosedReason.SPAM


def _is_solved(_notification: Notification, known: KnownTicket, _now: datetime) -> bool:
    return known.status is Status.SOLVED or known.closed_reason is ClosedReason.FINALISED


def _is_closed_unanswered(_notification: Notification, known: KnownTicket, _now: datetime) -> bool:
    return known.closed_reason is ClosedReason.NO_RESPONSE


def _is_being_worked_on(_notification: Notification, known: KnownTicket, _now: datetime) -> bool:
    return known.status not in ENDED


def _is_back_at_work(_notification: Notification, known: KnownTicket, _now: datetime) -> bool:
    return known.status not in (*ENDED, Status.PARKED)


def _is_parked(notification: Notification, known: KnownTicket, _now: datetime) -> bool:
    return parking_stands(notification, known)


def _still_waits(notification: Notification, known: KnownTicket, now: datetime) -> bool:
    closes_at = notification.content.closes_at
    # Asked again since: that question has its own reminder.
    same_question = known.turn <= _at(notification)
    return known.status is Status.PENDING and same_question and (closes_at is None or now < closes_at)


def _still_closes_then(notification: Notification, known: KnownTicket, now: datetime) -> bool:
    return _still_waits(notification, known, now) and promise_stands(notification, known)


def _is_still_theirs(notification: Notification, known: KnownTicket, _now: datetime) -> bool:
    return known.assignee_id == notification.recipient.person_id


def _has_that_priority(notification: Notification, known: KnownTicket, _now: datetime) -> bool:
    ticket = notification.content.ticket
    same = known.priority is None or ticket is None or known.priority is ticket.priority
    return same and known.closed_reason not in _GONE


def _is_shared(notification: Notification, known: KnownTicket, _now: datetime) -> bool:
    taken_back = known.marks.get(str(notification.recipient.person_id), 0) > _at(notification)
    return not taken_back and known.closed_reason not in _GONE


def _still_runs_out(notification: Notification, known: KnownTicket, now: datetime) -> bool:
    breach_at = notification.content.breach_at
    runs = known.status in AT_WORK or promise_stands(notification, known)
    to_come = breach_at is None or now < breach_at
    same_target = _has_that_priority(notification, known, now)
    return runs and to_come and same_target and _is_unmet(notification, known, now)


def _is_unmet(notification: Notification, known: KnownTicket, _now: datetime) -> bool:
    answers = notification.content.metric in _REPLIES
    answered = answers and known.marks.get(Mark.ANSWERED, 0) > _at(notification)
    return known.status not in ENDED and not answered


def _is_not_gone(_notification: Notification, known: KnownTicket, _now: datetime) -> bool:
    return known.closed_reason not in _GONE


_STANDS: dict[Template, _Rule] = {
    Template.CONFIRMATION: _is_not_spam,
    Template.SOLVED: _is_solved,
    Template.SHIPPED: _is_solved,
    Template.SAYS_SOLVED: _is_solved,
    Template.CLOSED: _is_closed_unanswered,
    Template.REOPENED: _is_back_at_work,
    Template.REMINDER: _still_waits,
    Template.POSTPONED: _still_closes_then,
    Template.SURVEY: _is_solved,
    Template.PRIORITY_CHANGED: _has_that_priority,
    Template.PARKED: _is_parked,
    Template.PLANNED: _is_parked,
    Template.SHARED: _is_shared,
    Template.ASSIGNED: _is_still_theirs,
    Template.DECISION_NEEDED: _is_parked,
    Template.SNOOZE_ENDED: _is_being_worked_on,
    Template.SLA_WARNED: _still_runs_out,
    Template.SLA_BREACHED: _is_not_gone,
    Template.SLA_ESCALATED: _is_unmet,
}
"""Merging is for good. What staff are told of has happened; it stays true."""
