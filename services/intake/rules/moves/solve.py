"""Solve: the ticket is answered, with or without a last message. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pydantic import Field

from services.contract.errors import MoveRefused
from services.contract.event_data import Actor, Contact
from services.contract.moves import Shown
from services.intake.history.line import HistoryLine, Line
from services.intake.history.stored import Stored
from services.intake.history.teller import Teller
from services.intake.rules.body import OptionalMessageIn
from services.intake.rules.decision import next_version, with_message
from services.intake.rules.many import WordsIn, WordsKept
from services.intake.rules.move import WORKING, Given, Many, Move, Order
from services.intake.rules.moves.take_back import ENDING
from services.intake.rules.ticket import Decision, Entry, Message, Ticket
from services.promises import standing


@dataclass(frozen=True)
class Solve(Order):
    """Solve the ticket, with or without a message. `solver` becomes the assignee if there is none.

    `problem` is the number of the problem's ticket, if this incident is solved together with it.
    """

    solver: Contact | None
    message: Message | None = None
    problem: int | None = None


class SolveIn(OptionalMessageIn):
    """The solution; for a problem, of its incidents as well."""

    incidents: bool = Field(default=False, description="Solve every open incident of this problem with the same words.")


class IncidentsKept(WordsKept):
    """The problem (a ticket number) whose incidents are solved, and the message to send on each."""

    problem: int


class SolvedByProblem(Line):
    """This incident was solved together with its problem. Its number may be another customer's ticket."""

    TYPE: ClassVar[str] = "solved_by_problem"
    INSIDE: ClassVar[frozenset[str]] = frozenset({"problem"})

    problem: int

    def told(self, t: Teller, _by: Actor) -> HistoryLine:
        """Names the problem to support only."""
        said = t.say("solved_by_problem", number=self.problem) if t.inside else t.say("solved_with_others")
        return HistoryLine(said)


def solve(command: Solve, ticket: Ticket, now: datetime) -> Decision:
    """Solve the ticket, with or without a message. `solver` becomes the assignee if there is none."""
    answered = standing.support_replied(ticket.standing, now) if command.message else ticket.standing
    after = next_version(
        ticket, now, standing.solved(answered, now), assignee=ticket.assignee or command.solver, snoozed_by=None
    )
    because = (Entry(SolvedByProblem(problem=command.problem), command.by),) if command.problem else ()
    return with_message(ticket, after, command.by, command.message, entries=because)


def _of_many(given: Given, _facts: Stored, _ticket: Ticket) -> Solve:
    return Solve(given.by, given.who, given.message)


def _incident_of_many(given: Given, facts: IncidentsKept, ticket: Ticket) -> Solve:
    if ticket.problem != facts.problem:
        raise MoveRefused(f"Ticket {ticket.number} is no incident of ticket {facts.problem} any more.")
    return Solve(given.by, given.who, given.message, facts.problem)


MOVE = Move(
    name="solve",
    place=30,
    summary="Solve",
    description="""Support staff and services, with or without a last message. The solver becomes assignee \
where there is none.

With `incidents`, every open incident of this problem is solved with the same words, in the background.""",
    command=Solve,
    rule=solve,
    staff=WORKING,
    body=SolveIn,
    order=lambda given, _, __: Solve(given.by, given.who, given.message),
    lines=(SolvedByProblem,),
    many=(
        Many("solve", WordsKept, _of_many, body=WordsIn, undo=ENDING),
        Many("solve_incidents", IncidentsKept, _incident_of_many, undo=ENDING),
    ),
    shown=Shown.MESSAGE,
    key="s",
)
