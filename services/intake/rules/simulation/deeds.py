"""Reads the acts of people ("deeds") back from the lines of the timeline, so that they can be replayed. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache

from services.contract.vocabulary import ClosedReason, DeadlineKind, Priority, Status
from services.intake.rules.simulation.lives import ANY_MOVE, Act, Deed, Life
from services.promises import standing
from services.promises.deadlines import coming
from services.promises.standing import ENDED, Standing

DEEDS_KEPT = 4096
"""Most deeds kept in the cache of `what_happened`. There are a few dozen, besides those that contain a time."""
NEVER = "-"
"""Stands for "no instant" in a mark."""


@lru_cache(maxsize=DEEDS_KEPT)
def what_happened(marks: tuple[str, ...]) -> Deed | None:
    """The deed recorded by the timeline's lines of one ticket version; None where it moves no deadline.

    Each line is given as a mark: its type and the facts that matter, as words:
    `said staff|requester [asks]`, `moved FROM TO [reopened]`, `did STEP`, `postponed STEP UNTIL|-`, `snoozed UNTIL|-`,
    `prioritised TO`, `replanned VERSION`; or the type alone. `met …` is an act of the clock, so no deed.
    """
    lines = {words[0]: words[1:] for words in (mark.split() for mark in marks)}
    for kind, deed in _OF_ITS_OWN.items():
        if kind in lines:
            return deed(lines[kind], "said" in lines)
    said = lines.get("said", ())
    if "moved" in lines:
        return _moved(lines["moved"], said)
    if not said:
        return None
    if "asks" in said:
        return Deed("ask", True, _simply(standing.asked))
    if said[0] == "staff":
        return Deed("reply", True, _simply(standing.support_replied))
    return Deed("reply", False, _simply(standing.requester_replied))


def _moved(facts: Sequence[str], said: Sequence[str]) -> Deed | None:
    """The deed behind a change of status, where no other line names it."""
    was, became = Status(facts[0]), Status(facts[1])
    if was in ENDED and became is not Status.CLOSED and "reopened" not in facts:
        return Deed("reopen", True, _take_back)
    match became:
        case Status.PENDING:
            return Deed("ask", True, _simply(standing.asked))
        case Status.SOLVED:
            return Deed("solve", True, _ending("solve", answers=bool(said)))
        case Status.CLOSED:
            return Deed("spam", True, _ending("spam", answers=False))
        case Status.OPEN if was is Status.NEW:
            transition = standing.support_replied if said else standing.taken_up
            return Deed("reply" if said else "assign", True, _simply(transition))
        case Status.OPEN if "requester" in said and was is not Status.PARKED:
            return Deed("reply", False, _simply(standing.requester_replied))
        case Status.OPEN:
            return Deed("reopen", True, _reopen(answers=bool(said)))
    return None


def _simply(transition: Callable[[Standing, datetime], Standing]) -> Act:
    return lambda life, at: transition(life.stands, at)


def _reopen(*, answers: bool) -> Act:
    def act(life: Life, at: datetime) -> Standing:
        reopened = standing.reopened(life.stands, at)
        return standing.support_replied(reopened, at) if answers else reopened

    return act


def _ending(move: str, *, answers: bool) -> Act:
    def act(life: Life, at: datetime) -> Standing:
        before = standing.support_replied(life.stands, at) if answers else life.stands
        spam = move == "spam"
        after = standing.closed(before, at, ClosedReason.SPAM) if spam else standing.solved(before, at)
        life.former = before, after
        return after

    return act


def _take_back(life: Life, at: datetime) -> Standing | None:
    if life.former is None or life.former[1] is not life.stands:
        return None  # in the simulation the ticket changed since it ended, so there is nothing to take back
    return standing.taken_back(life.stands, life.former[0], at)


def _merged(_: Sequence[str], __: bool) -> Deed:
    return Deed("merge", True, lambda life, at: standing.closed(life.stands, at, ClosedReason.MERGED))


def _confirmed(_: Sequence[str], __: bool) -> Deed:
    return Deed("confirm_solved", False, _simply(standing.solved))


def _answered_by(move: str) -> Callable[[Sequence[str], bool], Deed]:
    return lambda _, __: Deed(move, True, _ending(move, answers=True))


def _parked(_: Sequence[str], said: bool) -> Deed:
    def act(life: Life, at: datetime) -> Standing:
        return standing.parked(standing.support_replied(life.stands, at) if said else life.stands, at)

    return Deed("park", True, act)


def _kept_open(_: Sequence[str], __: bool) -> Deed:
    return Deed("keep_open", True, _simply(standing.kept_open))


def _prioritised(facts: Sequence[str], _: bool) -> Deed:
    priority = Priority(facts[0])
    return Deed("prioritise", True, lambda life, _at: standing.reprioritised(life.stands, priority))


def _snoozed(facts: Sequence[str], _: bool) -> Deed:
    until = _instant(facts[0])
    return Deed("snooze", True, lambda life, _at: standing.snoozed(life.stands, until))


def _postponed(facts: Sequence[str], _: bool) -> Deed:
    kind, until = DeadlineKind(facts[0]), _instant(facts[1])

    def act(life: Life, _at: datetime) -> Standing | None:
        return standing.moved_step(life.stands, kind, until) if _is_coming(life, kind) else None

    return Deed("postpone", True, act)


def _done_now(facts: Sequence[str], _: bool) -> Deed:
    kind = DeadlineKind(facts[0])

    def act(life: Life, at: datetime) -> Standing | None:
        return standing.after_deadline(life.stands, kind, at) if _is_coming(life, kind) else None

    return Deed("do_now", True, act)


def _replanned(facts: Sequence[str], _: bool) -> Deed:
    def act(life: Life, _at: datetime) -> None:
        life.policy = life.policies[facts[0]]

    return Deed(ANY_MOVE, True, act)


def _is_coming(life: Life, kind: DeadlineKind) -> bool:
    return any(each.kind is kind for each in coming(life.stands, life.policy))


def _instant(text: str) -> datetime | None:
    return None if text == NEVER else datetime.fromisoformat(text)


_OF_ITS_OWN: dict[str, Callable[[Sequence[str], bool], Deed]] = {
    "did": _done_now,
    "merged": _merged,
    "confirmed_solved": _confirmed,
    "declined": _answered_by("decline"),
    "shipped": _answered_by("ship"),
    "parked": _parked,
    "kept_open": _kept_open,
    "postponed": _postponed,
    "prioritised": _prioritised,
    "snoozed": _snoozed,
    "replanned": _replanned,
}
"""Lines whose type alone says what was done, whatever other lines the same act has."""
