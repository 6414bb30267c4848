"""Ship: the release with the change is out, which solves the parked ticket. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pydantic import Field

from services.contract.errors import Invalid, MoveRefused
from services.contract.event_data import Actor
from services.contract.events import TicketShipped
from services.intake.history.line import HistoryLine, Line, with_words
from services.intake.history.stored import Stored
from services.intake.history.teller import Teller
from services.intake.rules.body import Input, Note
from services.intake.rules.decision import closes_at, next_version, with_message
from services.intake.rules.deed import Deed, ending
from services.intake.rules.move import PARKED, Given, Many, Move, Order, at
from services.intake.rules.ticket import Decision, Entry, Ticket
from services.promises import standing


@dataclass(frozen=True)
class Ship(Order):
    """The release with the change is out: it solves the parked ticket."""

    release: str
    note: str = ""


class ShipIn(Input):
    """What the release brings."""

    note: Note = Field(default="", examples=["Labels print in colour."])


class ReleaseKept(Stored):
    """The release that is out, and a note about what it brings."""

    release: str
    note: str = ""


class Shipped(Line):
    """A release brought the change."""

    TYPE: ClassVar[str] = "shipped"

    release: str
    note: str = ""

    def told(self, t: Teller, _by: Actor) -> HistoryLine:
        """Names the release, and says what it brings."""
        return with_words(t, t.say("shipped", release=self.release), self.note)


def ship(command: Ship, ticket: Ticket, now: datetime) -> Decision:
    """Solve the ticket by a release. TicketShipped notifies the requester, so the status event is marked as told."""
    answered = standing.support_replied(ticket.standing, now)
    after = next_version(ticket, now, standing.solved(answered, now), snoozed_by=None)
    event = TicketShipped(
        ticket=after.facts(), by=command.by, release=command.release, note=command.note, closes_at=closes_at(after)
    )
    entry = Entry(Shipped(release=command.release, note=command.note), command.by)
    return with_message(ticket, after, command.by, None, also=(event,), entries=(entry,), announced=True)


def _order(given: Given, body: ShipIn, ticket: Ticket) -> Ship:
    if ticket.parking is None or ticket.parking.release is None:
        raise Invalid(f"Ticket {ticket.number} is planned in no release; plan it first.")
    return Ship(given.by, ticket.parking.release, body.note)


def _of_many(given: Given, facts: ReleaseKept, ticket: Ticket) -> Ship:
    if ticket.parking is None or ticket.parking.release != facts.release:
        raise MoveRefused(f"Ticket {ticket.number} is not planned in release {facts.release} any more.")
    return Ship(given.by, facts.release, facts.note)


MOVE = Move(
    name="ship",
    place=150,
    summary="Ship to one ticket",
    description="""The product director and admins: what this ticket was planned in is there for this requester already.

`POST /releases/{name}/ship` does it to everything planned in a release.""",
    command=Ship,
    rule=ship,
    staff=at(PARKED),
    directors=True,
    body=ShipIn,
    order=_order,
    lines=(Shipped,),
    relived={Shipped: lambda _, __: Deed("ship", True, ending(standing.solved, answers=True))},
    many=(Many("ship", ReleaseKept, _of_many),),
)
