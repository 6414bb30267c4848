"""Decline: the product director decides against the change. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.contract.event_data import Actor
from services.contract.moves import Shown
from services.intake.history.line import HistoryLine, Line
from services.intake.history.teller import Teller
from services.intake.rules.body import MessageIn
from services.intake.rules.decision import next_version, with_message
from services.intake.rules.deed import Deed, ending
from services.intake.rules.move import PARKED, Move, Order, at
from services.intake.rules.ticket import Decision, Entry, Message, Ticket
from services.promises import standing


@dataclass(frozen=True)
class Decline(Order):
    """The product director decides against the change: the message gives the reason and solves the ticket."""

    message: Message


class Declined(Line):
    """The product director decided against the change; the message with the line says why."""

    TYPE: ClassVar[str] = "declined"

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Says who decided."""
        return HistoryLine(t.say("declined", who=t.who(by)))


def decline(command: Decline, ticket: Ticket, now: datetime) -> Decision:
    """Decide against the change: the message with the reason is a public reply, and solves the ticket."""
    answered = standing.support_replied(ticket.standing, now)
    after = next_version(ticket, now, standing.solved(answered, now), snoozed_by=None)
    return with_message(ticket, after, command.by, command.message, entries=(Entry(Declined(), command.by),))


MOVE = Move(
    name="decline",
    place=140,
    summary="Decline",
    description="The product director and admins: it will not be built. The reason is the answer, and "
    "solves the ticket.",
    command=Decline,
    rule=decline,
    staff=at(PARKED),
    directors=True,
    body=MessageIn,
    order=lambda given, _, __: Decline(given.by, given.said()),
    lines=(Declined,),
    relived={Declined: lambda _, __: Deed("decline", True, ending(standing.solved, answers=True))},
    shown=Shown.ACTION,
)
