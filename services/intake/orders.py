"""What may be asked of a ticket: every command, in the imperative. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from services.contract import Deadline
from services.event_data import Actor, Contact
from services.intake.tickets import Message, ProductRef, TeamRef
from services.policy import Policy
from services.vocabulary import DeadlineKind, Effort, Kind, Language, Priority


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
    asked_priority: Priority
    priority: Priority
    """The one that counts under the contract's priority rule."""
    language: Language
    policy: Policy
    follow_up_of: int | None = None
    assignee: Contact | None = None
    team: TeamRef | None = None
    product: ProductRef | None = None
    fields: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assign:
    """Make an agent responsible, or nobody."""

    by: Actor
    assignee: Contact | None


@dataclass(frozen=True)
class HandOver:
    """Give the ticket to a team, or to none; `assignee` is whom the team's round robin chose, if it has one."""

    by: Actor
    team: TeamRef | None
    assignee: Contact | None = None


@dataclass(frozen=True)
class Reply:
    """A public message, from either side."""

    by: Actor
    message: Message


@dataclass(frozen=True)
class Note:
    """An internal note: never for the requester's side. A colleague the ticket is shared with may write one."""

    by: Actor
    message: Message


@dataclass(frozen=True)
class Ask:
    """A question only the requester can answer: the ticket waits for them."""

    by: Actor
    message: Message


@dataclass(frozen=True)
class Solve:
    """The answer is given. `solver` becomes the assignee where there is none.

    `problem` is the number of the ticket whose solution solves this incident.
    """

    by: Actor
    solver: Contact | None
    message: Message | None = None
    problem: int | None = None


@dataclass(frozen=True)
class Reopen:
    """Support takes an ended or parked ticket up again."""

    by: Actor
    message: Message | None = None


@dataclass(frozen=True)
class Rate:
    """The requester's answer to the survey; a later answer replaces an earlier one."""

    by: Actor
    good: bool
    comment: str = ""


@dataclass(frozen=True)
class Park:
    """It needs a change of the software: the product director decides if and when. `note` is internal."""

    by: Actor
    workaround: bool
    effort: Effort
    note: str
    message: Message | None = None


@dataclass(frozen=True)
class Plan:
    """The product director puts a parked ticket into a release, or into another one."""

    by: Actor
    release: str


@dataclass(frozen=True)
class Decline:
    """The product director decides against it: the message is the reason, and solves the ticket."""

    by: Actor
    message: Message


@dataclass(frozen=True)
class Ship:
    """The release the ticket was planned in is there."""

    by: Actor
    release: str
    note: str = ""


@dataclass(frozen=True)
class Merge:
    """The ticket goes on as another one, of the same requester or organisation."""

    by: Actor
    into: int


@dataclass(frozen=True)
class TakeIn:
    """The other side of a merge: what `merged` asked goes on here, and its requester is told what happens."""

    by: Actor
    merged: int
    requester: Contact
    followers: tuple[Contact, ...] = ()


@dataclass(frozen=True)
class MarkSpam:
    """Nobody asked anything."""

    by: Actor


@dataclass(frozen=True)
class Prioritise:
    """Another priority than was asked for; the requester reads the reason."""

    by: Actor
    priority: Priority
    reason: str


@dataclass(frozen=True)
class Tag:
    """Add and remove tags."""

    by: Actor
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """Correct what the ticket is about; None leaves as it is."""

    by: Actor
    subject: str | None = None
    kind: Kind | None = None
    product: ProductRef | None = None
    fields: dict[str, str] | None = None


@dataclass(frozen=True)
class LinkProblem:
    """The ticket is an incident of this problem, or of none."""

    by: Actor
    problem: int | None


@dataclass(frozen=True)
class Share:
    """Let a colleague of another department see the ticket, notes included; or no longer."""

    by: Actor
    colleague: Contact
    shared: bool = True


@dataclass(frozen=True)
class Snooze:
    """Out of sight until an instant, when `who` is reminded; None ends it. Whatever the requester says ends it too."""

    by: Actor
    who: Contact | None
    until: datetime | None


@dataclass(frozen=True)
class KeepOpen:
    """The requester still wants an answer but needs more time: the promise for the question begins again."""

    by: Actor


@dataclass(frozen=True)
class ConfirmSolved:
    """The requester says that it is solved."""

    by: Actor


@dataclass(frozen=True)
class Postpone:
    """An automatic step comes later (or earlier) than promised."""

    by: Actor
    kind: DeadlineKind
    until: datetime


@dataclass(frozen=True)
class Skip:
    """An automatic step does not come."""

    by: Actor
    kind: DeadlineKind


@dataclass(frozen=True)
class DoNow:
    """An automatic step comes now."""

    by: Actor
    kind: DeadlineKind


@dataclass(frozen=True)
class Replan:
    """Other promises, on purpose: the contract or its calendar changed. `because` says what did, for the evidence."""

    by: Actor
    policy: Policy
    because: str


@dataclass(frozen=True)
class Meet:
    """The clock: this deadline is due. The time it is given at is the workflow's."""

    deadline: Deadline
    mail_down: timedelta = timedelta(0)
    """How long mail could not come in since the requester was reminded."""


Command = (
    Assign
    | HandOver
    | Reply
    | Note
    | Ask
    | Solve
    | Reopen
    | Rate
    | Park
    | Plan
    | Decline
    | Ship
    | Merge
    | TakeIn
    | MarkSpam
    | Prioritise
    | Tag
    | Change
    | LinkProblem
    | Share
    | Snooze
    | KeepOpen
    | ConfirmSolved
    | Postpone
    | Skip
    | DoNow
    | Replan
    | Meet
)
