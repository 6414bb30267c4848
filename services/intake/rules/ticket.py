"""A ticket, and the parts of a decision about it: events and lines of history. Pure; rules: `docs/design.md §4`."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.contract.event_data import Actor, CommentFacts, Contact, EventData, TicketFacts
from services.contract.temporal import Deadline, Snapshot
from services.contract.vocabulary import Channel, ClosedReason, Effort, Kind, Language, Priority, Status
from services.intake.history.line import Line
from services.promises.deadlines import Due, deadlines, next_due
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
    """What the product director decides on. `effort` is an estimate; `release` is set once the change is planned."""

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
    """A ticket at one version. Its state says who did something, when and why; it has no separate flags for that."""

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
    """The number of the problem's ticket, if this ticket is an incident of it."""
    parking: Parking | None = None
    """Set when the ticket is parked; kept when it leaves the board."""
    snoozed_by: Contact | None = None
    followers: tuple[Contact, ...] = ()
    colleagues: tuple[Contact, ...] = ()
    """People of other departments the ticket is shared with. Only `store.load` fills in followers and colleagues."""
    rating: Rating | None = None
    policy: Policy

    @property
    def number(self) -> int:
        """The ticket's number, by which people and services refer to it."""
        return self.standing.number

    @property
    def status(self) -> Status:
        """The ticket's status now."""
        return self.standing.status

    @property
    def closed_reason(self) -> ClosedReason | None:
        """Why the ticket was closed; None unless it is closed."""
        return self.standing.closed_reason

    @property
    def priority(self) -> Priority:
        """The priority that counts, which may differ from the one asked for."""
        return self.standing.priority

    @property
    def opened_at(self) -> datetime:
        """When the ticket was opened."""
        return self.standing.opened_at

    @property
    def asked_at(self) -> datetime | None:
        """When the current wait for the requester began; None unless the ticket is pending."""
        return self.standing.asked_at

    @property
    def reminded_at(self) -> datetime | None:
        """When the requester was reminded of the open question; None if not yet."""
        return self.standing.reminded_at

    @property
    def solved_at(self) -> datetime | None:
        """When the ticket was last solved; None unless it is solved now."""
        return self.standing.solved_at

    @property
    def surveyed_at(self) -> datetime | None:
        """When the survey was sent to the requester; None if it was not."""
        return self.standing.surveyed_at

    @property
    def deadlines(self) -> tuple[Deadline, ...]:
        """The coming deadlines, earliest first."""
        return deadlines(self.standing, self.policy)

    def snapshot(self) -> Snapshot:
        """What the ticket's clock (its workflow) needs to know of it."""
        return self.snapshot_until(next_due(self.standing, self.policy))

    def snapshot_until(self, due: Due | None) -> Snapshot:
        """The snapshot, for a caller that has worked out the next deadline already; `due` is None where none comes."""
        return Snapshot(
            number=self.number,
            version=self.version,
            status=self.status,
            next_deadline=due.deadline() if due else None,
        )

    def facts(self) -> TicketFacts:
        """The ticket's facts as events carry them."""
        own = {name: getattr(self, name) for name in TicketFacts.model_fields if name != "team_id"}
        return TicketFacts(**own, team_id=self.team.id if self.team else None)

    def is_requesters(self, actor: Actor) -> bool:
        """Whether the actor is on the requester's side here; an agent is, on a ticket of their own."""
        return actor.speaks_for(self.requester.person_id)

    def is_finalised(self) -> bool:
        """Whether the ticket is closed for good, so that only a follow-up can continue it."""
        return self.closed_reason is ClosedReason.FINALISED


@dataclass(frozen=True)
class Message:
    """A message somebody wrote. `html` is sanitised, or None for plain text."""

    comment_id: UUID
    text: str
    html: str | None = None
    channel: Channel = Channel.WEB
    attachment_ids: tuple[UUID, ...] = ()
    attachment_names: tuple[str, ...] = ()
    message_id: str | None = None
    auto_generated: bool = False

    def facts(self, author: Actor) -> CommentFacts:
        """The message as events carry it."""
        return CommentFacts(
            comment_id=self.comment_id,
            author=author,
            text=self.text,
            attachments=self.attachment_names,
            message_id=self.message_id,
        )


@dataclass(frozen=True)
class Entry:
    """A line in the ticket's history, who wrote it, and the message it came with, if any."""

    line: Line
    by: Actor
    message: Message | None = None
    public: bool = True

    @property
    def type(self) -> str:
        """The kind of line, as the database and the API name it."""
        return self.line.TYPE


@dataclass(frozen=True)
class Decision:
    """The result of a command on a ticket: its new state, the events to publish, and its new lines of history."""

    ticket: Ticket
    events: tuple[EventData, ...] = ()
    history: tuple[Entry, ...] = ()
