"""Snooze: hide the ticket until an instant, then remind somebody of it. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pydantic import AwareDatetime

from services.contract.errors import Invalid
from services.contract.event_data import Actor, Contact
from services.contract.limits import SNOOZED_MAX
from services.contract.moves import Shown
from services.intake.history.line import HistoryLine, Line
from services.intake.history.teller import Teller
from services.intake.rules.body import Input
from services.intake.rules.decision import next_version
from services.intake.rules.deed import Deed
from services.intake.rules.move import WORKING, Given, Move, Order
from services.intake.rules.ticket import Decision, Entry, Ticket
from services.promises import standing


@dataclass(frozen=True)
class Snooze(Order):
    """Hide the ticket until an instant, then remind `who`; None ends the snooze. So does a reply by the requester."""

    who: Contact | None
    until: datetime | None


class SnoozeIn(Input):
    """When to be reminded; null to have it back now."""

    until: AwareDatetime | None


class Snoozed(Line):
    """The ticket is out of sight until an instant, when `who` is reminded; None: it is back in sight."""

    TYPE: ClassVar[str] = "snoozed"

    until: AwareDatetime | None = None
    who: str | None = None

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Says who is reminded, and when."""
        if self.until is None:
            return HistoryLine(t.say("unsnoozed", who=t.who(by)))
        return HistoryLine(t.say("snoozed", who=self.who or t.who(by), until=t.short(self.until)))


def snooze(command: Snooze, ticket: Ticket, now: datetime) -> Decision:
    """Hide the ticket until an instant, then remind `who`; None ends the snooze. A reply by the requester ends it too.

    Raises Invalid for a time in the past or more than `SNOOZED_MAX` ahead.
    """
    if command.until is not None and not now < command.until <= now + SNOOZED_MAX:
        raise Invalid("Give an instant in the coming year.")
    who = command.who if command.until else None
    if (command.until, who) == (ticket.standing.snoozed_until, ticket.snoozed_by):
        return Decision(ticket)
    after = next_version(ticket, now, standing.snoozed(ticket.standing, command.until), snoozed_by=who)
    line = Snoozed(until=command.until, who=who.name if who else None)
    return Decision(after, (), (Entry(line, command.by, public=False),))


def _order(given: Given, body: SnoozeIn, _ticket: Ticket) -> Snooze:
    if body.until is not None and given.who is None:
        raise Invalid("A service is nobody to remind.")
    return Snooze(given.by, given.who, body.until)


def _relived(line: Snoozed, _said: bool) -> Deed:
    return Deed("snooze", True, lambda lived, _at: standing.snoozed(lived.stands, line.until))


MOVE = Move(
    name="snooze",
    place=160,
    summary="Be reminded of it",
    description="Support staff. Out of the views of work until then, or until the requester says "
    "something; null ends it.",
    command=Snooze,
    rule=snooze,
    staff=WORKING,
    body=SnoozeIn,
    order=_order,
    lines=(Snoozed,),
    relived={Snoozed: _relived},
    shown=Shown.ACTION,
    key="z",
)
