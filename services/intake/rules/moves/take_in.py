"""Take in: the other side of a merge; people of the merged ticket become followers of this one. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.contract.event_data import Actor, Contact
from services.contract.events import TicketChanged
from services.intake.history.line import HistoryLine, Line
from services.intake.history.teller import Teller
from services.intake.rules.decision import next_version
from services.intake.rules.move import WORKING, Move, Order
from services.intake.rules.ticket import Decision, Entry, Ticket
from services.promises import standing


@dataclass(frozen=True)
class TakeIn(Order):
    """The other side of a merge: this ticket continues the ticket `merged`, whose people become its followers."""

    merged: int
    requester: Contact
    followers: tuple[Contact, ...] = ()


class TookIn(Line):
    """Another ticket goes on as this one."""

    TYPE: ClassVar[str] = "took_in"

    merged: int

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Names the merged ticket."""
        return HistoryLine(t.say("took_in", who=t.who(by), number=self.merged))


def take_in(command: TakeIn, ticket: Ticket, now: datetime) -> Decision:
    """The other side of a merge: the merged ticket's requester and followers become followers of this ticket."""
    known = {each.person_id for each in (ticket.requester, *ticket.followers)}
    new = tuple(each for each in (command.requester, *command.followers) if each.person_id not in known)
    stands = standing.took_in(ticket.standing)
    after = next_version(ticket, now, stands, followers=(*ticket.followers, *dict.fromkeys(new)))
    event = TicketChanged(ticket=after.facts(), by=command.by, changed=("merged",))
    return Decision(after, (event,), (Entry(TookIn(merged=command.merged), command.by),))


MOVE = Move(
    name="take_in",
    place=171,
    command=TakeIn,
    rule=take_in,
    staff=WORKING,
    inward=True,
    lines=(TookIn,),
)
