"""Merge: close the ticket and go on as another one, of the same requester or organisation. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.contract.errors import Invalid
from services.contract.event_data import Actor
from services.contract.events import TicketMerged
from services.contract.moves import Shown
from services.contract.vocabulary import ClosedReason
from services.intake.history.line import HistoryLine, Line
from services.intake.history.teller import Teller
from services.intake.rules.body import Input, TicketNumber
from services.intake.rules.decision import next_version, with_message
from services.intake.rules.deed import Deed, simply
from services.intake.rules.move import WORKING, Move, Order
from services.intake.rules.ticket import Decision, Entry, Ticket
from services.promises import standing
from services.promises.standing import Standing


@dataclass(frozen=True)
class Merge(Order):
    """Merge this ticket into another one (`into`), of the same requester or organisation. This one is closed."""

    into: int


class MergeIn(Input):
    """The ticket to go on as."""

    into: TicketNumber


class Merged(Line):
    """The ticket went on as another one."""

    TYPE: ClassVar[str] = "merged"

    into: int

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Names the other ticket."""
        return HistoryLine(t.say("merged", who=t.who(by), number=self.into))


def merge(command: Merge, ticket: Ticket, now: datetime) -> Decision:
    """Close the ticket as merged into another one. TicketMerged notifies people; the status event is marked as told."""
    if command.into == ticket.number:
        raise Invalid("A ticket cannot be merged into itself; name another ticket.")
    after = next_version(ticket, now, _ended(ticket.standing, now), merged_into=command.into, snoozed_by=None)
    event = TicketMerged(ticket=after.facts(), by=command.by, into=command.into)
    entry = Entry(Merged(into=command.into), command.by)
    return with_message(ticket, after, command.by, None, also=(event,), entries=(entry,), announced=True)


def _ended(before: Standing, now: datetime) -> Standing:
    return standing.closed(before, now, ClosedReason.MERGED)


MOVE = Move(
    name="merge",
    place=170,
    summary="Merge into another ticket",
    description="""Support staff and services. Both are of one requester or organisation, and the other one is at work.

This one ends; what is said to it from then on is said to the other.""",
    command=Merge,
    rule=merge,
    staff=WORKING,
    body=MergeIn,
    order=lambda given, body, _: Merge(given.by, body.into),
    lines=(Merged,),
    relived={Merged: lambda _, __: Deed("merge", True, simply(_ended))},
    shown=Shown.ACTION,
    key="m",
    operation="merge_into",
)
