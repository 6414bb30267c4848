"""Confirm solved: the requester's side says that it needs no answer any more. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.contract.event_data import Actor
from services.contract.moves import Shown
from services.intake.history.line import HistoryLine, Line
from services.intake.history.teller import Teller
from services.intake.rules.body import NothingIn
from services.intake.rules.decision import next_version, with_message
from services.intake.rules.deed import Deed, simply
from services.intake.rules.move import WORKING, Move, Order
from services.intake.rules.ticket import Decision, Entry, Ticket
from services.promises import standing


@dataclass(frozen=True)
class ConfirmSolved(Order):
    """The requester says that the ticket is solved."""


class ConfirmedSolved(Line):
    """The requester's side said that it is solved."""

    TYPE: ClassVar[str] = "confirmed_solved"

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Says who said so."""
        return HistoryLine(t.say("confirmed_solved", who=t.who(by)))


def confirm_solved(command: ConfirmSolved, ticket: Ticket, now: datetime) -> Decision:
    """The requester says that it is solved. They get no mail about it, because they did it themselves."""
    after = next_version(ticket, now, standing.solved(ticket.standing, now), snoozed_by=None)
    return with_message(ticket, after, command.by, None, entries=(Entry(ConfirmedSolved(), command.by),))


MOVE = Move(
    name="confirm_solved",
    place=60,
    summary="Say that it is solved",
    description="The requester's side. Nothing needs an answer any more.",
    command=ConfirmSolved,
    rule=confirm_solved,
    requester=WORKING,
    body=NothingIn,
    order=lambda given, _, __: ConfirmSolved(given.by),
    lines=(ConfirmedSolved,),
    relived={ConfirmedSolved: lambda _, __: Deed("confirm_solved", False, simply(standing.solved))},
    shown=Shown.ACTION,
    by_link=True,
)
