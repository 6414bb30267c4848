"""Plan: the product director puts a parked ticket in a release. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pydantic import Field

from services.contract.event_data import Actor
from services.contract.events import TicketPlanned
from services.contract.moves import Shown
from services.intake.history.line import HistoryLine, Line
from services.intake.history.teller import Teller
from services.intake.rules.body import Input, ReleaseName
from services.intake.rules.decision import next_version
from services.intake.rules.move import PARKED, Move, Order, at
from services.intake.rules.ticket import Decision, Entry, Ticket


@dataclass(frozen=True)
class Plan(Order):
    """The product director plans a parked ticket in a release, or moves it to another release."""

    release: str


class PlanIn(Input):
    """The release the change will be in."""

    release: ReleaseName = Field(examples=["4.2"])


class Planned(Line):
    """The change will be in this release."""

    TYPE: ClassVar[str] = "planned"

    release: str

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Names the release."""
        return HistoryLine(t.say("planned", who=t.who(by), release=self.release))


def plan(command: Plan, ticket: Ticket, now: datetime) -> Decision:
    """Plan a parked ticket in a release, or move it to another release."""
    if ticket.parking is None or ticket.parking.release == command.release:
        return Decision(ticket)
    parking = ticket.parking.model_copy(update={"release": command.release})
    after = next_version(ticket, now, parking=parking)
    event = TicketPlanned(ticket=after.facts(), by=command.by, release=command.release)
    return Decision(after, (event,), (Entry(Planned(release=command.release), command.by),))


MOVE = Move(
    name="plan",
    place=130,
    summary="Plan in a release",
    description="The product director and admins: a parked ticket, or one planned in another release.",
    command=Plan,
    rule=plan,
    staff=at(PARKED),
    directors=True,
    body=PlanIn,
    order=lambda given, body, _: Plan(given.by, body.release),
    lines=(Planned,),
    shown=Shown.ACTION,
)
