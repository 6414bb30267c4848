"""Share: let a colleague of another department see the ticket, notes included; or no longer. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from services.contract.event_data import Actor, Contact
from services.contract.events import TicketShared
from services.contract.moves import Shown
from services.intake.history.line import HistoryLine, Line
from services.intake.history.teller import Teller
from services.intake.rules.body import Input
from services.intake.rules.decision import next_version
from services.intake.rules.move import ABOUT, Move, Order
from services.intake.rules.ticket import Decision, Entry, Ticket


@dataclass(frozen=True)
class Share(Order):
    """Share the ticket, notes included, with a colleague of another department; or stop sharing it."""

    colleague: Contact
    shared: bool = True


class ShareIn(Input):
    """The colleague who may see the ticket; or, with `shared` false, no longer."""

    person_id: UUID
    shared: bool = True


class Shared(Line):
    """A colleague may see the ticket, or no longer."""

    TYPE: ClassVar[str] = "shared"

    colleague: str
    shared: bool = True

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Names the colleague."""
        return HistoryLine(t.say("shared" if self.shared else "unshared", who=t.who(by), name=self.colleague))


def share(command: Share, ticket: Ticket, now: datetime) -> Decision:
    """Share the ticket, notes included, with a colleague of another department; or stop sharing it."""
    others = tuple(each for each in ticket.colleagues if each.person_id != command.colleague.person_id)
    if (len(others) < len(ticket.colleagues)) == command.shared:
        return Decision(ticket)
    after = next_version(ticket, now, colleagues=(*others, command.colleague) if command.shared else others)
    event = TicketShared(ticket=after.facts(), by=command.by, colleague=command.colleague, shared=command.shared)
    line = Shared(colleague=command.colleague.name, shared=command.shared)
    return Decision(after, (event,), (Entry(line, command.by, public=False),))


MOVE = Move(
    name="share",
    place=200,
    summary="Share with a colleague",
    description="Support staff and services. The colleague sees the ticket with its notes, and may write some.",
    command=Share,
    rule=share,
    staff=ABOUT,
    body=ShareIn,
    lines=(Shared,),
    shown=Shown.ACTION,
)
