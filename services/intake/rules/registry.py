"""All moves, found in `moves/`, and what follows from all of them together. Pure."""

from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from pydantic import ValidationError

from services.contract.errors import MoveRefused
from services.intake.history.line import Line, UnknownLine
from services.intake.history.shared_lines import Changed, DeadlineMet, Said, StatusChanged, Submitted
from services.intake.history.stored import VERSION_KEY
from services.intake.rules import moves as folder
from services.intake.rules.deed import Deed
from services.intake.rules.move import Many, Move, Order
from services.intake.rules.ticket import Decision, Ticket


def _found() -> list[Move]:
    names = [module.name for module in iter_modules(folder.__path__)]
    return [import_module(f"{folder.__name__}.{name}").MOVE for name in names]


MOVES: Mapping[str, Move] = {move.name: move for move in sorted(_found(), key=lambda move: (move.place, move.name))}
"""Every move by name, in the order in which moves are offered."""
MANY: Mapping[str, Many] = {many.name: many for move in MOVES.values() for many in move.many}
"""What a bulk can do, by the command's name."""
ASKED_FOR = tuple(sorted(name for name, many in MANY.items() if many.body))
"""Those of them that support may start a bulk with; the others are started by another act."""
_SHARED: tuple[type[Line], ...] = (Submitted, Said, StatusChanged, DeadlineMet, Changed)
LINES: Mapping[str, type[Line]] = {
    line.TYPE: line for line in (*_SHARED, *(each for move in MOVES.values() for each in move.lines))
}
"""Every kind of line of history, by its type."""
RELIVED: Mapping[type[Line], Callable[[Any, bool], Deed]] = {
    line: deed for move in MOVES.values() for line, deed in move.relived.items()
}
"""For `simulate`: the deed behind each line that says by itself what somebody did."""
_OF_COMMANDS: Mapping[type[Order], Move] = {move.command: move for move in MOVES.values() if move.command}


def decided(ticket: Ticket, command: Order, now: datetime) -> Decision:
    """What the move of this command makes of the ticket. Raises MoveRefused, and what the move's rule raises."""
    move = _OF_COMMANDS[type(command)]
    must_allow(ticket, move, staff=move.is_staffs(command.by, ticket))
    if move.rule is None:
        raise ValueError(f"{move.name} has a command but no rule")
    return move.rule(command, ticket, now)


def allowed(ticket: Ticket, *, staff: bool) -> tuple[Move, ...]:
    """The moves that support (`staff`) or the requester's side may make with the ticket now."""
    return tuple(move for move in MOVES.values() if move.allowed(ticket, staff=staff))


def must_allow(ticket: Ticket, move: Move, *, staff: bool) -> None:
    """Check that the ticket allows the move now. Raises MoveRefused, which names the moves allowed."""
    if move.allowed(ticket, staff=staff):
        return
    state = f"{ticket.status} ({ticket.closed_reason})" if ticket.closed_reason else str(ticket.status)
    offered = [each.name for each in allowed(ticket, staff=staff) if not each.inward]
    instead = f"allowed now: {', '.join(offered)}" if offered else "nothing is allowed any more"
    raise MoveRefused(
        f"Ticket {ticket.number} is {state}, which does not allow '{move.name}'; {instead}.",
        status_now=ticket.status.value,
        allowed=offered,
    )


def read_line(type_: str, kept: Mapping[str, Any]) -> Line:
    """A line of history, from its type and the facts written with it, by whatever version of Balie.

    Raises pydantic.ValidationError for facts of a known version that make no sense.
    """
    model = LINES.get(type_)
    if model is None:
        return UnknownLine(type=type_)
    try:
        return model.read(kept)
    except ValidationError:
        # While a newer version is being rolled out, its lines are read here as well.
        if kept.get(VERSION_KEY, 1) > model.VERSION:
            return UnknownLine(type=type_)
        raise
