"""Spam: close the ticket without telling anybody. Pure."""

from dataclasses import dataclass
from datetime import datetime

from services.contract.moves import Shown
from services.contract.vocabulary import ClosedReason
from services.intake.history.stored import Stored
from services.intake.rules.body import NothingIn
from services.intake.rules.decision import next_version, with_message
from services.intake.rules.many import NothingKept
from services.intake.rules.move import WORKING, Given, Many, Move, Order
from services.intake.rules.moves.take_back import ENDING
from services.intake.rules.ticket import Decision, Ticket
from services.promises import standing


@dataclass(frozen=True)
class MarkSpam(Order):
    """The ticket is spam: close it without telling anybody."""


def mark_spam(command: MarkSpam, ticket: Ticket, now: datetime) -> Decision:
    """Close the ticket as spam, without notifying anybody."""
    after = next_version(ticket, now, standing.closed(ticket.standing, now, ClosedReason.SPAM), snoozed_by=None)
    return with_message(ticket, after, command.by, None, announced=True)


def _of_many(given: Given, _facts: Stored, _ticket: Ticket) -> MarkSpam:
    return MarkSpam(given.by)


MOVE = Move(
    name="spam",
    place=210,
    summary="Mark as spam",
    description="Support staff and services. The ticket is closed, and nobody is told.",
    command=MarkSpam,
    rule=mark_spam,
    staff=WORKING,
    body=NothingIn,
    order=lambda given, _, __: MarkSpam(given.by),
    many=(Many("spam", NothingKept, _of_many, body=NothingIn, undo=ENDING),),
    shown=Shown.ACTION,
    operation="mark_spam",
)
