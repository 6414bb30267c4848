"""What a move is: everything Balie has to know of one thing that people do to a ticket. Pure.

Each move has one file in `moves/`. The rules (`decide.py`), the routes of the API, the table of who may do what when,
the sentences of the history, bulks and their undoing, `simulate`, and what the pages know of moves
(`services/contract/moves.json`) are made from these. How to add one: `docs/adding-a-move.md`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.contract.event_data import Actor, Contact
from services.contract.moves import Shown
from services.contract.vocabulary import ClosedReason, Status
from services.intake.history.line import Line
from services.intake.history.stored import Stored
from services.intake.rules.body import Input
from services.intake.rules.deed import Deed
from services.intake.rules.ticket import Decision, Message, Ticket


@dataclass(frozen=True)
class Order:
    """Base of every command that a person (`by`) gives to an existing ticket."""

    by: Actor


State = tuple[Status, ClosedReason | None]
"""What decides which moves a ticket allows. Only a closed ticket has a reason."""

NEW: State = (Status.NEW, None)
OPEN: State = (Status.OPEN, None)
PENDING: State = (Status.PENDING, None)
PARKED: State = (Status.PARKED, None)
SOLVED: State = (Status.SOLVED, None)
NO_RESPONSE: State = (Status.CLOSED, ClosedReason.NO_RESPONSE)
FINALISED: State = (Status.CLOSED, ClosedReason.FINALISED)
MERGED: State = (Status.CLOSED, ClosedReason.MERGED)
SPAM: State = (Status.CLOSED, ClosedReason.SPAM)

NOWHERE: frozenset[State] = frozenset()
WORKING = frozenset({NEW, OPEN, PENDING, PARKED})
"""Support, the requester or the product director has something to do."""
ABOUT = WORKING | {SOLVED, NO_RESPONSE}
"""What the ticket is about may be corrected: that changes neither its status nor any deadline."""
EVERYWHERE = ABOUT | {FINALISED, MERGED, SPAM}


def at(*states: State) -> frozenset[State]:
    """These states."""
    return frozenset(states)


@dataclass(frozen=True)
class Given:
    """Who gives a command, and the message that came with it, if any."""

    by: Actor
    who: Contact | None
    """The person; None for another service."""
    message: Message | None = None

    def said(self) -> Message:
        """The message of a command that cannot do without. Raises ValueError where there is none."""
        if self.message is None:
            raise ValueError("this command needs a message")
        return self.message


@dataclass(frozen=True)
class Undo:
    """How a bulk undoes the move on a ticket that nobody changed since."""

    former: type[Stored]
    """What is kept of the ticket before the move."""
    keep: Callable[[Any, Ticket, Ticket], Stored]
    """Makes it from the bulk's facts and the ticket before and after the move."""
    order: Callable[[Given, Any, Ticket], Order] | None = None
    """The command that undoes the move, from what was kept. None: it needs the database, see `tickets/makers.py`."""


@dataclass(frozen=True)
class Many:
    """How the move is made on many tickets at once, by a bulk."""

    name: str
    """The command's name in the API, and in the rows of bulks."""
    facts: type[Stored]
    """What the row of the bulk keeps. It does not depend on what the API takes."""
    order: Callable[[Given, Any, Ticket], Order] | None = None
    """The command for one ticket, from the facts. None: it needs the database, see `tickets/makers.py`."""
    body: type[Input] | None = None
    """What support sends to start such a bulk; None where another act starts it."""
    check: Callable[[Any], None] | None = None
    """Raises Invalid for facts that could do nothing on any ticket."""
    undo: Undo | None = None


@dataclass(frozen=True)
class Move:
    """One thing that people do to a ticket.

    A move without a `body` has no route: it is part of another move, or needs more than a ticket's number.
    """

    name: str
    """The path of its route, and its name in refusals, in the pages' words, and wherever moves are listed."""
    place: int
    """Where it stands when moves are offered: lower comes first. Moves of equal place stand by name."""
    summary: str = ""
    """What the API's document calls it."""
    description: str = ""
    """Who may do it, and what else the API's document says."""
    command: type[Order] | None = None
    rule: Callable[[Any, Ticket, datetime], Decision] | None = None
    """What the command makes of a ticket. Who may give it and when was checked before."""
    staff: frozenset[State] = NOWHERE
    """Where support may make it."""
    requester: frozenset[State] = NOWHERE
    """Where the requester's side may make it."""
    when: Callable[[Ticket], bool] = lambda _: True
    """What else has to be true of the ticket."""
    colleagues: bool = False
    """Whether a colleague the ticket is shared with may make it as well, wherever support may."""
    directors: bool = False
    """Whether of support only the product director and administrators may."""
    inward: bool = False
    """Whether it is part of another act. Such a move is not offered to people."""
    body: type[Input] | None = None
    """What the API takes, besides the ticket's number."""
    order: Callable[[Given, Any, Ticket], Order] | None = None
    """The command for a ticket, from what was sent. None: it needs the database, see `tickets/makers.py`."""
    lines: tuple[type[Line], ...] = ()
    """The kinds of line that only this move writes into the history."""
    relived: Mapping[type[Line], Callable[[Any, bool], Deed]] = field(default_factory=dict)
    """For `simulate`: the deed behind a line; True if support or the requester wrote a message with it."""
    many: tuple[Many, ...] = ()
    shown: Shown = Shown.NOT
    """As what the pages offer it to support, and to the requester's side as well where `shown_requester` is None."""
    shown_requester: Shown | None = None
    """As what the pages offer it to the requester's side."""
    key: str = ""
    """The key of the desk's keyboard that makes it, or opens its form; a move needs none."""
    by_link: bool = False
    """Whether the links in a reminder may make it."""
    operation: str = ""
    """Its name in the `operationId` of the API's document, where that was published under another name."""

    def is_staffs(self, by: Actor, ticket: Ticket) -> bool:
        """Whether `by` makes it as support: where both sides may, an agent on a ticket of their own does not."""
        return bool(self.staff) and not (self.requester and ticket.is_requesters(by))

    def allowed(self, ticket: Ticket, *, staff: bool) -> bool:
        """Whether this side may make it with the ticket now."""
        states = self.staff if staff else self.requester
        return (ticket.status, ticket.closed_reason) in states and self.when(ticket)
