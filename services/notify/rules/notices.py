"""The kinds of mail that notify sends, their budgets, and `Notification`: one mail with its content. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.contract.event_data import Actor, TicketFacts
from services.contract.vocabulary import Language, Metric, Priority


class Template(StrEnum):
    """One kind of mail; its text is in `templates/<language>/<template>.jinja`."""

    CONFIRMATION = "confirmation"
    ANSWER = "answer"
    QUESTION = "question"
    SOLUTION = "solution"
    SOLVED = "solved"
    """The ticket was solved without a message."""
    CLOSED = "closed"
    REOPENED = "reopened"
    REMINDER = "reminder"
    SURVEY = "survey"
    POSTPONED = "postponed"
    """The closing date given in a reminder has changed."""
    PRIORITY_CHANGED = "priority_changed"
    PARKED = "parked"
    PLANNED = "planned"
    SHIPPED = "shipped"
    MERGED = "merged"
    SHARED = "shared"
    """To a colleague who was asked to look at the ticket."""
    PASSWORD_LINK = "password_link"  # noqa: S105 - a mail's name, no secret

    NEW_TICKET = "new_ticket"
    REPLY = "reply"
    ASSIGNED = "assigned"
    SAYS_SOLVED = "says_solved"
    """The requester's side marked the ticket as solved."""
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
"""Mails to staff; each person may mute any of them."""

WRITTEN_BY_HAND = frozenset({Template.ANSWER, Template.QUESTION, Template.SOLUTION})
"""Mails with a person's own words to a requester: always sent, and not marked as automatic (RFC 3834)."""

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
"""Mails that only an action of support causes. They have no budget: a machine that answers our mails cannot cause
them, so they form no loop, and one release may solve thirty tickets of one requester at once."""


PROMISED = frozenset({Template.REMINDER, Template.CLOSED, Template.POSTPONED})
"""Mails about the closing of a ticket. They have no budget: on one ticket they are days apart, so they form no loop,
and we promise that no ticket is closed without a reminder."""


@dataclass(frozen=True)
class Budget:
    """How many mails of these templates one address may get in a sliding window, counted by event time.

    This stops mail loops, in which two machines answer each other. Counting is by event time because a backlog,
    delivered all at once after an outage, would otherwise look like a loop.
    """

    most: int
    window: timedelta
    templates: frozenset[Template]


AUTOMATIC_MAILS_MAX = 20
AUTOMATIC_WINDOW = timedelta(hours=1)
PASSWORD_LINKS_MAX = 5
PASSWORD_WINDOW = timedelta(hours=1)

# A budget of its own: requests for links in somebody's name must not use up that person's confirmations.
PASSWORD_BUDGET = Budget(PASSWORD_LINKS_MAX, PASSWORD_WINDOW, frozenset({Template.PASSWORD_LINK}))


def automatic_budget(most: int = AUTOMATIC_MAILS_MAX) -> Budget:
    """The budget of automatic mails to one requester's address."""
    others = FOR_STAFF | WRITTEN_BY_HAND | DECIDED_BY_STAFF | PROMISED | PASSWORD_BUDGET.templates
    templates = frozenset(Template) - others
    return Budget(most, AUTOMATIC_WINDOW, templates)


class Recipient(BaseModel):
    """Who gets a mail, at which address, and in which language."""

    model_config = ConfigDict(frozen=True)

    person_id: UUID
    name: str
    address: str
    language: Language
    zone: str | None = None
    """The time zone they chose; None: they read in the desk's."""


class Content(BaseModel):
    """What a mail is about, as it was when the event happened. Fields that a template does not use stay empty."""

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
    """What the one-click link is about (signed at rendering); empty if it answers the question of `asked_at`."""
    priority_before: Priority | None = None
    release: str = ""
    into: int | None = None
    """The ticket that this one was merged into."""
    metric: Metric | None = None
    """The metric of the SLA target that an alert is about."""
    breach_at: AwareDatetime | None = None
    calendar_zone: str | None = None
    """The time zone in which the promised working time counts."""
    percent: int = 0
    """How much of the promised time is spent."""


class Notification(BaseModel):
    """One mail to one person about one event. Its id is made from event, person and template: a repeat has the same."""

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
    """Why the mail must not be sent, as a sentence; empty for a mail to send."""

    @property
    def number(self) -> int | None:
        """The number of the ticket it is about; None for a mail about a person's account."""
        return self.content.ticket.number if self.content.ticket else None


def message_id(notification_id: UUID, domain: str) -> str:
    """The RFC 5322 Message-ID of a notification: the same at every attempt."""
    return f"<{notification_id}@{domain}>"


def thread_id(number: int, domain: str) -> str:
    """The Message-ID that all mails of one ticket refer to, so that mail programs group them."""
    return f"<ticket-{number}@{domain}>"


def is_automatic(template: Template) -> bool:
    """Whether the mail is automatic: not written by a person to this recipient."""
    return template not in WRITTEN_BY_HAND


def next_try(attempts: int, first_at: datetime, now: datetime) -> datetime | None:
    """When to try a mail again that failed `attempts` times and was planned at `first_at`; None to give up."""
    if now - first_at >= GIVE_UP_AFTER:
        return None
    return now + RETRY_DELAYS[min(attempts, len(RETRY_DELAYS)) - 1]


RETRY_DELAYS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360))
"""The wait before each further attempt; the last one repeats."""
GIVE_UP_AFTER = timedelta(days=5)
"""RFC 5321 §4.5.4.1: at least four to five days."""
