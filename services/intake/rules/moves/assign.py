"""Assign: make an agent responsible, or nobody. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.contract.event_data import Actor, Contact
from services.contract.events import TicketAssigned
from services.intake.history.line import HistoryLine, Line
from services.intake.history.stored import Stored
from services.intake.history.teller import Teller
from services.intake.rules.body import Input
from services.intake.rules.decision import moved, moved_entry, next_version
from services.intake.rules.move import SOLVED, WORKING, Many, Move, Order, Undo
from services.intake.rules.ticket import Decision, Entry, Ticket
from services.promises import standing


@dataclass(frozen=True)
class Assign(Order):
    """Make an agent responsible, or nobody (None)."""

    assignee: Contact | None


class AssignIn(Input):
    """Whom to make responsible; null for nobody."""

    assignee_id: UUID | None


class AssignKept(Stored):
    """Whom to make responsible; None for nobody."""

    assignee_id: UUID | None


class AssigneeBefore(Stored):
    """Who was responsible before."""

    assignee: Contact | None = None


class Assigned(Line):
    """Somebody became responsible, or nobody is any more (None)."""

    TYPE: ClassVar[str] = "assigned"

    assignee: str | None = None

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Says who assigned it to whom; or who took it, or released it."""
        if self.assignee is None:
            return HistoryLine(t.say("unassigned", who=t.who(by)))
        if self.assignee == by.name:
            return HistoryLine(t.say("taken", who=self.assignee))
        return HistoryLine(t.say("assigned", who=t.who(by), name=self.assignee))


def assign(command: Assign, ticket: Ticket, now: datetime) -> Decision:
    """Make an agent responsible, or nobody (None). A new ticket becomes open when an agent takes it."""
    if same_person(ticket.assignee, command.assignee):
        return Decision(ticket)
    return assigned(ticket, command.by, command.assignee, now)


def assigned(ticket: Ticket, by: Actor, assignee: Contact | None, now: datetime) -> Decision:
    """The ticket after `by` made this agent responsible, or nobody."""
    up = standing.taken_up(ticket.standing, now) if assignee is not None else ticket.standing
    after = next_version(ticket, now, up, assignee=assignee)
    entry = Entry(Assigned(assignee=assignee.name if assignee else None), by)
    event = TicketAssigned(ticket=after.facts(), by=by)
    return Decision(after, (event, *moved(ticket, after, by)), (entry, *moved_entry(ticket, after, by)))


def same_person(one: Contact | None, other: Contact | None) -> bool:
    """Whether both are one person, or both nobody: names and addresses may differ."""
    return (one.person_id if one else None) == (other.person_id if other else None)


def _keep(_facts: AssignKept, before: Ticket, _after: Ticket) -> AssigneeBefore:
    return AssigneeBefore(assignee=before.assignee)


MOVE = Move(
    name="assign",
    place=70,
    summary="Make an agent responsible",
    description="Support staff and services. A new ticket is open from then on; null takes the assignee away.",
    command=Assign,
    rule=assign,
    staff=WORKING | {SOLVED},
    body=AssignIn,
    lines=(Assigned,),
    many=(Many("assign", AssignKept, body=AssignIn, undo=Undo(AssigneeBefore, _keep)),),
)
