"""Every command that can be given to a ticket, named in the imperative. Pure."""

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
    """A requester opens a ticket; `by` is somebody else where an agent logs a phone call.

    A follow-up keeps the assignee of the ticket it follows. A ticket with an assignee begins as open, not as new.
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
    """The priority that counts, by the contract's priority rule."""
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
    """Base of every command that a person (`by`) gives to an existing ticket."""

    by: Actor


@dataclass(frozen=True)
class Assign(Order):
    """Make an agent responsible, or nobody (None)."""

    assignee: Contact | None


@dataclass(frozen=True)
class HandOver(Order):
    """Give the ticket to a team, or to none; `assignee` is the agent that the team's round robin chose, if any."""

    team: TeamRef | None
    assignee: Contact | None = None


@dataclass(frozen=True)
class Reply(Order):
    """A public message, of support or of the requester's side."""

    message: Message


@dataclass(frozen=True)
class Note(Order):
    """An internal note, never shown to the requester's side. Colleagues the ticket is shared with may write one too."""

    message: Message


@dataclass(frozen=True)
class Ask(Order):
    """A question only the requester can answer: the ticket waits for them."""

    message: Message


@dataclass(frozen=True)
class Solve(Order):
    """Solve the ticket, with or without a message. `solver` becomes the assignee if there is none.

    `problem` is the number of the problem's ticket, if this incident is solved together with it.
    """

    solver: Contact | None
    message: Message | None = None
    problem: int | None = None


@dataclass(frozen=True)
class Reopen(Order):
    """Support reopens a solved, closed or parked ticket."""

    message: Message | None = None


@dataclass(frozen=True)
class Rate(Order):
    """The requester's answer to the survey; a later answer replaces an earlier one."""

    good: bool
    comment: str = ""


@dataclass(frozen=True)
class Park(Order):
    """The ticket needs a change of the software: the product director decides if and when. `note` is internal."""

    workaround: bool
    effort: Effort
    note: str
    message: Message | None = None


@dataclass(frozen=True)
class Plan(Order):
    """The product director plans a parked ticket in a release, or moves it to another release."""

    release: str


@dataclass(frozen=True)
class Decline(Order):
    """The product director decides against the change: the message gives the reason and solves the ticket."""

    message: Message


@dataclass(frozen=True)
class Ship(Order):
    """The release with the change is out: it solves the parked ticket."""

    release: str
    note: str = ""


@dataclass(frozen=True)
class Merge(Order):
    """Merge this ticket into another one (`into`), of the same requester or organisation. This one is closed."""

    into: int


@dataclass(frozen=True)
class TakeIn(Order):
    """The other side of a merge: this ticket continues the ticket `merged`, whose people become its followers."""

    merged: int
    requester: Contact
    followers: tuple[Contact, ...] = ()


@dataclass(frozen=True)
class MarkSpam(Order):
    """The ticket is spam: close it without telling anybody."""


@dataclass(frozen=True)
class TakeBack(Order):
    """Undo a solution or a mark as spam that was a mistake, before anybody else changed the ticket.

    The ticket gets its former standing, assignee and snooze back: the deadlines of an open question run on.
    """

    former: Standing
    assignee: Contact | None
    snoozed_by: Contact | None


@dataclass(frozen=True)
class Prioritise(Order):
    """Give the ticket another priority; the requester reads the reason."""

    priority: Priority
    reason: str


@dataclass(frozen=True)
class Tag(Order):
    """Add and remove tags."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change(Order):
    """Correct what the ticket is about; a field that is None stays as it is."""

    subject: str | None = None
    kind: Kind | None = None
    product: ProductRef | None = None
    fields: dict[str, str] | None = None


@dataclass(frozen=True)
class LinkProblem(Order):
    """Make the ticket an incident of this problem (a ticket number), or of none."""

    problem: int | None


@dataclass(frozen=True)
class Share(Order):
    """Share the ticket, notes included, with a colleague of another department; or stop sharing it."""

    colleague: Contact
    shared: bool = True


@dataclass(frozen=True)
class Snooze(Order):
    """Hide the ticket until an instant, then remind `who`; None ends the snooze. So does a reply by the requester."""

    who: Contact | None
    until: datetime | None


@dataclass(frozen=True)
class KeepOpen(Order):
    """The requester needs more time to answer: the times until reminder and closing count from now again."""


@dataclass(frozen=True)
class ConfirmSolved(Order):
    """The requester says that the ticket is solved."""


@dataclass(frozen=True)
class Postpone(Order):
    """Move an automatic step to another time, later or earlier."""

    kind: DeadlineKind
    until: datetime


@dataclass(frozen=True)
class Skip(Order):
    """Cancel an automatic step."""

    kind: DeadlineKind


@dataclass(frozen=True)
class DoNow(Order):
    """Carry out an automatic step now."""

    kind: DeadlineKind


@dataclass(frozen=True)
class Replan(Order):
    """Pin the ticket to another policy, because its contract or calendar changed. `because` says which, for history."""

    policy: Policy
    because: str


@dataclass(frozen=True)
class Meet:
    """The clock says that this deadline is due. The time passed to `decide` with it is the workflow's."""

    deadline: Deadline
    mail_down: timedelta = timedelta(0)
    """How long mail could not come in since the requester was reminded."""


Command = Order | Meet
"""What `decide` takes. `Submit` is for `open_ticket`."""
