"""Note: an internal message. Pure."""

from dataclasses import dataclass
from datetime import datetime

from services.contract.events import TicketNoted
from services.contract.moves import Shown
from services.intake.history.shared_lines import Said
from services.intake.rules.body import MessageIn
from services.intake.rules.decision import next_version
from services.intake.rules.move import EVERYWHERE, Move, Order
from services.intake.rules.ticket import Decision, Entry, Message, Ticket


@dataclass(frozen=True)
class Note(Order):
    """An internal note, never shown to the requester's side. Colleagues the ticket is shared with may write one too."""

    message: Message


def note(command: Note, ticket: Ticket, now: datetime) -> Decision:
    """An internal note. The requester's side never sees it, so it does not count as a reply."""
    after = next_version(ticket, now)
    event = TicketNoted(ticket=after.facts(), by=command.by, comment_id=command.message.comment_id)
    return Decision(after, (event,), (Entry(Said(), command.by, command.message, public=False),))


MOVE = Move(
    name="note",
    place=40,
    summary="Add an internal note",
    description="Support staff, services, and colleagues the ticket is shared with. The requester's side "
    "never sees it.",
    command=Note,
    rule=note,
    staff=EVERYWHERE,
    colleagues=True,
    body=MessageIn,
    order=lambda given, _, __: Note(given.by, given.said()),
    shown=Shown.MESSAGE,
    key="n",
    operation="add_note",
)
