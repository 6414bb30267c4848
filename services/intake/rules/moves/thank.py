"""Thank: the requester's last word was only a thank-you, so a solved ticket stays solved, or is so again. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.contract.errors import Invalid
from services.contract.event_data import Actor, EventData
from services.contract.events import TicketThanked
from services.contract.moves import Shown
from services.contract.vocabulary import Status
from services.intake.history.line import HistoryLine, Line
from services.intake.history.shared_lines import Said
from services.intake.history.teller import Teller
from services.intake.rules.body import OptionalMessageIn
from services.intake.rules.decision import moved, moved_entry, next_version
from services.intake.rules.deed import Deed, Lived
from services.intake.rules.move import OPEN, SOLVED, Given, Move, Order, at
from services.intake.rules.ticket import Decision, Entry, Message, Ticket
from services.promises import standing
from services.promises.standing import Standing


@dataclass(frozen=True)
class Thank(Order):
    """The requester only says thank you, with or without words; or support sees that their last message only did."""

    message: Message | None = None


class Thanked(Line):
    """The requester only said thank you; with `took_back`, support saw so after the message had reopened the ticket."""

    TYPE: ClassVar[str] = "thanked"

    took_back: bool = False

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Says who thanked, or who saw that it was only that."""
        return HistoryLine(t.say("only_thanks" if self.took_back else "thanked", who=t.who(by)))


def thank(command: Thank, ticket: Ticket, now: datetime) -> Decision:
    """Keep a solved ticket solved, or take back that a message reopened it: it is finalised when it was to be before.

    Nobody is mailed: the requester knows the ticket as solved, and nothing is asked of support.
    """
    took_back = standing.is_reopened_by_message(ticket.standing)
    stands = standing.not_reopened(ticket.standing) if took_back else ticket.standing
    own = {"reopened": ticket.reopened - 1, "snoozed_by": None} if took_back else {}
    after = next_version(ticket, now, stands, **own)
    said = command.message
    event = TicketThanked(ticket=after.facts(), by=command.by, comment=said.facts(command.by) if said else None)
    events: tuple[EventData, ...] = (event, *moved(ticket, after, command.by, announced=True))
    words = (Entry(Said(), command.by, said),) if said else ()
    line = Entry(Thanked(took_back=took_back), command.by)
    return Decision(after, events, (*words, line, *moved_entry(ticket, after, command.by)))


def _order(given: Given, _body: OptionalMessageIn, ticket: Ticket) -> Thank:
    if given.message and not ticket.is_requesters(given.by):
        raise Invalid("The words of a thank-you are the requester's; write a reply.")
    return Thank(given.by, given.message)


def _relived(line: Thanked, _said: bool) -> Deed:
    def act(lived: Lived, _at: datetime) -> Standing | None:
        return standing.not_reopened(lived.stands) if standing.is_reopened_by_message(lived.stands) else None

    return Deed("thank", line.took_back, act)


MOVE = Move(
    name="thank",
    place=12,
    summary="Say no more than thank you",
    description="The requester's side, to a solved ticket: it stays solved. Support staff and services, after a "
    "message of the requester's side reopened one: it is solved again, as if it had not been reopened.",
    command=Thank,
    rule=thank,
    staff=at(OPEN),
    requester=at(SOLVED),
    when=lambda ticket: ticket.status is Status.SOLVED or standing.is_reopened_by_message(ticket.standing),
    body=OptionalMessageIn,
    order=_order,
    lines=(Thanked,),
    relived={Thanked: _relived},
    shown=Shown.NEWEST,
    key="y",
    shown_requester=Shown.MESSAGE,
)
