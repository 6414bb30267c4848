"""Prioritise: another priority, with a reason that the requester reads. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pydantic import Field

from services.contract import wording
from services.contract.errors import Invalid
from services.contract.event_data import Actor
from services.contract.events import TicketPriorityChanged
from services.contract.moves import Shown
from services.contract.vocabulary import Language, Priority
from services.intake.history.line import HistoryLine, Line
from services.intake.history.stored import Stored
from services.intake.history.teller import Teller
from services.intake.rules.body import Input, Sentence
from services.intake.rules.decision import next_version
from services.intake.rules.deed import Deed
from services.intake.rules.move import WORKING, Given, Many, Move, Order, Undo
from services.intake.rules.ticket import Decision, Entry, Ticket
from services.promises import standing

RANK = {Priority.LOW: 0, Priority.MEDIUM: 1, Priority.HIGH: 2}
TAKEN_BACK = {
    Language.DUTCH: "De vorige wijziging was een vergissing.",
    Language.ITALIAN: "La modifica precedente era un errore.",
    Language.ENGLISH: "The last change was a mistake.",
}
"""The reason the requester reads when undoing a bulk gives the ticket its former priority back."""


@dataclass(frozen=True)
class Prioritise(Order):
    """Give the ticket another priority; the requester reads the reason."""

    priority: Priority
    reason: str


class PrioritiseIn(Input):
    """Another priority, and why, for the requester to read."""

    priority: Priority
    reason: Sentence = Field(examples=["Printing works by cable, so nobody is stopped."])


class PrioritiseKept(Stored):
    """The priority to give, and why."""

    priority: Priority
    reason: str


class PriorityBefore(Stored):
    """The priority before; None in rows of before version 0.1.0 that kept nothing."""

    priority: Priority | None = None


class Prioritised(Line):
    """The ticket has another priority."""

    TYPE: ClassVar[str] = "prioritised"

    before: Priority = Field(alias="from")
    after: Priority = Field(alias="to")
    reason: str

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Says both priorities, and the reason."""
        before, after = (wording.priority_label(each, t.language) for each in (self.before, self.after))
        return HistoryLine(t.say("prioritised", who=t.who(by), before=before, after=after, reason=self.reason))


def prioritise(command: Prioritise, ticket: Ticket, now: datetime) -> Decision:
    """Change the priority, with a reason that the requester reads. Lowered priorities are counted.

    Raises Invalid without a reason.
    """
    if not command.reason.strip():
        raise Invalid("Say why: the requester reads the reason.")
    if command.priority is ticket.priority:
        return Decision(ticket)
    lowered = RANK[command.priority] < RANK[ticket.priority]
    after = next_version(
        ticket,
        now,
        standing.reprioritised(ticket.standing, command.priority),
        lowered=ticket.lowered + lowered,
    )
    event = TicketPriorityChanged(
        ticket=after.facts(), by=command.by, priority_before=ticket.priority, reason=command.reason
    )
    line = Prioritised(before=ticket.priority, after=command.priority, reason=command.reason)
    return Decision(after, (event,), (Entry(line, command.by),))


def _relived(line: Prioritised, _said: bool) -> Deed:
    return Deed("prioritise", True, lambda lived, _at: standing.reprioritised(lived.stands, line.after))


def _of_many(given: Given, facts: PrioritiseKept, _ticket: Ticket) -> Prioritise:
    return Prioritise(given.by, facts.priority, facts.reason)


def _keep(_facts: PrioritiseKept, before: Ticket, _after: Ticket) -> PriorityBefore:
    return PriorityBefore(priority=before.priority)


def _back(given: Given, former: PriorityBefore, ticket: Ticket) -> Prioritise:
    return Prioritise(given.by, former.priority or ticket.priority, TAKEN_BACK[ticket.language])


MOVE = Move(
    name="prioritise",
    place=80,
    summary="Change the priority",
    description="Support staff and services. The requester is told, with the reason; lowering is counted.",
    command=Prioritise,
    rule=prioritise,
    staff=WORKING,
    body=PrioritiseIn,
    order=lambda given, body, _: Prioritise(given.by, body.priority, body.reason),
    lines=(Prioritised,),
    relived={Prioritised: _relived},
    many=(Many("prioritise", PrioritiseKept, _of_many, body=PrioritiseIn, undo=Undo(PriorityBefore, _keep, _back)),),
    shown=Shown.ACTION,
    key="!",
)
