"""What notify tells people: which mails there are, whom for, and everything one of them says. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.contract.event_data import Actor, TicketFacts
from services.contract.vocabulary import Language, Metric, Priority


class Template(StrEnum):
    """One kind of mail; its words are `templates/<language>/<template>.jinja`."""

    CONFIRMATION = "confirmation"
    ANSWER = "answer"
    QUESTION = "question"
    SOLUTION = "solution"
    SOLVED = "solved"
    """Solved without a message of its own."""
    CLOSED = "closed"
    REOPENED = "reopened"
    REMINDER = "reminder"
    SURVEY = "survey"
    POSTPONED = "postponed"
    """The closing date a reminder gave is not true any more."""
    PRIORITY_CHANGED = "priority_changed"
    PARKED = "parked"
    PLANNED = "planned"
    SHIPPED = "shipped"
    MERGED = "merged"
    SHARED = "shared"
    """To a colleague of another department."""
    PASSWORD_LINK = "password_link"  # noqa: S105 - a mail's name, no secret

    NEW_TICKET = "new_ticket"
    REPLY = "reply"
    ASSIGNED = "assigned"
    SAYS_SOLVED = "says_solved"
    """The requester's side says that it is solved."""
    BAD_RATING = "bad_rating"
    DECISION_NEEDED = "decision_needed"
    """To the product director: a ticket was parked."""
    SNOOZE_ENDED = "snooze_ended"
    SLA_WARNED = "sla_warned"
    SLA_BREACHED = "sla_breached"
    SLA_ESCALATED = "sla_escalated"


FOR_STAFF = frozenset(
    {
        Template.NEW_TICKET,
        Template.REPLY,
        Template.ASSIGNED,
        Template.SAYS_SOLVED,
        Template.BAD_RATING,
        Template.DECISION_NEEDED,
        Template.SNOOZE_ENDED,
        Template.SLA_WARNED,
        Template.SLA_BREACHED,
        Template.SLA_ESCALATED,
    }
)
"""Mails to support; each of its people may mute any of them."""

WRITTEN_BY_HAND = frozenset({Template.ANSWER, Template.QUESTION, Template.SOLUTION})
"""A person's own words to a requester: they always go, and are not marked as automatic (RFC 3834)."""

DECIDED_BY_STAFF = frozenset(
    {
        Template.SOLVED,
        Template.REOPENED,
        Template.PRIORITY_CHANGED,
        Template.PARKED,
        Template.PLANNED,
        Template.SHIPPED,
        Template.MERGED,
        Template.SHARED,
    }
)
"""Mails that only an act of support sets off: no machine that answers us can, so no loop is made of them, and a release
may well solve thirty tickets of one requester at once."""


PROMISED = frozenset({Template.REMINDER, Template.CLOSED, Template.POSTPONED})
"""Mails about the closing of a ticket: days apart on each, so no loop is made of them, and a ticket that is closed
without its reminder having gone would break what was promised."""


@dataclass(frozen=True)
class Budget:
    """How many of these mails one address may get in a sliding window, counted by the events' own times.

    The loop breaker: two machines answering each other stop here. Counting by event time keeps a backlog,
    handed over all at once after an outage, from looking like a loop.
    """

    most: int
    window: timedelta
    templates: frozenset[Template]


AUTOMATIC_MAILS_MAX = 20
AUTOMATIC_WINDOW = timedelta(hours=1)
PASSWORD_LINKS_MAX = 5
PASSWORD_WINDOW = timedelta(hours=1)

# Apart from the rest, so that asking for links in somebody's name cannot eat up their confirmations.
PASSWORD_BUDGET = Budget(PASSWORD_LINKS_MAX, PASSWORD_WINDOW, frozenset({Template.PASSWORD_LINK}))


def automatic_budget(most: int = AUTOMATIC_MAILS_MAX) -> Budget:
    """The budget of automatic mails to one requester's address."""
    others = FOR_STAFF | WRITTEN_BY_HAND | DECIDED_BY_STAFF | PROMISED | PASSWORD_BUDGET.templates
    templates = frozenset(Template) - others
    return Budget(most, AUTOMATIC_WINDOW, templates)


class Recipient(BaseModel):
    """Who gets a mail, where, and in which language."""

    model_config = ConfigDict(frozen=True)

    person_id: UUID
    name: str
    address: str
    language: Language


class Content(BaseModel):
    """What a mail is about, as it stood when the event happened. Fields a template has no use for stay empty."""

    model_config = ConfigDict(frozen=True)

    ticket: TicketFacts | None = None
    """None only for mails about a person's account."""
    by: Actor | None = None
    text: str = ""
    """The message, plain text, cut to fit a mail."""
    is_cut: bool = False
    attachments: tuple[str, ...] = ()
    arrived_as: str | None = None
    """The Message-ID of the mail this one answers, in angle brackets."""
    reopened: bool = False
    parked: bool = False
    asked_at: AwareDatetime | None = None
    reminder_at: AwareDatetime | None = None
    closes_at: AwareDatetime | None = None
    about: str = ""
    """What the one-click link of this mail is about, where not its question, to be signed when it is rendered."""
    priority_before: Priority | None = None
    release: str = ""
    into: int | None = None
    """The ticket this one goes on as."""
    metric: Metric | None = None
    """What was promised a time for."""
    breach_at: AwareDatetime | None = None
    percent: int = 0
    """Of the time promised, how much is spent."""


class Notification(BaseModel):
    """One mail to one person because of one event. Its id is made of those, so a repeat is the same mail."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    event_id: UUID
    happened_at: AwareDatetime
    """The event's time; links are signed and budgets counted by it."""
    template: Template
    recipient: Recipient
    content: Content
    correlation_id: str
    due_at: AwareDatetime
    suppressed: str = ""
    """Why it must not be sent, in a sentence; empty for a mail that goes out."""

    @property
    def number(self) -> int | None:
        """The ticket it is about."""
        return self.content.ticket.number if self.content.ticket else None


def message_id(notification_id: UUID, domain: str) -> str:
    """The RFC 5322 Message-ID of a notification: the same at every try."""
    return f"<{notification_id}@{domain}>"


def thread_id(number: int, domain: str) -> str:
    """The Message-ID all mails of one ticket refer to, so that mail programs show them together."""
    return f"<ticket-{number}@{domain}>"


def is_automatic(template: Template) -> bool:
    """Whether no person wrote the mail to this recipient."""
    return template not in WRITTEN_BY_HAND


def next_try(attempts: int, first_at: datetime, now: datetime) -> datetime | None:
    """When a mail that failed `attempts` times is tried again; None once it is given up."""
    if now - first_at >= GIVE_UP_AFTER:
        return None
    return now + RETRY_DELAYS[min(attempts, len(RETRY_DELAYS)) - 1]


RETRY_DELAYS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360))
"""The wait before each further try; the last one repeats."""
GIVE_UP_AFTER = timedelta(days=5)
"""RFC 5321 §4.5.4.1: at least four to five days."""
