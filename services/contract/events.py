"""The events that services publish: CloudEvents 1.0, with one data model per event type.

Fields may be added to a model, never removed or changed; a breaking change needs a new type (`….v2`). A model's `TYPE`
is also its routing key on the exchange.
"""

from datetime import datetime
from typing import Any, Literal, Self, TypeAlias, TypeVar
from uuid import UUID, uuid5

from pydantic import AwareDatetime, Field

from services.contract.event_data import CommentFacts, Contact, EventData, Fact, TicketEventData
from services.contract.vocabulary import (
    AlertAudience,
    ArticleKind,
    DeadlineKind,
    Language,
    Metric,
    Priority,
    Role,
    Status,
)

EXCHANGE = "balie.events"

EVENT_NAMESPACE = UUID("6f3a3c52-8d0b-4c57-9d6d-0b1f6c1a7e10")


class TicketSubmitted(TicketEventData):
    """A requester brought something new."""

    TYPE = "ticket.submitted.v1"
    comment: CommentFacts
    auto_generated: bool = False
    """A machine wrote it (a bounce, an out-of-office note): answering it could start a mail loop."""


class TicketAssigned(TicketEventData):
    """An agent was made responsible: `ticket.assignee`."""

    TYPE = "ticket.assigned.v1"


class TicketReplied(TicketEventData):
    """A public message was added, by support or by the requester's side.

    One event is one thing to tell: where the message also changed the status (a question, a solution,
    a reopening), `status_before` differs from `ticket.status` and the status_changed event says `told`.
    """

    TYPE = "ticket.replied.v1"
    comment: CommentFacts
    status_before: Status
    reminder_at: AwareDatetime | None = None
    closes_at: AwareDatetime | None = None
    """When the clock will close the ticket if nothing else happens (`docs/design.md §4`)."""
    auto_generated: bool = False


class TicketNoted(TicketEventData):
    """An internal note was added; its text stays in intake."""

    TYPE = "ticket.noted.v1"
    comment_id: UUID


class TicketStatusChanged(TicketEventData):
    """The ticket moved; `ticket.status` is where to."""

    TYPE = "ticket.status_changed.v1"
    status_before: Status
    reopened: bool = False
    told: bool = False
    """True if a `ticket.replied.v1` of the same act already notifies people: send no second message."""
    closes_at: AwareDatetime | None = None


class TicketReminderDue(TicketEventData):
    """The requester has not answered the question in the time promised."""

    TYPE = "ticket.reminder_due.v1"
    asked_at: AwareDatetime
    closes_at: AwareDatetime | None
    """None if somebody decided that the ticket must not be closed automatically."""


class TicketSurveyDue(TicketEventData):
    """Time to ask whether the requester was satisfied; once per ticket."""

    TYPE = "ticket.survey_due.v1"
    solved_at: AwareDatetime


class TicketRated(TicketEventData):
    """The requester answered the survey."""

    TYPE = "ticket.rated.v1"
    good: bool
    comment: str


class TicketThanked(TicketEventData):
    """The requester only said thank you (`comment`, if in words), or support saw that their last message only did."""

    TYPE = "ticket.thanked.v1"
    comment: CommentFacts | None = None


class TicketPriorityChanged(TicketEventData):
    """Support gave the ticket another priority than was asked for; the reason is for the requester to read."""

    TYPE = "ticket.priority_changed.v1"
    priority_before: Priority
    reason: str


class TicketPlanned(TicketEventData):
    """The product director put a parked ticket into a release."""

    TYPE = "ticket.planned.v1"
    release: str


class TicketShipped(TicketEventData):
    """The release a ticket was planned in is there, and the ticket is solved by it."""

    TYPE = "ticket.shipped.v1"
    release: str
    note: str = ""
    """What the release brings, as the product director wrote it; may be empty."""
    closes_at: AwareDatetime | None = None


class TicketMerged(TicketEventData):
    """The ticket goes on as another one, `into`; `ticket` is the one that ended."""

    TYPE = "ticket.merged.v1"
    into: int


class TicketShared(TicketEventData):
    """A colleague of another department was asked to look at the ticket, or is not any more."""

    TYPE = "ticket.shared.v1"
    colleague: Contact
    shared: bool


class TicketSnoozeEnded(TicketEventData):
    """The time an agent wanted to be reminded of the ticket has come."""

    TYPE = "ticket.snooze_ended.v1"
    snoozed_by: Contact


