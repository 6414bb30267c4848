"""What the web reads of the two APIs. Fields it does not know are ignored, so that they can add some."""

from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.contract import Deadline
from services.event_data import Actor, Contact
from services.events import ArticleLink
from services.vocabulary import ArticleKind, Channel, ClosedReason, Kind, Language, Priority, Role, Status


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


Record = TypeVar("Record", bound=_Record)


class Organisation(_Record):
    """A customer; people belong to one or to none."""

    id: UUID
    name: str


class Person(_Record):
    """Somebody the desk knows."""

    id: UUID
    name: str
    email: str | None
    language: Language
    role: Role
    organisation: Organisation | None = None
    active: bool = True


class Session(_Record):
    """What logging in gives."""

    token: str
    expires_at: AwareDatetime
    person: Person


class Rating(_Record):
    """The requester's answer to the survey."""

    good: bool
    comment: str
    at: AwareDatetime


class TicketSummary(_Record):
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


class Attachment(_Record):
    """A file; `size` is in bytes."""

    id: UUID
    name: str
    content_type: str
    size: int


class Comment(_Record):
    """A message, public or internal."""

    id: UUID
    public: bool = True
    text: str
    html: str | None = None
    channel: Channel = Channel.WEB
    attachments: tuple[Attachment, ...] = ()


class HistoryEvent(_Record):
    """Something that happened to the ticket; what `facts` holds depends on `type`."""

    type: str
    facts: dict[str, Any] = {}


class Entry(_Record):
    """One line of a ticket's timeline."""

    id: UUID | int | str
    at: AwareDatetime
    type: Literal["comment", "event"]
    actor: Actor
    comment: Comment | None = None
    event: HistoryEvent | None = None


class View(_Record):
    """One of the queue's views and how many tickets are in it."""

    name: str
    count: int


class Survey(_Record):
    """The question behind a survey link, and the answer given before, if any."""

    number: int
    subject: str
    good: bool | None = None


class ArticleSummary(ArticleLink):
    """An article as search shows it; `snippet` is HTML of which only the marks matter."""

    kind: ArticleKind
    snippet: str | None = None
    updated_at: AwareDatetime


class Article(_Record):
    """An article as it is read."""

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
    """One page of a list; `next_cursor` asks for the next, None on the last."""

    items: tuple[Listed, ...]
    next_cursor: str | None = None
