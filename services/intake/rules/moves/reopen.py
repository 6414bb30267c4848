"""Reopen: support takes up again what ended too early. Pure."""

from dataclasses import dataclass
from datetime import datetime

from services.contract.moves import Shown
from services.intake.history.stored import Stored
from services.intake.rules.body import NothingIn, OptionalMessageIn
from services.intake.rules.decision import next_version, with_message
from services.intake.rules.many import NothingKept
from services.intake.rules.move import NO_RESPONSE, PARKED, SOLVED, SPAM, Given, Many, Move, Order, at
from services.intake.rules.ticket import Decision, Message, Ticket
from services.promises import standing


@dataclass(frozen=True)
class Reopen(Order):
    """Support reopens a solved, closed or parked ticket."""

    message: Message | None = None


def reopen(command: Reopen, ticket: Ticket, now: datetime) -> Decision:
    """Support reopens a ticket that ended too early, or a parked one that needs no change of the software after all."""
    after = standing.reopened(ticket.standing, now)
    if command.message:
        after = standing.support_replied(after, now)
    return with_message(ticket, next_version(ticket, now, after), command.by, command.message)


def _of_many(given: Given, _facts: Stored, _ticket: Ticket) -> Reopen:
    return Reopen(given.by)


MOVE = Move(
    name="reopen",
    place=50,
    summary="Take up again",
    description="Support staff and services: a parked or solved ticket, or one closed for want of an "
    "answer or as spam.",
    command=Reopen,
    rule=reopen,
    staff=at(PARKED, SOLVED, NO_RESPONSE, SPAM),
    body=OptionalMessageIn,
    order=lambda given, _, __: Reopen(given.by, given.message),
    many=(Many("reopen", NothingKept, _of_many, body=NothingIn),),
    shown=Shown.MESSAGE,
)