class TicketPostponed(TicketEventData):
    """An automatic step comes at another time than was told, or not at all (`until` None)."""

    TYPE = "ticket.postponed.v1"
    step: DeadlineKind
    until: AwareDatetime | None
    reason: Literal["asked", "kept_open", "skipped", "mail_down", "replanned"]


class TicketChanged(TicketEventData):
    """Tags, kind, product, fields, team, problem: `changed` names what did; read the ticket for the values."""

    TYPE = "ticket.changed.v1"
    changed: tuple[str, ...]


class TeamChanged(EventData):
    """A team was added or changed; one without members may have been dissolved."""

    TYPE = "team.changed.v1"
    team_id: UUID
    name: str
    members: tuple[UUID, ...]


class SlaAlert(TicketEventData):
    """Base of the alerts about an SLA promise."""

    metric: Metric
    breach_at: AwareDatetime
    """When the promise breaks, or broke."""
    tell: tuple[AlertAudience, ...]
    calendar_zone: str | None = None
    """The time zone of the calendar that counted the promise; None where it counts clock time, or where nobody said."""


class SlaWarned(SlaAlert):
    """A promise is about to be broken: `percent` of the time is spent."""

    TYPE = "sla.warned.v1"
    percent: int


class SlaBreached(SlaAlert):
    """A promise is broken."""

    TYPE = "sla.breached.v1"


class SlaEscalated(SlaAlert):
    """A promise has been broken for long enough to tell others; `step` counts from 1."""

    TYPE = "sla.escalated.v1"
    step: int


class PersonChanged(EventData):
    """A person was added or changed."""

    TYPE = "person.changed.v1"
    person: Contact
    role: Role
    active: bool


class PasswordLinkRequested(EventData):
    """Somebody asked to choose a (new) password; the link is signed by whoever mails it."""

    TYPE = "person.password_link_requested.v1"
    person: Contact
    about: str
    """What to sign with the purpose `identity.PASSWORD_LINK`. The link is void once the password has been changed."""


class ArticleLink(Fact):
    """An article as others show it; `url` is absolute, in the help centre."""

    slug: str
    title: str
    summary: str
    language: Language
    url: str


class ArticlePublished(EventData):
    """An article, or a new translation or text of it, can be read."""

    TYPE = "article.published.v1"
    kind: ArticleKind
    article: ArticleLink


class ArticleSuggested(EventData):
    """The articles that may already answer a ticket, best first; an empty list is an answer too."""

    TYPE = "article.suggested.v1"
    ticket_number: int
    articles: tuple[ArticleLink, ...]


EVENT_TYPES: dict[str, type[EventData]] = {
    model.TYPE: model
    for model in tuple(globals().values())
    if isinstance(model, type) and issubclass(model, EventData) and "TYPE" in vars(model)
}
"""Every model above that has a type, by its type."""

Data = TypeVar("Data", bound=EventData)
EventModel: TypeAlias = type[Data]
"""`Event` has a field named `type`, so its methods cannot spell the builtin."""


class Event(Fact):
    """The CloudEvents 1.0 envelope, JSON format. `correlationid` is our extension attribute."""

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str
    type: str
    time: AwareDatetime
    subject: str | None = None
    """The ticket number, where the event is about a ticket."""
    datacontenttype: Literal["application/json"] = "application/json"
    correlationid: str = Field(default="", pattern=r"^[\w.:-]{0,128}$")
    data: dict[str, Any]

    @classmethod
    def of(cls, data: EventData, *, id: UUID, source: str, time: datetime, correlation_id: str) -> Self:
        """Wrap `data`; `source` is the service's name, as in `/balie/intake`."""
        return cls(
            id=id,
            source=source,
            type=data.TYPE,
            time=time,
            subject=_ticket_number(data),
            correlationid=correlation_id,
            data=data.model_dump(mode="json"),
        )

    def read(self, model: EventModel[Data]) -> Data:
        """The data as `model`. Raises pydantic.ValidationError if it is the data of another event."""
        return model.model_validate(self.data)


def event_id(*parts: object) -> UUID:
    """An id computed from `parts`, so that publishing the same event again gives the same id."""
    return uuid5(EVENT_NAMESPACE, "/".join(str(part) for part in parts))


def _ticket_number(data: EventData) -> str | None:
    if isinstance(data, TicketEventData):
        return str(data.ticket.number)
    return str(data.ticket_number) if isinstance(data, ArticleSuggested) else None
