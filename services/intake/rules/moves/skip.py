"""Skip: cancel an automatic step. Pure."""

from dataclasses import dataclass
from datetime import datetime

from services.contract.moves import Shown
from services.contract.vocabulary import DeadlineKind
from services.intake.rules.move import Move, Order
from services.intake.rules.steps import WITH_STEPS, StepIn, moved_step, step_coming
from services.intake.rules.ticket import Decision, Ticket


@dataclass(frozen=True)
class Skip(Order):
    """Cancel an automatic step."""

    kind: DeadlineKind


def skip(command: Skip, ticket: Ticket, now: datetime) -> Decision:
    """Cancel an automatic step. Raises Invalid where it is not coming."""
    return moved_step(ticket, step_coming(ticket, command.kind), None, command.by, now, "skipped")


MOVE = Move(
    name="skip",
    place=310,
    summary="Skip an automatic step",
    description="Support staff and services.",
    command=Skip,
    rule=skip,
    staff=WITH_STEPS,
    body=StepIn,
    order=lambda given, body, _: Skip(given.by, body.step),
    shown=Shown.STEP,
)
