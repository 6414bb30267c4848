"""`plan`: an event and what is known give the mails it calls for. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import singledispatch

from services.events import (
    Actor,
    CommentFacts,
    Contact,
    Event,
    EventData,
    PasswordLinkRequested,
    TicketAssigned,
    TicketEventData,
    TicketFacts,
    TicketRated,
    TicketReminderDue,
    TicketReplied,
    TicketStatusChanged,
    TicketSubmitted,
    TicketSurveyDue,
    event_id,
)
from services.notify.notices import (
    FOR_STAFF,
    PASSWORD_BUDGET,
    Budget,
    Content,
    Notification,
    Recipient,
    Template,
    automatic_budget,
)
from services.vocabulary import ClosedReason, Status

SUGGESTION_WAIT = timedelta(seconds=10)
"""How long a confirmation waits for the articles that may already answer it."""
TEXT_CHARACTERS_MAX = 20_000
"""Most of a message that a requester's mail carries; the ticket page has all of it."""
EXCERPT_CHARACTERS_MAX = 2_000
"""Most of a message that a notice to staff carries."""

_ENDED = frozenset({Status.SOLVED, Status.CLOSED})


@dataclass(frozen=True)
class Subscriber:
    """A member of staff and the notices they want."""

    contact: Contact
    active: bool = True
    notices: frozenset[Template] = FOR_STAFF


@dataclass(frozen=True)
class Facts:
    """What a plan needs to know beyond the event."""

    own_address: str
    """The desk's own: a mail to it would come back as a ticket."""
    staff: tuple[Subscriber, ...] = ()
    articles_known: bool = False
    """Whether the articles suggested for the event's ticket are there already."""
    budget: Budget = field(default_factory=automatic_budget)
    spent: int = 0
    """How many mails of that budget the event's requester got in the window before the event."""


def budget_of(data: EventData, automatic: Budget) -> Budget:
    """The budget that the requester's mail about this event draws on."""
    return PASSWORD_BUDGET if isinstance(data, PasswordLinkRequested) else automatic


def requester_of(data: EventData) -> Contact | None:
    """The person outside of support whom the event is about."""
    if isinstance(data, TicketEventData):
        return data.ticket.requester
    return data.person if isinstance(data, PasswordLinkRequested) else None


def may_tell_staff(data: EventData) -> bool:
    """Whether a plan for this event asks who works in support."""
    return isinstance(data, TicketSubmitted | TicketReplied | TicketAssigned | TicketRated)


def plan(event: Event, data: EventData, facts: Facts, now: datetime) -> list[Notification]:
    """The mails that `event`, whose data is `data`, calls for; suppressed ones with the reason among them.

    Nobody hears of what they did themselves, and nobody without an address hears anything.
    """
    return [
        _notification(event, notice, facts, now)
        for notice in _tell(data, facts)
        if notice.to.email and not _is_own_act(notice, data)
    ]


@dataclass(frozen=True)
class _Notice:
    template: Template
    to: Contact
    content: Content


@singledispatch
def _tell(_data: EventData, _facts: Facts) -> list[_Notice]:
    return []


@_tell.register
def _submitted(data: TicketSubmitted, facts: Facts) -> list[_Notice]:
    heard = _about(data, **_message(data.comment, EXCERPT_CHARACTERS_MAX))
    notices = [_Notice(Template.NEW_TICKET, to, heard) for to in _subscribed(Template.NEW_TICKET, facts)]
    if data.auto_generated:
        return notices
    # Only what support itself wrote down goes back: quoting the sender would let anybody mail anybody through us.
    noted = _message(data.comment, TEXT_CHARACTERS_MAX) if data.by.staff else {}
    confirmed = _about(data, **{**noted, "arrived_as": data.comment.message_id})
    return [_Notice(Template.CONFIRMATION, data.ticket.requester, confirmed), *notices]


@_tell.register
def _replied(data: TicketReplied, facts: Facts) -> list[_Notice]:
    reopened = data.status_before in _ENDED and data.ticket.status not in _ENDED
    if _is_requesters(data.ticket, data.by):
        heard = _about(data, reopened=reopened, **_message(data.comment, EXCERPT_CHARACTERS_MAX))
        return [_Notice(Template.REPLY, to, heard) for to in _responsible(data.ticket, Template.REPLY, facts)]
    said = _about(
        data,
        reopened=reopened,
        reminder_at=data.reminder_at,
        closes_at=data.closes_at,
        **_message(data.comment, TEXT_CHARACTERS_MAX),
    )
    template = _BY_STATUS.get(data.ticket.status, Template.ANSWER)
    return [_Notice(template, data.ticket.requester, said)]


@_tell.register
def _moved(data: TicketStatusChanged, _facts: Facts) -> list[_Notice]:
    template = None if data.told else _move_told(data)
    if template is None:
        return []
    return [_Notice(template, data.ticket.requester, _about(data, closes_at=data.closes_at))]


@_tell.register
def _assigned(data: TicketAssigned, facts: Facts) -> list[_Notice]:
    if data.ticket.assignee is None:
        return []
    return [_Notice(Template.ASSIGNED, to, _about(data)) for to in _assignee(data.ticket, Template.ASSIGNED, facts)]


