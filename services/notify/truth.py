"""What notify has seen of a ticket, and whether a mail about it is still true. Pure.

Events can be hours late and out of order, and a mail can wait days for its server: before each try it is
held against the newest state seen.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.events import TicketEventData, TicketReminderDue, TicketReplied, TicketStatusChanged, TicketSubmitted
from services.identity import PASSWORD_LINK_LIFETIME
from services.notify.notices import Notification, Template
from services.vocabulary import ClosedReason, Status

_TURNS = (TicketSubmitted, TicketReplied, TicketStatusChanged, TicketReminderDue)
"""Events that make what was promised before them (a reminder, a closing date) history."""


@dataclass(frozen=True)
class KnownTicket:
    """The newest of a ticket that any event told."""

    number: int
    version: int
    status: Status
    closed_reason: ClosedReason | None
    assignee_id: UUID | None
    turn: int
    """The version of its newest turn: a message, a move or a reminder."""


def learn(known: KnownTicket | None, data: TicketEventData) -> KnownTicket:
    """What is known of a ticket after one more event, whatever the order they come in."""
    ticket = data.ticket
    turn = max(known.turn if known else 0, ticket.version if isinstance(data, _TURNS) else 0)
    if known and known.version > ticket.version:
        return replace(known, turn=turn)
    assignee_id = ticket.assignee.person_id if ticket.assignee else None
    return KnownTicket(ticket.number, ticket.version, ticket.status, ticket.closed_reason, assignee_id, turn)


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
    return ticket is not None and (known is None or known.turn <= ticket.version)


_Rule = Callable[[Notification, KnownTicket, datetime], bool]


def _is_not_spam(_notification: Notification, known: KnownTicket, _now: datetime) -> bool:
    return known.closed_reason is not ClosedReason.SPAM


def _is_solved(_notification: Notification, known: KnownTicket, _now: datetime) -> bool:
    return known.status is Status.SOLVED or known.closed_reason is ClosedReason.FINALISED


def _is_closed_unanswered(_notification: Notification, known: KnownTicket, _now: datetime) -> bool:
    return known.closed_reason is ClosedReason.NO_RESPONSE


def _is_being_worked_on(_notification: Notification, known: KnownTicket, _now: datetime) -> bool:
    return known.status not in (Status.SOLVED, Status.CLOSED)


def _still_waits(notification: Notification, known: KnownTicket, now: datetime) -> bool:
    closes_at = notification.content.closes_at
    # Asked again since: that question has its own reminder.
    same_question = promise_stands(notification, known)
    return known.status is Status.PENDING and same_question and (closes_at is None or now < closes_at)


def _is_still_theirs(notification: Notification, known: KnownTicket, _now: datetime) -> bool:
    return known.assignee_id == notification.recipient.person_id


_STANDS: dict[Template, _Rule] = {
    Template.CONFIRMATION: _is_not_spam,
    Template.SOLVED: _is_solved,
    Template.CLOSED: _is_closed_unanswered,
    Template.REOPENED: _is_being_worked_on,
    Template.REMINDER: _still_waits,
    Template.SURVEY: _is_solved,
    Template.ASSIGNED: _is_still_theirs,
}
