"""Records that the web reads from the two APIs. Unknown fields are ignored, so that the APIs can add some."""

from typing import Generic, Literal, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.contract.event_data import Actor, Contact
from services.contract.events import ArticleLink
from services.contract.temporal import Deadline
from services.contract.vocabulary import (
    ArticleKind,
    Channel,
    ClosedReason,
    Effort,
    Kind,
    Language,
    Metric,
    Priority,
    Role,
    Status,
)
from services.promises.sla import PromiseState
from services.promises.working_time import Counted


class Record(BaseModel):
    """The base of all records: immutable."""

    model_config = ConfigDict(frozen=True)


class Named(Record):
    """Something with an id and a name: a team, a product."""

    id: UUID
    name: str


class Organisation(Named):
    """A customer; people belong to one or to none."""

    contract_id: UUID | None = None


class Person(Record):
    """A person the desk knows."""

    id: UUID
    name: str
    email: str | None
    language: Language
    role: Role
    organisation: Organisation | None = None
    active: bool = True
    zone: str | None = None
    """The time zone they chose; None: they read in the desk's."""


class Session(Record):
    """The answer to a log-in."""

    token: str
    expires_at: AwareDatetime
    person: Person


class Rating(Record):
    """The requester's answer to the survey."""

    good: bool
    comment: str
    at: AwareDatetime


class NextBreach(Record):
    """The promise about a ticket that breaks first; `remaining_seconds` is in its own time (working or calendar)."""

    metric: Metric
    breach_at: AwareDatetime
    remaining_seconds: float


class Promised(Record):
    """A promise about a ticket, as of when the ticket was read. `counted` is working or calendar time."""

    metric: Metric
    target_seconds: float
    counted: Counted
    spent_seconds: float
    remaining_seconds: float
    breach_at: AwareDatetime | None = None
    state: PromiseState


class Parking(Record):
    """The facts about a parked ticket by which the product director decides; the note is for staff."""

    workaround: bool
    effort: Effort
    note: str | None = None
    at: AwareDatetime
    release: str | None = None


class TicketSummary(Record):
    """A ticket as lists show it."""

    number: int
    version: int
    subject: str
    status: Status
    closed_reason: ClosedReason | None = None
    kind: Kind
    priority: Priority
    channel: Channel
    language: Language
    requester: Contact
    assignee: Contact | None = None
    organisation: Organisation | None = None
    opened_at: AwareDatetime
    updated_at: AwareDatetime
    next_deadline: Deadline | None = None
    team: Named | None = None
    product: Named | None = None
    tags: tuple[str, ...] = ()
    asked_priority: Priority | None = None
    snoozed_until: AwareDatetime | None = None
    next_breach: NextBreach | None = None


class Ticket(TicketSummary):
    """A ticket as its page shows it. `moves` are the commands this visitor may give now."""

    solved_at: AwareDatetime | None = None
    reopened: int = 0
    follow_up_of: int | None = None
    follow_ups: tuple[int, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    moves: tuple[str, ...] = ()
    suggestions: tuple[ArticleLink, ...] = ()
    rating: Rating | None = None
    fields: dict[str, str] = {}
    parking: Parking | None = None
    merged_into: int | None = None
    merged: tuple[int, ...] = ()
    problem: int | None = None
    incidents: tuple[int, ...] = ()
    snoozed_by: Contact | None = None
    lowered: int = 0
    followers: tuple[Contact, ...] = ()
    colleagues: tuple[Contact, ...] = ()
    promises: tuple[Promised, ...] = ()
    calendar_zone: str | None = None


class Attachment(Record):
    """A file; `size` is in bytes."""

    id: UUID
    name: str
    content_type: str
    size: int


class Comment(Record):
    """A message, public or internal."""

    id: UUID
    public: bool = True
    text: str
    html: str | None = None
    channel: Channel = Channel.WEB
    attachments: tuple[Attachment, ...] = ()


class HistoryEvent(Record):
    """Something that happened to the ticket, as a sentence of intake in the visitor's language.

    `evidence` says why the clock acted at that time; empty for visitors who may not see it.
    """

    type: str
    sentence: str
    evidence: str = ""


class Entry(Record):
    """One line of a ticket's timeline."""

    id: UUID | int | str
    at: AwareDatetime
    type: Literal["comment", "event"]
    actor: Actor
    comment: Comment | None = None
    event: HistoryEvent | None = None


class View(Record):
    """One of the queue's views, and how many tickets are in it."""

    name: str
    count: int


class Answerable(Record):
    """The ticket behind a reminder's link, and the acts that the link may do now."""

    number: int
    subject: str
    language: Language
    status: Status
    acts: tuple[str, ...] = ()
    closes_at: AwareDatetime | None = None
    zone: str | None = None
    """The time zone in which the requester reads their mails."""


class Answered(Record):
    """The ticket's state after an act by link."""

    status: Status
    closes_at: AwareDatetime | None = None
    zone: str | None = None
    """The time zone in which the requester reads their mails."""


class Survey(Record):
    """The question behind a survey link, and the answer given before, if any."""

    number: int
    subject: str
    good: bool | None = None


class ArticleSummary(ArticleLink):
    """An article in a list; `snippet` is HTML, of which only the marks are kept."""

    kind: ArticleKind
    snippet: str | None = None
    updated_at: AwareDatetime


class Article(Record):
    """An article with its text."""

    slug: str
    kind: ArticleKind
    title: str
    summary: str
    html: str
    language: Language
    languages: tuple[Language, ...]
    updated_at: AwareDatetime
    helpful: int = 0
    not_helpful: int = 0


Listed = TypeVar("Listed", bound=BaseModel)


class Page(BaseModel, Generic[Listed]):
    """One page of a list; `next_cursor` is for asking for the next page, None on the last."""

    items: tuple[Listed, ...]
    next_cursor: str | None = None
