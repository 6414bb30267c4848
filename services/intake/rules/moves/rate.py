"""Rate: the requester's answer to the survey. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.contract.event_data import Actor
from services.contract.events import TicketRated
from services.intake.history.line import HistoryLine, Line, with_words
from services.intake.history.teller import Teller
from services.intake.rules.decision import next_version
from services.intake.rules.move import EVERYWHERE, Move, Order
from services.intake.rules.ticket import Decision, Entry, Rating, Ticket


@dataclass(frozen=True)
class Rate(Order):
    """The requester's answer to the survey; a later answer replaces an earlier one."""

    good: bool
    comment: str = ""


class Rated(Line):
    """The requester answered the survey."""

    TYPE: ClassVar[str] = "rated"

    good: bool
    comment: str = ""

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Says whether they were satisfied, and what they wrote."""
        return with_words(t, t.say("rated_good" if self.good else "rated_bad", who=t.who(by)), self.comment)


def rate(command: Rate, ticket: Ticket, now: datetime) -> Decision:
    """The requester's answer to the survey. A later answer replaces an earlier one."""
    if ticket.rating and (ticket.rating.good, ticket.rating.comment) == (command.good, command.comment):
        return Decision(ticket)
    after = next_version(ticket, now, rating=Rating(good=command.good, comment=command.comment, at=now))
    event = TicketRated(ticket=after.facts(), by=command.by, good=command.good, comment=command.comment)
    return Decision(after, (event,), (Entry(Rated(good=command.good, comment=command.comment), command.by),))


MOVE = Move(
    name="rate",
    place=500,
    description="Whoever has the link from the survey's mail: `POST /api/v1/survey`.",
    command=Rate,
    rule=rate,
    requester=EVERYWHERE,
    when=lambda ticket: ticket.surveyed_at is not None,
    lines=(Rated,),
)
