"""A ticket, what may be asked of it, and what that makes of it: `decide`. Pure; the rules are design §4's."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.contract import Deadline, Policy, Snapshot
from services.events import Actor, CommentFacts, Contact, EventData, TicketFacts
from services.vocabulary import Channel, ClosedReason, Kind, Language, Priority, Status

SUBJECT_CHARACTERS_MAX = 250
TEXT_CHARACTERS_MAX = 200_000
CLOCK = Actor(kind="clock", name="Balie")


class Rating(BaseModel):
    """The requester's answer to the survey."""

    model_config = ConfigDict(frozen=True)

    good: bool
    comment: str
    at: AwareDatetime


class Ticket(BaseModel):
    """A ticket as it stands. Who, when and why are part of the state, not flags beside it."""

    model_config = ConfigDict(frozen=True)

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
    organisation_id: UUID | None = None
    opened_at: AwareDatetime
    updated_at: AwareDatetime
    asked_at: AwareDatetime | None = None
    reminded_at: AwareDatetime | None = None
    solved_at: AwareDatetime | None = None
    surveyed_at: AwareDatetime | None = None
    reopened: int = 0
    follow_up_of: int | None = None
    rating: Rating | None = None
    policy: Policy

    def snapshot(self) -> Snapshot:
        """What the ticket's clock runs on."""
        return Snapshot(
            number=self.number,
            version=self.version,
            status=self.status,
            closed_reason=self.closed_reason,
            asked_at=self.asked_at,
            reminded_at=self.reminded_at,
            solved_at=self.solved_at,
            surveyed_at=self.surveyed_at,
            policy=self.policy,
        )

    def facts(self) -> TicketFacts:
        """What events tell of the ticket."""
        return TicketFacts.model_validate(self.model_dump(include=set(TicketFacts.model_fields)))

    def is_requesters(self, actor: Actor) -> bool:
        """Whether the actor speaks for the requester's side; an agent's own ticket is theirs as a requester."""
        return not actor.staff or actor.person_id == self.requester.person_id

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
class Submit:
    """A requester brings something new; `by` is somebody else where an agent logs a phone call.

    A follow-up brings its assignee along, and so is taken up already.
    """

    number: int
    by: Actor
    requester: Contact
    organisation_id: UUID | None
    subject: str
    message: Message
    kind: Kind
    priority: Priority
    language: Language
    policy: Policy
    follow_up_of: int | None = None
    assignee: Contact | None = None


@dataclass(frozen=True)
class Assign:
    """Make an agent responsible, or nobody."""

    by: Actor
    assignee: Contact | None


@dataclass(frozen=True)
class Reply:
    """A public message, from either side."""

    by: Actor
    message: Message


@dataclass(frozen=True)
class Note:
    """An internal note: staff only, for ever."""

    by: Actor
    message: Message


@dataclass(frozen=True)
class Ask:
    """A question only the requester can answer: the ticket waits for them."""

    by: Actor
    message: Message


@dataclass(frozen=True)
class Solve:
    """The answer is given. `solver` becomes the assignee where there is none."""

    by: Actor
    solver: Contact | None
    message: Message | None = None


@dataclass(frozen=True)
class Reopen:
    """Support takes an ended ticket up again."""

    by: Actor
    message: Message | None = None


@dataclass(frozen=True)
class Rate:
    """The requester's answer to the survey; a later answer replaces an earlier one."""

    by: Actor
    good: bool
    comment: str = ""


@dataclass(frozen=True)
class Meet:
    """The clock: this deadline is due. The time it is given at is the workflow's."""

    deadline: Deadline


Command = Assign | Reply | Note | Ask | Solve | Reopen | Rate | Meet


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
