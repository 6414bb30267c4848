"""`tell`: who gets which mail about each event. Pure; `plan.py` makes notifications from it."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import singledispatch

from services.contract.event_data import CommentFacts, Contact, EventData, TicketEventData
from services.contract.events import (
    PasswordLinkRequested,
    SlaAlert,
    SlaBreached,
    SlaEscalated,
    SlaWarned,
    TicketAssigned,
    TicketMerged,
    TicketPlanned,
    TicketPostponed,
    TicketPriorityChanged,
    TicketRated,
    TicketReminderDue,
    TicketReplied,
    TicketShared,
    TicketShipped,
    TicketSnoozeEnded,
    TicketStatusChanged,
    TicketSubmitted,
    TicketSurveyDue,
)
from services.contract.vocabulary import ClosedReason, DeadlineKind, Status
from services.notify.rules.facts import PlanFacts, asking
from services.notify.rules.notices import Content, Template
from services.promises.standing import ENDED

MAILED_CHARACTERS_MAX = 20_000
"""How much of a message a mail to a requester holds; the ticket page has the whole message."""
EXCERPT_CHARACTERS_MAX = 2_000
"""How much of a message a notice to staff holds."""

TOLD_TO_STAFF = (
    TicketSubmitted,
    TicketReplied,
    TicketStatusChanged,
    TicketAssigned,
    TicketRated,
    TicketSnoozeEnded,
    SlaAlert,
)
"""Events that may cause mails to staff: `plan` then needs to know who works in support."""


@dataclass(frozen=True)
class Notice:
    """One mail to one person."""

    template: Template
    to: Contact
    content: Content


@singledispatch
def tell(_data: EventData, _facts: PlanFacts) -> list[Notice]:
    """The mails an event calls for, the author of the event included. `plan` takes the first one to each person."""
    return []


@tell.register
def _submitted(data: TicketSubmitted, facts: PlanFacts) -> list[Notice]:
    heard = _about(data, **_message(data.comment, EXCERPT_CHARACTERS_MAX))
    notices = _each(facts.subscribed(Template.NEW_TICKET), Template.NEW_TICKET, heard)
    if data.auto_generated:
        return notices
    # Quote the message only if staff wrote it: otherwise anybody could send any text to any address through us.
    noted = _message(data.comment, MAILED_CHARACTERS_MAX) if data.by.staff else {}
    confirmed = _about(data, **{**noted, "arrived_as": data.comment.message_id})
    return [Notice(Template.CONFIRMATION, data.ticket.requester, confirmed), *notices]


@tell.register
def _replied(data: TicketReplied, facts: PlanFacts) -> list[Notice]:
    status, before = data.ticket.status, data.status_before
    reopened = before in ENDED and status not in ENDED
    if data.by.speaks_for(data.ticket.requester.person_id):
        heard = _about(data, reopened=reopened, **_message(data.comment, EXCERPT_CHARACTERS_MAX))
        return _each(facts.responsible(data.ticket.assignee, Template.REPLY), Template.REPLY, heard)
    said = _about(
        data,
        reopened=reopened,
        parked=status is Status.PARKED and before is not Status.PARKED,
        reminder_at=data.reminder_at,
        closes_at=data.closes_at,
        **_message(data.comment, MAILED_CHARACTERS_MAX),
    )
    return _to_askers(data, _BY_STATUS.get(status, Template.ANSWER), said)


@tell.register
def _moved(data: TicketStatusChanged, facts: PlanFacts) -> list[Notice]:
    template = None if data.told else _move_told(data)
    content = _about(data, reopened=data.reopened, closes_at=data.closes_at)
    notices = _to_askers(data, template, content) if template else []
    if data.ticket.status is Status.SOLVED and data.by.speaks_for(data.ticket.requester.person_id):
        responsible = facts.responsible(data.ticket.assignee, Template.SAYS_SOLVED)
        notices += _each(responsible, Template.SAYS_SOLVED, content)
    if data.ticket.status is Status.PARKED:
        notices += _each(facts.deciding(Template.DECISION_NEEDED), Template.DECISION_NEEDED, content)
    return notices


@tell.register
def _assigned(data: TicketAssigned, facts: PlanFacts) -> list[Notice]:
    return _each(facts.to(data.ticket.assignee, Template.ASSIGNED), Template.ASSIGNED, _about(data))


@tell.register
def _reminder_due(data: TicketReminderDue, _facts: PlanFacts) -> list[Notice]:
    return _to_askers(data, Template.REMINDER, _about(data, asked_at=data.asked_at, closes_at=data.closes_at))


@tell.register
def _survey_due(data: TicketSurveyDue, _facts: PlanFacts) -> list[Notice]:
    # One survey per ticket: followers, whose tickets were merged into it, get none.
    return [Notice(Template.SURVEY, data.ticket.requester, _about(data, about=str(data.ticket.number)))]


@tell.register
def _postponed(data: TicketPostponed, facts: PlanFacts) -> list[Notice]:
    if (
        data.step is not DeadlineKind.CLOSURE
        or data.by.speaks_for(data.ticket.requester.person_id)
        or not facts.closing_told
    ):
        return []
    return _to_askers(data, Template.POSTPONED, _about(data, closes_at=data.until))


@tell.register
def _rated(data: TicketRated, facts: PlanFacts) -> list[Notice]:
    if data.good:
        return []
    content = _about(data, **_excerpt(data.comment))
    return _each(facts.responsible(data.ticket.assignee, Template.BAD_RATING), Template.BAD_RATING, content)


@tell.register
def _prioritised(data: TicketPriorityChanged, _facts: PlanFacts) -> list[Notice]:
    content = _about(data, priority_before=data.priority_before, **_excerpt(data.reason, MAILED_CHARACTERS_MAX))
    return _to_askers(data, Template.PRIORITY_CHANGED, content)


@tell.register
def _planned(data: TicketPlanned, _facts: PlanFacts) -> list[Notice]:
    return _to_askers(data, Template.PLANNED, _about(data, release=data.release))


@tell.register
def _shipped(data: TicketShipped, _facts: PlanFacts) -> list[Notice]:
    note = _excerpt(data.note, MAILED_CHARACTERS_MAX)
    return _to_askers(data, Template.SHIPPED, _about(data, release=data.release, closes_at=data.closes_at, **note))


@tell.register
def _merged(data: TicketMerged, _facts: PlanFacts) -> list[Notice]:
    return _to_askers(data, Template.MERGED, _about(data, into=data.into))


@tell.register
def _shared(data: TicketShared, _facts: PlanFacts) -> list[Notice]:
    return [Notice(Template.SHARED, data.colleague, _about(data))] if data.shared else []


@tell.register
def _snooze_ended(data: TicketSnoozeEnded, facts: PlanFacts) -> list[Notice]:
    return _each(facts.responsible(data.snoozed_by, Template.SNOOZE_ENDED), Template.SNOOZE_ENDED, _about(data))


@tell.register
def _sla_warned(data: SlaWarned, facts: PlanFacts) -> list[Notice]:
    return _alert(data, Template.SLA_WARNED, facts, percent=data.percent)


@tell.register
def _sla_breached(data: SlaBreached, facts: PlanFacts) -> list[Notice]:
    return _alert(data, Template.SLA_BREACHED, facts)


@tell.register
def _sla_escalated(data: SlaEscalated, facts: PlanFacts) -> list[Notice]:
    return _alert(data, Template.SLA_ESCALATED, facts)


@tell.register
def _password_link(data: PasswordLinkRequested, _facts: PlanFacts) -> list[Notice]:
    return [Notice(Template.PASSWORD_LINK, data.person, Content(about=data.about))]


_BY_STATUS = {Status.PENDING: Template.QUESTION, Status.SOLVED: Template.SOLUTION}
"""The template for a message from support, by the status the message gives the ticket."""


def _move_told(data: TicketStatusChanged) -> Template | None:
    ticket = data.ticket
    if ticket.status in (Status.SOLVED, Status.PARKED):
        return Template.SOLVED if ticket.status is Status.SOLVED else Template.PARKED
    if ticket.closed_reason is ClosedReason.NO_RESPONSE:
        return Template.CLOSED
    # The requester was told that the ticket is parked, so tell them when work starts again.
    back_at_work = data.reopened or (data.status_before is Status.PARKED and ticket.status is Status.OPEN)
    return Template.REOPENED if back_at_work and data.by.staff else None


def _alert(data: SlaAlert, template: Template, facts: PlanFacts, **said: object) -> list[Notice]:
    of_promise = {"metric": data.metric, "breach_at": data.breach_at, "calendar_zone": data.calendar_zone}
    content = _about(data, **of_promise, **said)
    return _each(facts.alerted(data.tell, data.ticket, template), template, content)


def _to_askers(data: TicketEventData, template: Template, content: Content) -> list[Notice]:
    return _each(asking(data.ticket), template, content)


def _each(people: Iterable[Contact], template: Template, content: Content) -> list[Notice]:
    return [Notice(template, to, content) for to in people]


def _about(data: TicketEventData, **said: object) -> Content:
    return Content.model_validate({"ticket": data.ticket, "by": data.by, **said})


def _message(comment: CommentFacts, characters_max: int) -> dict[str, object]:
    return {**_excerpt(comment.text, characters_max), "attachments": comment.attachments}


def _excerpt(text: str, characters_max: int = EXCERPT_CHARACTERS_MAX) -> dict[str, object]:
    text = text.strip()
    return {"text": text[:characters_max].rstrip(), "is_cut": len(text) > characters_max}
