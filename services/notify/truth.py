"""Whether a mail is still true, by what has been seen of its ticket since it was planned. Pure.

Events can be hours late and out of order, and a mail can wait days for the mail server: before each attempt, the mail
is compared with the newest state seen.
"""

from collections.abc import Callable
from datetime import datetime

from services.contract.vocabulary import ClosedReason, Metric, Status
from services.notify.rules.known import KnownTicket, Mark
from services.notify.rules.notices import Content, Notification, Template
from services.platform.identity import PASSWORD_LINK_LIFETIME
from services.promises.standing import AT_WORK, ENDED

_REPLIES = frozenset({Metric.FIRST_REPLY, Metric.NEXT_REPLY})
_GONE = frozenset({ClosedReason.SPAM, ClosedReason.MERGED})


def why_untrue(notification: Notification, known: KnownTicket | None, now: datetime) -> str:
    """Why a mail must not be sent any more, as a sentence; empty if it is still true.

    A person's own words to a requester are always sent; `promise_stands` tells whether to show the dates in them.
    """
    if notification.template is Template.PASSWORD_LINK:
        expired = now >= notification.happened_at + PASSWORD_LINK_LIFETIME
        return "The link it carries has expired." if expired else ""
    stands = _STANDS.get(notification.template)
    if stands is None or known is None or stands(notification, known, now):
        return ""
    if _has_come(notification, now):
        return "The instant it warns of has come."
    return f"Not true any more: the ticket is {known.status} at version {known.version}."


def promise_stands(notification: Notification, known: KnownTicket | None) -> bool:
    """Whether the dates in the mail still hold: nothing happened on the ticket that could change them."""
    ticket = notification.content.ticket
    if ticket is None or known is None:
        return ticket is not None
    if notification.template is Template.SLA_WARNED:
        # The status decides whether SLA time runs: if that changed, the breach comes at another time.
        return _pace(known.status) == _pace(ticket.status)
    return max(known.turn, known.marks.get(Mark.DATED, 0)) <= ticket.version


def parking_stands(notification: Notification, known: KnownTicket | None) -> bool:
    """Whether the ticket is still parked, and has not been planned in a release since the mail's event."""
    if known is None:
        return True
    return known.status is Status.PARKED and known.marks.get(Mark.PLANNED, 0) <= _at(notification)


def _pace(status: Status) -> Status:
    return Status.OPEN if status in AT_WORK else status


def _at(notification: Notification) -> int:
    """The version of the ticket that the mail is about."""
    ticket = notification.content.ticket
    return ticket.version if ticket else 0


def _has_come(notification: Notification, now: datetime) -> bool:
    """Whether the time that the mail warns of has come."""
    warns_of = _WARNS_OF.get(notification.template)
    at = warns_of(notification.content) if warns_of else None
    return at is not None and now >= at


_WARNS_OF: dict[Template, Callable[[Content], datetime | None]] = {
    Template.REMINDER: lambda content: content.closes_at,
    Template.POSTPONED: lambda content: content.closes_at,
    Template.SLA_WARNED: lambda content: content.breach_at,
}

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
    # If support asked again since, the new question has its own reminder.
    same_question = known.turn <= _at(notification)
    return known.status is Status.PENDING and same_question and not _has_come(notification, now)


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
    runs = known.status in AT_WORK or promise_stands(notification, known)
    same_target = _has_that_priority(notification, known, now)
    to_come = not _has_come(notification, now)
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
"""What must hold to send each template. A template that is not here stays true: a merge cannot be undone, and most
notices to staff report what has happened."""
