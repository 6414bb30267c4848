"""Do now: carry out an automatic step at once instead of waiting for it. Pure."""

from dataclasses import dataclass
from datetime import datetime

from services.contract.errors import MoveRefused
from services.contract.moves import Shown
from services.contract.vocabulary import DeadlineKind, Status
from services.intake.history.shared_lines import DeadlineMet
from services.intake.history.stored import Stored
from services.intake.rules.body import NothingIn
from services.intake.rules.deadline_due import carried_out
from services.intake.rules.deed import Deed, Lived
from services.intake.rules.many import NothingKept
from services.intake.rules.move import Given, Many, Move, Order
from services.intake.rules.steps import WITH_STEPS, StepIn, is_coming, step_coming
from services.intake.rules.ticket import Decision, Ticket
from services.promises import standing
from services.promises.standing import Standing

CLOSING_STEP = {Status.PENDING: DeadlineKind.CLOSURE, Status.SOLVED: DeadlineKind.FINALISATION}
"""The automatic step that closes a ticket, by status. The bulk command `close` carries out this step now."""


@dataclass(frozen=True)
class DoNow(Order):
    """Carry out an automatic step now."""

    kind: DeadlineKind


def do_now(command: DoNow, ticket: Ticket, now: datetime) -> Decision:
    """Carry out an automatic step now instead of waiting for it. Raises Invalid where it is not coming."""
    return carried_out(ticket, step_coming(ticket, command.kind), command.by, now)


def _close(given: Given, _facts: Stored, ticket: Ticket) -> DoNow:
    step = CLOSING_STEP.get(ticket.status)
    if step is None:
        raise MoveRefused(
            f"Ticket {ticket.number} is {ticket.status}: only a pending or a solved one can be closed; solve it first."
        )
    return DoNow(given.by, step)


def _relived(line: DeadlineMet, _said: bool) -> Deed:
    def act(lived: Lived, at: datetime) -> Standing | None:
        return standing.after_deadline(lived.stands, line.deadline, at) if is_coming(lived, line.deadline) else None

    return Deed("do_now", True, act)


MOVE = Move(
    name="do_now",
    place=320,
    summary="Take an automatic step now",
    description="Support staff and services.",
    command=DoNow,
    rule=do_now,
    staff=WITH_STEPS,
    body=StepIn,
    order=lambda given, body, _: DoNow(given.by, body.step),
    relived={DeadlineMet: _relived},
    many=(Many("close", NothingKept, _close, body=NothingIn),),
    shown=Shown.STEP,
)
