"""Bulks as they stand: what may be done to them, and numbers that always add up."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contract.errors import Conflict
from services.contract.vocabulary import BulkState, TaskState
from services.intake.rules.bulk import MOVES, UNDO_WINDOW, Bulk, can_undo_until, marked, moved
from tests.intake.ticket_life import AGENT, NOON
from tests.properties import unhurried

ALL_MOVES = ("pause", "resume", "cancel", "undo")
LEADS_TO = {
    BulkState.RUNNING: {"pause": BulkState.PAUSED, "cancel": BulkState.CANCELLED},
    BulkState.PAUSED: {"resume": BulkState.RUNNING, "cancel": BulkState.CANCELLED},
    BulkState.CANCELLED: {"undo": BulkState.UNDOING},
    BulkState.DONE: {"undo": BulkState.UNDOING},
    BulkState.UNDOING: {},
    BulkState.UNDONE: {},
}


def bulk(state: BulkState = BulkState.RUNNING, total: int = 3, done: int = 0) -> Bulk:
    ended = state in (BulkState.CANCELLED, BulkState.DONE)
    return Bulk(
        id=UUID(int=1),
        command="tag",
        facts={},
        by=AGENT,
        state=state,
        per_second=20,
        correlation_id="",
        created_at=NOON,
        finished_at=NOON if ended else None,
        undone_by=None,
        total=total,
        done=done,
    )


@pytest.mark.parametrize("move", ALL_MOVES)
@pytest.mark.parametrize("state", BulkState)
def test_every_state_against_every_move(state: BulkState, move: str) -> None:
    before = bulk(state, done=1)
    if move in LEADS_TO[state]:
        assert moved(before, move, AGENT, NOON, reversible=True).state is LEADS_TO[state][move]
        return
    with pytest.raises(Conflict) as refused:
        moved(before, move, AGENT, NOON, reversible=True)
    assert refused.value.facts["allowed"] == list(LEADS_TO[state])


def test_undoing_is_offered_for_an_hour_and_not_a_moment_longer() -> None:
    ended = bulk(BulkState.DONE, done=3)
    last = NOON + UNDO_WINDOW

    assert can_undo_until(ended, reversible=True) == last
    assert moved(ended, "undo", AGENT, last, reversible=True).undone_by == AGENT
    with pytest.raises(Conflict, match="may be undone for 1 h"):
        moved(ended, "undo", AGENT, last + timedelta(microseconds=1), reversible=True)


def test_what_has_no_inverse_or_did_nothing_cannot_be_undone() -> None:
    with pytest.raises(Conflict, match="'tag' has no inverse"):
        moved(bulk(BulkState.DONE, done=3), "undo", AGENT, NOON, reversible=False)
    with pytest.raises(Conflict, match="Nothing was done"):
        moved(bulk(BulkState.DONE), "undo", AGENT, NOON, reversible=True)
    assert can_undo_until(bulk(BulkState.DONE, done=3), reversible=False) is None
    assert can_undo_until(bulk(BulkState.RUNNING, done=3), reversible=True) is None


def test_a_cancelled_bulk_has_ended() -> None:
    assert moved(bulk(done=1), "cancel", AGENT, NOON, reversible=True) == replace(
        bulk(done=1), state=BulkState.CANCELLED, finished_at=NOON
    )


OUTCOMES = st.sampled_from([TaskState.DONE, TaskState.REFUSED])
UNDOINGS = st.sampled_from([TaskState.UNDONE, TaskState.KEPT])


@given(st.lists(OUTCOMES, min_size=1, max_size=50), st.data())
@unhurried
def test_the_numbers_add_up_after_every_ticket_and_the_last_one_ends_it(
    outcomes: list[TaskState], data: st.DataObject
) -> None:
    now = bulk(total=len(outcomes))
    for taken_up, outcome in enumerate(outcomes, start=1):
        assert now.state is BulkState.RUNNING
        now = marked(now, outcome, NOON)
        assert (now.pending, now.waiting) == (len(outcomes) - taken_up,) * 2
        assert now.done + now.refused == taken_up
    assert (now.state, now.finished_at) == (BulkState.DONE, NOON)
    if not (to_undo := outcomes.count(TaskState.DONE)):
        return

    now = moved(now, "undo", AGENT, NOON, reversible=True)
    undoings = data.draw(st.lists(UNDOINGS, min_size=to_undo, max_size=to_undo))
    for outcome in undoings:
        assert now.state is BulkState.UNDOING
        now = marked(now, outcome, NOON)
        assert now.done + now.undone + now.kept == to_undo
        assert now.pending == 0
    assert now.state is BulkState.UNDONE
    assert (now.undone, now.kept) == (undoings.count(TaskState.UNDONE), undoings.count(TaskState.KEPT))


def test_the_table_names_every_state() -> None:
    assert MOVES == LEADS_TO
