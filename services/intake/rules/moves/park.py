"""Park: the ticket needs a change of the software. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pydantic import Field

from services.contract.event_data import Actor
from services.contract.moves import Shown
from services.contract.vocabulary import Effort
from services.intake.history.line import HistoryLine, Line, with_words
from services.intake.history.teller import Teller
from services.intake.rules.body import Note, OptionalMessageIn
from services.intake.rules.decision import next_version, with_message
from services.intake.rules.deed import Deed, perhaps_answering
from services.intake.rules.move import WORKING, Move, Order
from services.intake.rules.ticket import Decision, Entry, Message, Parking, Ticket
from services.promises import standing


@dataclass(frozen=True)
class Park(Order):
    """The ticket needs a change of the software: the product director decides if and when. `note` is internal."""

    workaround: bool
    effort: Effort
    note: str
    message: Message | None = None


class ParkIn(OptionalMessageIn):
    """What the product director decides on. `note` is internal, `text` is for the requester."""

    workaround: bool
    effort: Effort
    note: Note = Field(examples=["The driver needs replacing."])


class Parked(Line):
    """The ticket needs a change of the software."""

    TYPE: ClassVar[str] = "parked"

    workaround: bool
    effort: Effort
    note: str = ""

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Says what the product director decides on."""
        workaround = t.say("with_workaround" if self.workaround else "without_workaround")
        sentence = t.say("parked", who=t.who(by), effort=t.say(f"effort.{self.effort}"), workaround=workaround)
        return with_words(t, sentence, self.note)


def park(command: Park, ticket: Ticket, now: datetime) -> Decision:
    """Park the ticket on the product director's board, with or without a message to the requester."""
    parking = Parking(workaround=command.workaround, effort=command.effort, note=command.note, at=now)
    answered = standing.support_replied(ticket.standing, now) if command.message else ticket.standing
    after = next_version(ticket, now, standing.parked(answered, now), parking=parking)
    line = Parked(workaround=command.workaround, effort=command.effort, note=command.note)
    return with_message(ticket, after, command.by, command.message, entries=(Entry(line, command.by, public=False),))


def _relived(_: Parked, said: bool) -> Deed:
    return Deed("park", True, perhaps_answering(standing.parked, answers=said))


MOVE = Move(
    name="park",
    place=120,
    summary="Park",
    description="Support staff and services. It needs a change of the software: the product director "
    "decides if and when.",
    command=Park,
    rule=park,
    staff=WORKING,
    body=ParkIn,
    order=lambda given, body, _: Park(given.by, body.workaround, body.effort, body.note, given.message),
    lines=(Parked,),
    relived={Parked: _relived},
    shown=Shown.ACTION,
    key="p",
)
