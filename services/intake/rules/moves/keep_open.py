"""Keep open: the requester needs more time to answer, so the wait for them begins again. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pydantic import AwareDatetime

from services.contract.event_data import Actor
from services.contract.events import TicketPostponed
from services.contract.moves import Shown
from services.contract.vocabulary import DeadlineKind
from services.intake.history.line import HistoryLine, Line
from services.intake.history.teller import Teller
from services.intake.rules.body import NothingIn
from services.intake.rules.decision import due, next_version
from services.intake.rules.deed import Deed, simply
from services.intake.rules.move import PENDING, Move, Order, at
from services.intake.rules.ticket import Decision, Entry, Ticket
from services.promises import standing


@dataclass(frozen=True)
class KeepOpen(Order):
    """The requester needs more time to answer: the times until reminder and closing count from now again."""


class KeptOpen(Line):
    """The wait for the requester began again; without an answer the ticket closes then."""

    TYPE: ClassVar[str] = "kept_open"

    closes_at: AwareDatetime | None = None
    closed_at_before: AwareDatetime | None = None

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Says until when, if the clock closes it."""
        if self.closes_at is None:
            return HistoryLine(t.say("kept_open", who=t.who(by)))
        return HistoryLine(t.say("kept_open_until", who=t.who(by), until=t.short(self.closes_at)))


def keep_open(command: KeepOpen, ticket: Ticket, now: datetime) -> Decision:
    """Start the wait for the requester again: the times until reminder and closing count from `now`."""
    after = next_version(ticket, now, standing.kept_open(ticket.standing, now))
    until = due(after, DeadlineKind.CLOSURE)
    event = TicketPostponed(
        ticket=after.facts(), by=command.by, step=DeadlineKind.CLOSURE, until=until, reason="kept_open"
    )
    line = KeptOpen(closes_at=until, closed_at_before=due(ticket, DeadlineKind.CLOSURE))
    return Decision(after, (event,), (Entry(line, command.by),))


MOVE = Move(
    name="keep_open",
    place=165,
    summary="Keep open",
    description="Either side. A pending ticket waits again for as long as when the question was asked.",
    command=KeepOpen,
    rule=keep_open,
    staff=at(PENDING),
    requester=at(PENDING),
    body=NothingIn,
    order=lambda given, _, __: KeepOpen(given.by),
    lines=(KeptOpen,),
    relived={KeptOpen: lambda _, __: Deed("keep_open", True, simply(standing.kept_open))},
    shown=Shown.ACTION,
    by_link=True,
)
