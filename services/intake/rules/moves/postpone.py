"""Postpone: move an automatic step to another time, later or earlier. Pure."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import AwareDatetime

from services.contract.errors import Invalid
from services.contract.limits import POSTPONED_MAX
from services.contract.moves import Shown
from services.contract.vocabulary import DeadlineKind
from services.intake.rules.deed import Deed
from services.intake.rules.move import PENDING, Move, Order, at
from services.intake.rules.steps import WITH_STEPS, Postponed, StepIn, moved_step, relived_step, step_coming
from services.intake.rules.ticket import Decision, Ticket
from services.promises import standing

REQUESTERS_STEPS = frozenset({DeadlineKind.CLOSURE})


@dataclass(frozen=True)
class Postpone(Order):
    """Move an automatic step to another time, later or earlier."""

    kind: DeadlineKind
    until: datetime


class PostponeIn(StepIn):
    """When an automatic step is to come instead."""

    until: AwareDatetime


def postpone(command: Postpone, ticket: Ticket, now: datetime) -> Decision:
    """Move an automatic step to another time; a requester may move only the closing of their ticket.

    Moving it to the same time again changes nothing. Raises Invalid for a step that is not coming or that the person
    may not move, and for a time in the past or more than `POSTPONED_MAX` ahead.
    """
    if ticket.is_requesters(command.by) and command.kind not in REQUESTERS_STEPS:
        raise Invalid(f"Only support may move the {command.kind}; you may move the closure.")
    if not now < command.until <= now + POSTPONED_MAX:
        raise Invalid("Give an instant in the coming year.")
    deadline = step_coming(ticket, command.kind)
    # An equal date is not enough: without an override, the step would still move when the promises change.
    if deadline.due_at == command.until and standing.Override(command.kind, command.until) in ticket.standing.overrides:
        return Decision(ticket)
    return moved_step(ticket, deadline, command.until, command.by, now, "asked")


def _relived(line: Postponed, _said: bool) -> Deed:
    return Deed("postpone", True, relived_step(line))


MOVE = Move(
    name="postpone",
    place=300,
    summary="Move an automatic step",
    description="Support staff and services, to later or earlier; the requester's side the closing of a "
    "pending ticket only.",
    command=Postpone,
    rule=postpone,
    staff=WITH_STEPS,
    requester=at(PENDING),
    body=PostponeIn,
    order=lambda given, body, _: Postpone(given.by, body.step, body.until),
    lines=(Postponed,),
    relived={Postponed: _relived},
    shown=Shown.STEP,
    by_link=True,
)
