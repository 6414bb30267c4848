"""Reply: a public message of either side. Pure."""

from dataclasses import dataclass
from datetime import datetime

from services.contract.moves import Shown
from services.intake.rules.body import MessageIn
from services.intake.rules.decision import next_version, with_message
from services.intake.rules.move import ABOUT, SOLVED, WORKING, Move, Order
from services.intake.rules.ticket import Decision, Message, Ticket
from services.promises import standing


@dataclass(frozen=True)
class Reply(Order):
    """A public message, of support or of the requester's side."""

    message: Message


def reply(command: Reply, ticket: Ticket, now: datetime) -> Decision:
    """A public message of either side. The requester's side ends waiting and snoozing, and reopens an ended ticket."""
    of_requester = ticket.is_requesters(command.by)
    after = (standing.requester_replied if of_requester else standing.support_replied)(ticket.standing, now)
    snoozed = {"snoozed_by": None} if of_requester else {}
    return with_message(ticket, next_version(ticket, now, after, **snoozed), command.by, command.message)


MOVE = Move(
    name="reply",
    place=10,
    summary="Send a public message",
    description="""Either side. The requester's answer opens a pending, solved or unanswered ticket again.

To a merged ticket it goes on to the one it was merged into: the answer then is that ticket. To a finalised ticket
it opens a follow-up: the answer then is that new ticket, with status 201.""",
    command=Reply,
    rule=reply,
    staff=WORKING | {SOLVED},
    requester=ABOUT,
    body=MessageIn,
    order=lambda given, _, __: Reply(given.by, given.said()),
    shown=Shown.MESSAGE,
    key="r",
    operation="send_reply",
)
