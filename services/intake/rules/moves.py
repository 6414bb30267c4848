"""Which commands a ticket's status allows: a table for support and one for the requester's side.

A command that is not in the table is refused with an error that names those allowed.
"""

from services.contract.errors import MoveRefused
from services.contract.vocabulary import ClosedReason, Status
from services.intake.rules.ticket import Ticket

_ABOUT = ("tag", "change", "link_problem", "share")
"""Corrections of what the ticket is about: they change neither its status nor any deadline."""
_WORKING_MOVES = (
    "assign",
    "team",
    "reply",
    "note",
    "ask",
    "solve",
    "park",
    "prioritise",
    "snooze",
    "merge",
    "take_in",
    "spam",
    *_ABOUT,
)
_STEPS = ("postpone", "skip", "do_now")
"""Commands that change automatic steps."""

STAFF_MOVES: dict[tuple[Status, ClosedReason | None], tuple[str, ...]] = {
    (Status.NEW, None): _WORKING_MOVES,
    (Status.OPEN, None): _WORKING_MOVES,
    (Status.PENDING, None): (*_WORKING_MOVES, "keep_open", *_STEPS),
    (Status.PARKED, None): (*_WORKING_MOVES, "reopen", "plan", "decline", "ship"),
    (Status.SOLVED, None): ("assign", "team", "reply", "note", "reopen", *_ABOUT, *_STEPS),
    (Status.CLOSED, ClosedReason.NO_RESPONSE): ("note", "reopen", *_ABOUT),
    (Status.CLOSED, ClosedReason.FINALISED): ("note", "tag"),
    (Status.CLOSED, ClosedReason.MERGED): ("note", "tag"),
    (Status.CLOSED, ClosedReason.SPAM): ("note", "reopen"),
}
"""What support may do, by status and closed reason. Only a closed ticket has a reason."""

INWARD = frozenset({"take_in"})
"""Of these, commands that are part of another command (a merge): they are not offered to people."""
DIRECTORS_MOVES = frozenset({"plan", "decline", "ship"})
"""Of these, commands that only the product director and admins may give."""

REQUESTER_MOVES: dict[tuple[Status, ClosedReason | None], tuple[str, ...]] = {
    (Status.NEW, None): ("reply", "confirm_solved"),
    (Status.OPEN, None): ("reply", "confirm_solved"),
    (Status.PENDING, None): ("reply", "keep_open", "confirm_solved", "postpone"),
    (Status.PARKED, None): ("reply", "confirm_solved"),
    (Status.SOLVED, None): ("reply",),
    (Status.CLOSED, ClosedReason.NO_RESPONSE): ("reply",),
    (Status.CLOSED, ClosedReason.FINALISED): ("follow_up",),
    (Status.CLOSED, ClosedReason.MERGED): (),
    (Status.CLOSED, ClosedReason.SPAM): (),
}
"""What the requester's side may do; `follow_up` is a reply that opens a new, linked ticket."""


def moves(ticket: Ticket, *, staff: bool) -> tuple[str, ...]:
    """The commands that support (`staff`) or the requester's side may give to the ticket now."""
    table = STAFF_MOVES if staff else REQUESTER_MOVES
    rated = ("rate",) if not staff and ticket.surveyed_at else ()
    return table[ticket.status, ticket.closed_reason] + rated


def must_allow(ticket: Ticket, move: str, *, staff: bool) -> None:
    """Check that the ticket allows the move now. Raises MoveRefused, which names the moves allowed."""
    allowed = moves(ticket, staff=staff)
    if move not in allowed:
        state = f"{ticket.status} ({ticket.closed_reason})" if ticket.closed_reason else str(ticket.status)
        offered = [each for each in allowed if each not in INWARD]
        instead = f"allowed now: {', '.join(offered)}" if offered else "nothing is allowed any more"
        raise MoveRefused(
            f"Ticket {ticket.number} is {state}, which does not allow '{move}'; {instead}.",
            status_now=ticket.status.value,
            allowed=offered,
        )
