"""What may be asked of a ticket: every command, in the imperative. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from services.contract.event_data import Actor, Contact
from services.contract.temporal import Deadline
from services.contract.vocabulary import DeadlineKind, Effort, Kind, Language, Priority
from services.intake.rules.ticket import Message, ProductRef, TeamRef
from services.promises.policy import Policy
from services.promises.standing import Standing


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
class Order:
    """What somebody wants done with a ticket that is there."""

    by: Actor


@dataclass(frozen=True)
class Assign(Order):
    """Make an agent responsible, or nobody."""

    assignee: Contact | None


@dataclass(frozen=True)
class HandOver(Order):
    """Give the ticket to a team, or to none; `assignee` is whom the team's round robin chose, if it has one."""

    team: TeamRef | None
    assignee: Contact | None = None


@dataclass(frozen=True)
class Reply(Order):
    """A public message, from either side."""

    message: Message


@dataclass(frozen=True)
class Note(Order):
    """An internal note: never for the requester's side. A colleague the ticket is shared with may write one."""

    message: Message


@dataclass(frozen=True)
class Ask(Order):
    """A question only the requester can answer: the ticket waits for them."""

    message: Message


@dataclass(frozen=True)
class Solve(Order):
    """The answer is given. `solver` becomes the assignee where there is none.

    `problem` is the number of the ticket whose solution solves this incident.
    """

    solver: Contact | None
    message: Message | None = None
    problem: int | None = None


@dataclass(frozen=True)
class Reopen(Order):
    """Support takes an ended or parked ticket up again."""

    message: Message | None = None


@dataclass(frozen=True)
class Rate(Order):
    """The requester's answer to the survey; a later answer replaces an earlier one."""

    good: bool
    comment: str = ""


@dataclass(frozen=True)
class Park(Order):
    """It needs a change of the software: the product director decides if and when. `note` is internal."""

    workaround: bool
    effort: Effort
    note: str
    message: Message | None = None


@dataclass(frozen=True)
class Plan(Order):
    """The product director puts a parked ticket into a release, or into another one."""

    release: str


@dataclass(frozen=True)
class Decline(Order):
    """The product director decides against it: the message is the reason, and solves the ticket."""

    message: Message


@dataclass(frozen=True)
class Ship(Order):
    """The release the ticket was planned in is there."""

    release: str
    note: str = ""


@dataclass(frozen=True)
class Merge(Order):
    """The ticket goes on as another one, of the same requester or organisation."""

    into: int


@dataclass(frozen=True)
class TakeIn(Order):
    """The other side of a merge: what `merged` asked goes on here, and its requester is told what happens."""

    merged: int
    requester: Contact
    followers: tuple[Contact, ...] = ()


@dataclass(frozen=True)
class MarkSpam(Order):
    """Nobody asked anything."""


@dataclass(frozen=True)
class TakeBack(Order):
    """A solution or a mark as spam was a mistake, noticed before anybody else touched the ticket.

    It is with whom it was before, and stands as it did: what was promised for an open question goes on.
    """

    former: Standing
    assignee: Contact | None
    snoozed_by: Contact | None


@dataclass(frozen=True)
class Prioritise(Order):
    """Another priority than was asked for; the requester reads the reason."""

    priority: Priority
    reason: str


@dataclass(frozen=True)
class Tag(Order):
    """Add and remove tags."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change(Order):
    """Correct what the ticket is about; None leaves as it is."""

    subject: str | None = None
    kind: Kind | None = None
    product: ProductRef | None = None
    fields: dict[str, str] | None = None


@dataclass(frozen=True)
class LinkProblem(Order):
    """The ticket is an incident of this problem, or of none."""

    problem: int | None


@dataclass(frozen=True)
class Share(Order):
    """Let a colleague of another department see the ticket, notes included; or no longer."""

    colleague: Contact
    shared: bool = True


@dataclass(frozen=True)
class Snooze(Order):
    """Out of sight until an instant, when `who` is reminded; None ends it. Whatever the requester says ends it too."""

    who: Contact | None
    until: datetime | None


@dataclass(frozen=True)
class KeepOpen(Order):
    """The requester still wants an answer but needs more time: the promise for the question begins again."""


@dataclass(frozen=True)
class ConfirmSolved(Order):
    """The requester says that it is solved."""


@dataclass(frozen=True)
class Postpone(Order):
    """An automatic step comes later (or earlier) than promised."""

    kind: DeadlineKind
    until: datetime


@dataclass(frozen=True)
class Skip(Order):
    """An automatic step does not come."""

    kind: DeadlineKind


@dataclass(frozen=True)
class DoNow(Order):
    """An automatic step comes now."""

    kind: DeadlineKind


@dataclass(frozen=True)
class Replan(Order):
    """Other promises, on purpose: the contract or its calendar changed. `because` says what did, for the evidence."""

    policy: Policy
    because: str


@dataclass(frozen=True)
class Meet:
    """The clock: this deadline is due. The time it is given at is the workflow's."""

    deadline: Deadline
    mail_down: timedelta = timedelta(0)
    """How long mail could not come in since the requester was reminded."""


Command = Order | Meet
"""What `decide` takes. `Submit` makes a ticket instead."""
