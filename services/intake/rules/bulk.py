"""The state of a bulk (one command carried out on many tickets), and what people may do to a bulk. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.contract.errors import Conflict
from services.contract.event_data import Actor
from services.contract.vocabulary import BulkState, TaskState

PER_SECOND = 20
"""Default speed of a bulk, in tickets per second: slow enough that agents do not notice it while they work."""
PER_SECOND_MAX = 100
UNDO_WINDOW = timedelta(hours=1)
"""How long after its end a bulk may be undone."""

MOVES: dict[BulkState, dict[str, BulkState]] = {
    BulkState.RUNNING: {"pause": BulkState.PAUSED, "cancel": BulkState.CANCELLED},
    BulkState.PAUSED: {"resume": BulkState.RUNNING, "cancel": BulkState.CANCELLED},
    BulkState.CANCELLED: {"undo": BulkState.UNDOING},
    BulkState.DONE: {"undo": BulkState.UNDOING},
    BulkState.UNDOING: {},
    BulkState.UNDONE: {},
}
"""What people may do to a bulk in each state, and the state that follows. The bulk makes its other moves itself."""


TAKES_UP = {BulkState.RUNNING: TaskState.PENDING, BulkState.UNDOING: TaskState.DONE}
"""The state of the tasks a bulk works on, by its own state. In the other states it works on none."""
_ENDS = {BulkState.RUNNING: BulkState.DONE, BulkState.UNDOING: BulkState.UNDONE}


@dataclass(frozen=True)
class Bulk:
    """A bulk. `done`, `refused`, `undone` and `kept` are the numbers of its tasks in that state."""

    id: UUID
    command: str
    facts: dict[str, Any]
    by: Actor
    state: BulkState
    per_second: int
    correlation_id: str
    created_at: datetime
    finished_at: datetime | None
    undone_by: Actor | None
    total: int
    done: int = 0
    refused: int = 0
    undone: int = 0
    kept: int = 0

    @property
    def pending(self) -> int:
        """How many tickets it has not worked on yet. A cancelled bulk never will."""
        return self.total - self.done - self.refused - self.undone - self.kept

    @property
    def waiting(self) -> int:
        """How many tickets it still has to work on; for an undoing bulk, how many it still has to undo."""
        takes_up = TAKES_UP.get(BulkState.RUNNING if self.state is BulkState.PAUSED else self.state)
        return {None: 0, TaskState.PENDING: self.pending, TaskState.DONE: self.done}[takes_up]

    @property
    def acts_for(self) -> Actor:
        """In whose name it changes tickets now: who asked to undo it, or else who started it."""
        return self.undone_by or self.by


def moved(bulk: Bulk, move: str, by: Actor, now: datetime, *, reversible: bool) -> Bulk:
    """The bulk after somebody paused, resumed, cancelled or undid it.

    `reversible` says whether the command has an inverse. Raises Conflict, saying what may be done instead.
    """
    allowed = MOVES[bulk.state]
    if move not in allowed:
        instead = f"allowed now: {', '.join(allowed)}" if allowed else "nothing is allowed any more"
        raise Conflict(f"The bulk is {bulk.state}, which does not allow '{move}'; {instead}.", allowed=list(allowed))
    if move == "undo":
        _must_be_undoable(bulk, now, reversible=reversible)
        return replace(bulk, state=allowed[move], undone_by=by)
    after = replace(bulk, state=allowed[move])
    return replace(after, finished_at=now) if after.state is BulkState.CANCELLED else after


def marked(bulk: Bulk, task: TaskState, now: datetime) -> Bulk:
    """The bulk after it worked on one more ticket, with the outcome `task`. After the last ticket it has ended."""
    taken_up = TAKES_UP[bulk.state]
    counts = {task.value: getattr(bulk, task.value) + 1}
    if taken_up is TaskState.DONE:
        counts["done"] = bulk.done - 1
    after = replace(bulk, **counts)
    return after if after.waiting else replace(after, state=_ENDS[bulk.state], finished_at=now)


def can_undo_until(bulk: Bulk, *, reversible: bool) -> datetime | None:
    """Until when the bulk may be undone (may be in the past); None if it has not ended or cannot be undone."""
    if not reversible or not bulk.done or "undo" not in MOVES[bulk.state] or bulk.finished_at is None:
        return None
    return bulk.finished_at + UNDO_WINDOW


def _must_be_undoable(bulk: Bulk, now: datetime, *, reversible: bool) -> None:
    if not reversible:
        raise Conflict(f"'{bulk.command}' has no inverse, so it cannot be undone.")
    until = can_undo_until(bulk, reversible=reversible)
    if until is None:
        raise Conflict("Nothing was done, so nothing can be undone.")
    if now > until:
        raise Conflict(f"A bulk may be undone for {UNDO_WINDOW.total_seconds() / 3600:g} h; this one ended before.")
