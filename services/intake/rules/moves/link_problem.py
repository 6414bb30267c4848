"""Link problem: make the ticket an incident of a problem, or of none. Pure."""

from dataclasses import dataclass
from datetime import datetime

from services.contract.errors import Invalid
from services.contract.moves import Shown
from services.intake.history.shared_lines import Changed
from services.intake.rules.body import Input, TicketNumber
from services.intake.rules.decision import changed, next_version
from services.intake.rules.move import ABOUT, Move, Order
from services.intake.rules.ticket import Decision, Ticket


@dataclass(frozen=True)
class LinkProblem(Order):
    """Make the ticket an incident of this problem (a ticket number), or of none."""

    problem: int | None


class LinkProblemIn(Input):
    """The ticket of the problem behind this incident; null for none."""

    problem: TicketNumber | None


def link_problem(command: LinkProblem, ticket: Ticket, now: datetime) -> Decision:
    """Make the ticket an incident of a problem, or of none. The caller has checked that the problem is at work."""
    if command.problem == ticket.problem:
        return Decision(ticket)
    if command.problem == ticket.number:
        raise Invalid("A ticket is no incident of itself; name another ticket.")
    after = next_version(ticket, now, problem=command.problem)
    return changed(after, command.by, ("problem",), Changed(problem=command.problem))


MOVE = Move(
    name="link_problem",
    place=180,
    summary="Link to a problem",
    description="Support staff and services. The problem is a ticket at work; solving it can solve its incidents.",
    command=LinkProblem,
    rule=link_problem,
    staff=ABOUT,
    body=LinkProblemIn,
    shown=Shown.ACTION,
)
