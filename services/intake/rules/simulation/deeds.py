"""Reads the acts of people ("deeds") back from the lines of the timeline, so that they can be lived again. Pure.

Most acts leave a line of their own, and the move that writes it says what it does to the standing. What is read here
are the others: they leave only a message, another status, or both.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.contract.vocabulary import ClosedReason, Status
from services.intake.history.line import Line
from services.intake.history.shared_lines import Said, StatusChanged
from services.intake.rules.deed import Deed, Lived, ending, perhaps_answering, simply
from services.intake.rules.registry import RELIVED
from services.promises import standing
from services.promises.standing import ENDED, Standing


class Written(NamedTuple):
    """A line of the timeline, and whether somebody wrote it on the requester's side."""

    line: Line
    by_requester: bool


def what_happened(written: Sequence[Written]) -> Deed | None:
    """The deed recorded by the timeline's lines of one ticket version; None where it moves no deadline.

    The lines are those of a person: what the clock did is no deed.
    """
    said = next((each for each in written if isinstance(each.line, Said)), None)
    for line, _ in written:
        if relived := RELIVED.get(type(line)):
            return relived(line, said is not None)
    for line, _ in written:
        if isinstance(line, StatusChanged):
            return _moved(line, said)
    if said is None:
        return None
    if isinstance(said.line, Said) and said.line.asks:
        return Deed("ask", True, simply(standing.asked))
    if said.by_requester:
        return Deed("reply", False, simply(standing.requester_replied))
    return Deed("reply", True, simply(standing.support_replied))


def _moved(line: StatusChanged, said: Written | None) -> Deed | None:
    """The deed behind a change of status, where no other line names it."""
    answers = said is not None
    if line.before in ENDED and line.after is not Status.CLOSED and not line.reopened:
        return Deed("reopen", True, _take_back)
    match line.after:
        case Status.PENDING:
            return Deed("ask", True, simply(standing.asked))
        case Status.SOLVED:
            return Deed("solve", True, ending(standing.solved, answers=answers))
        case Status.CLOSED:
            return Deed("spam", True, ending(_spam, answers=False))
        case Status.OPEN if line.before is Status.NEW:
            transition = standing.support_replied if answers else standing.taken_up
            return Deed("reply" if answers else "assign", True, simply(transition))
        case Status.OPEN if said is not None and said.by_requester and line.before is not Status.PARKED:
            return Deed("reply", False, simply(standing.requester_replied))
        case Status.OPEN:
            return Deed("reopen", True, perhaps_answering(standing.reopened, answers=answers))
    return None


def _spam(before: Standing, at: datetime) -> Standing:
    return standing.closed(before, at, ClosedReason.SPAM)


def _take_back(lived: Lived, at: datetime) -> Standing | None:
    if lived.former is None or lived.former[1] is not lived.stands:
        return None  # in the simulation the ticket changed since it ended, so there is nothing to take back
    return standing.taken_back(lived.stands, lived.former[0], at)
