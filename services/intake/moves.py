"""Which command a ticket's status allows, as one table. What is not in it is refused, saying what is."""

from services.errors import MoveRefused
from services.intake.tickets import Ticket
from services.vocabulary import ClosedReason, Status

_AT_WORK = ("assign", "reply", "note", "ask", "solve")

STAFF_MOVES: dict[tuple[Status, ClosedReason | None], tuple[str, ...]] = {
    (Status.NEW, None): _AT_WORK,
    (Status.OPEN, None): _AT_WORK,
    (Status.PENDING, None): _AT_WORK,
    (Status.PARKED, None): _AT_WORK,
    (Status.SOLVED, None): ("assign", "reply", "note", "reopen"),
    (Status.CLOSED, ClosedReason.NO_RESPONSE): ("note", "reopen"),
    (Status.CLOSED, ClosedReason.FINALISED): ("note",),
    (Status.CLOSED, ClosedReason.MERGED): ("note",),
    (Status.CLOSED, ClosedReason.SPAM): ("note",),
}
"""What support may do. A ticket that is not closed has no reason."""

REQUESTER_MOVES: dict[tuple[Status, ClosedReason | None], tuple[str, ...]] = {
    (Status.NEW, None): ("reply",),
    (Status.OPEN, None): ("reply",),
    (Status.PENDING, None): ("reply",),
    (Status.PARKED, None): ("reply",),
    (Status.SOLVED, None): ("reply",),
    (Status.CLOSED, ClosedReason.NO_RESPONSE): ("reply",),
    (Status.CLOSED, ClosedReason.FINALISED): ("follow_up",),
    (Status.CLOSED, ClosedReason.MERGED): (),
    (Status.CLOSED, ClosedReason.SPAM): (),
}
"""What the requester's side may do; `follow_up` is a reply that opens a new, linked ticket."""


def moves(ticket: Ticket, *, staff: bool) -> tuple[str, ...]:
    """The commands the ticket allows now to support, or to the requester's side."""
    table = STAFF_MOVES if staff else REQUESTER_MOVES
    rated = ("rate",) if not staff and ticket.surveyed_at else ()
    return table[ticket.status, ticket.closed_reason] + rated


def must_allow(ticket: Ticket, move: str, *, staff: bool) -> None:
    """Raises MoveRefused, which names what is allowed, where the ticket does not allow the move."""
    allowed = moves(ticket, staff=staff)
    if move not in allowed:
        state = f"{ticket.status} ({ticket.closed_reason})" if ticket.closed_reason else str(ticket.status)
        instead = f"allowed now: {', '.join(allowed)}" if allowed else "nothing is allowed any more"
        raise MoveRefused(
            f"Ticket {ticket.number} is {state}, which does not allow '{move}'; {instead}.",
            status_now=ticket.status.value,
            allowed=list(allowed),
        )
