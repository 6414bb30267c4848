"""A ticket as it stands, and what a decision about it consists of. Pure; the rules are design §4's."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.contract.event_data import Actor, CommentFacts, Contact, EventData, TicketFacts
from services.contract.temporal import Deadline, Snapshot
from services.contract.vocabulary import Channel, ClosedReason, Effort, Kind, Language, Priority, Status
from services.promises.deadlines import deadlines, next_deadline
from services.promises.policy import Policy
from services.promises.standing import Standing

CLOCK = Actor(kind="clock", name="Balie")


class _State(BaseModel):
    model_config = ConfigDict(frozen=True)


class Rating(_State):
    """The requester's answer to the survey."""

    good: bool
    comment: str
    at: AwareDatetime


class Parking(_State):
    """What the product director decides on. `effort` is a guess; `release` is set once it is planned."""

    workaround: bool
    effort: Effort
    note: str
    at: AwareDatetime
    release: str | None = None


class TeamRef(_State):
    """The team a ticket is with."""

    id: UUID
    name: str


class ProductRef(_State):
    """What the ticket is about, of what the desk supports."""

    id: UUID
    name: str


class Ticket(_State):
    """A ticket as it stands. Who, when and why are part of the state, not flags beside it."""

    version: int
    standing: Standing
    subject: str
    kind: Kind
    asked_priority: Priority
    """What the requester asked for; `priority` is the one that counts."""
    channel: Channel
    language: Language
    requester: Contact
    assignee: Contact | None = None
    team: TeamRef | None = None
    organisation_id: UUID | None = None
    product: ProductRef | None = None
    fields: dict[str, str] = {}
    """What the product's form asked, by the field's key."""
    tags: tuple[str, ...] = ()
    updated_at: AwareDatetime
    reopened: int = 0
    lowered: int = 0
    """How often support lowered an unjustified priority."""
    follow_up_of: int | None = None
    merged_into: int | None = None
    problem: int | None = None
    """The ticket of the problem behind this incident."""
    parking: Parking | None = None
    """Stays once the ticket has been parked, whatever became of it."""
    snoozed_by: Contact | None = None
    followers: tuple[Contact, ...] = ()
    colleagues: tuple[Contact, ...] = ()
    """People of other departments it is shared with. Only `store.load` fills in followers and colleagues."""
    rating: Rating | None = None
    policy: Policy

    @property
    def number(self) -> int:
        """Its reference everywhere."""
        return self.standing.number

    @property
    def status(self) -> Status:
        """Where it stands."""
        return self.standing.status

    @property
    def closed_reason(self) -> ClosedReason | None:
        """Why it ended; None unless it is closed."""
        return self.standing.closed_reason

    @property
    def priority(self) -> Priority:
        """The one that counts."""
        return self.standing.priority

    @property
    def opened_at(self) -> datetime:
        """When it came."""
        return self.standing.opened_at

    @property
    def asked_at(self) -> datetime | None:
        """When the wait for the requester began; set while pending."""
        return self.standing.asked_at

    @property
    def reminded_at(self) -> datetime | None:
        """When the requester was reminded."""
        return self.standing.reminded_at

    @property
    def solved_at(self) -> datetime | None:
        """When it was last solved; set while solved."""
        return self.standing.solved_at

    @property
    def surveyed_at(self) -> datetime | None:
        """When the requester was asked for their satisfaction."""
        return self.standing.surveyed_at

    @property
    def deadlines(self) -> tuple[Deadline, ...]:
        """What the clock will do, earliest first."""
        return deadlines(self.standing, self.policy)

    def snapshot(self) -> Snapshot:
        """What the ticket's clock runs on."""
        return Snapshot(
            number=self.number,
            version=self.version,
            status=self.status,
            next_deadline=next_deadline(self.standing, self.policy),
        )

    def facts(self) -> TicketFacts:
        """What events tell of the ticket."""
        own = {name: getattr(self, name) for name in TicketFacts.model_fields if name != "team_id"}
        return TicketFacts(**own, team_id=self.team.id if self.team else None)

    def is_requesters(self, actor: Actor) -> bool:
        """Whether the actor speaks for the requester's side; an agent's own ticket is theirs as a requester."""
        return actor.speaks_for(self.requester)

    def is_finalised(self) -> bool:
        """Whether only a follow-up can continue it."""
        return self.closed_reason is ClosedReason.FINALISED


@dataclass(frozen=True)
class Message:
    """What somebody wrote. `html` is sanitised already, and None for plain text."""

    comment_id: UUID
    text: str
    html: str | None = None
    channel: Channel = Channel.WEB
    attachment_ids: tuple[UUID, ...] = ()
    attachment_names: tuple[str, ...] = ()
    message_id: str | None = None
    auto_generated: bool = False

    def facts(self, author: Actor) -> CommentFacts:
        """What events tell of it."""
        return CommentFacts(
            comment_id=self.comment_id,
            author=author,
            text=self.text,
            attachments=self.attachment_names,
            message_id=self.message_id,
        )


@dataclass(frozen=True)
class Entry:
    """A line in the ticket's history. `facts` are JSON-ready."""

    type: str
    by: Actor
    facts: dict[str, Any] = field(default_factory=dict)
    message: Message | None = None
    public: bool = True


@dataclass(frozen=True)
class Decision:
    """What a command makes of a ticket: its new state, what others must hear, what history keeps."""

    ticket: Ticket
    events: tuple[EventData, ...] = ()
    history: tuple[Entry, ...] = ()
