"""Ask: a question only the requester can answer. Pure."""

from dataclasses import dataclass
from datetime import datetime

from services.contract.moves import Shown
from services.intake.rules.body import MessageIn
from services.intake.rules.decision import next_version, with_message
from services.intake.rules.move import WORKING, Move, Order
from services.intake.rules.ticket import Decision, Message, Ticket
from services.promises import standing


@dataclass(frozen=True)
class Ask(Order):
    """A question only the requester can answer: the ticket waits for them."""

    message: Message


def ask(command: Ask, ticket: Ticket, now: datetime) -> Decision:
    """Ask the requester: the ticket waits for their answer. Reminder and closing count from the last question."""
    after = next_version(ticket, now, standing.asked(ticket.standing, now))
    return with_message(ticket, after, command.by, command.message, asks=True)


MOVE = Move(
    name="ask",
    place=20,
    summary="Ask the requester",
    description="Support staff and services. The ticket is pending from then on, and its clock runs.",
    command=Ask,
    rule=ask,
    staff=WORKING,
    body=MessageIn,
    order=lambda given, _, __: Ask(given.by, given.said()),
    shown=Shown.MESSAGE,
    key="a",
)