@_tell.register
def _reminder_due(data: TicketReminderDue, _facts: Facts) -> list[_Notice]:
    content = _about(data, asked_at=data.asked_at, closes_at=data.closes_at)
    return [_Notice(Template.REMINDER, data.ticket.requester, content)]


@_tell.register
def _survey_due(data: TicketSurveyDue, _facts: Facts) -> list[_Notice]:
    return [_Notice(Template.SURVEY, data.ticket.requester, _about(data, about=str(data.ticket.number)))]


@_tell.register
def _rated(data: TicketRated, facts: Facts) -> list[_Notice]:
    if data.good:
        return []
    text, is_cut = _cut(data.comment, EXCERPT_CHARACTERS_MAX)
    content = _about(data, text=text, is_cut=is_cut)
    return [_Notice(Template.BAD_RATING, to, content) for to in _responsible(data.ticket, Template.BAD_RATING, facts)]


@_tell.register
def _password_link(data: PasswordLinkRequested, _facts: Facts) -> list[_Notice]:
    return [_Notice(Template.PASSWORD_LINK, data.person, Content(about=data.about))]


_BY_STATUS = {Status.PENDING: Template.QUESTION, Status.SOLVED: Template.SOLUTION}
"""What support's message is, by where it leaves the ticket."""


def _move_told(data: TicketStatusChanged) -> Template | None:
    ticket = data.ticket
    if ticket.status is Status.SOLVED:
        return Template.SOLVED
    if ticket.closed_reason is ClosedReason.NO_RESPONSE:
        return Template.CLOSED
    return Template.REOPENED if data.reopened and data.by.staff else None


def _about(data: TicketEventData, **said: object) -> Content:
    return Content.model_validate({"ticket": data.ticket, "by": data.by, **said})


def _message(comment: CommentFacts, characters_max: int) -> dict[str, object]:
    text, is_cut = _cut(comment.text, characters_max)
    return {"text": text, "is_cut": is_cut, "attachments": comment.attachments}


def _cut(text: str, characters_max: int) -> tuple[str, bool]:
    text = text.strip()
    return text[:characters_max].rstrip(), len(text) > characters_max


def _is_requesters(ticket: TicketFacts, by: Actor) -> bool:
    """Whether the requester's side did it; an agent who asks for themselves is on that side."""
    return not by.staff or by.person_id == ticket.requester.person_id


def _responsible(ticket: TicketFacts, template: Template, facts: Facts) -> Iterable[Contact]:
    """The assignee; all subscribed staff where there is none, or one who has left."""
    gone = {subscriber.contact.person_id for subscriber in facts.staff if not subscriber.active}
    if ticket.assignee is None or ticket.assignee.person_id in gone:
        return _subscribed(template, facts)
    return _assignee(ticket, template, facts)


def _assignee(ticket: TicketFacts, template: Template, facts: Facts) -> Iterable[Contact]:
    known = {subscriber.contact.person_id: subscriber for subscriber in facts.staff}
    if ticket.assignee is None:
        return []
    # An assignee nobody told us of yet (events come in any order) wants what everybody gets.
    subscriber = known.get(ticket.assignee.person_id, Subscriber(ticket.assignee))
    return [subscriber.contact] if _wants(subscriber, template) else []


def _subscribed(template: Template, facts: Facts) -> Iterable[Contact]:
    return [subscriber.contact for subscriber in facts.staff if _wants(subscriber, template)]


def _wants(subscriber: Subscriber, template: Template) -> bool:
    return subscriber.active and template in subscriber.notices


def _is_own_act(notice: _Notice, data: EventData) -> bool:
    """Whether the mail would tell somebody what they did; a confirmation says that it arrived, which is news."""
    if notice.template is Template.CONFIRMATION or not isinstance(data, TicketEventData):
        return False
    return notice.to.person_id == data.by.person_id


def _notification(event: Event, notice: _Notice, facts: Facts, now: datetime) -> Notification:
    held = notice.template is Template.CONFIRMATION and not facts.articles_known
    to = notice.to
    return Notification(
        id=event_id(event.id, to.person_id, notice.template),
        event_id=event.id,
        happened_at=event.time,
        template=notice.template,
        recipient=Recipient(person_id=to.person_id, name=to.name, address=to.email or "", language=to.language),
        content=notice.content,
        correlation_id=event.correlationid,
        due_at=now + SUGGESTION_WAIT if held else now,
        suppressed=_why_suppressed(notice, facts),
    )


def _why_suppressed(notice: _Notice, facts: Facts) -> str:
    if _mailbox(notice.to.email or "") == _mailbox(facts.own_address):
        return "The recipient is the desk's own address: it would answer itself."
    if notice.template in facts.budget.templates and facts.spent >= facts.budget.most:
        minutes = round(facts.budget.window.total_seconds() / 60)
        return f"The address got {facts.budget.most} automatic mails within {minutes} minutes: this looks like a loop."
    return ""


def _mailbox(address: str) -> str:
    """An address without its tag: support+12@… is the mailbox of support@…."""
    local, _, domain = address.casefold().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
