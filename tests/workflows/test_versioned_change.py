"""The worked example of a changed workflow: tickets from before the change live on, new ones take the new step."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.workflow import NondeterminismError

from tests.workflows.desk import PLAIN
from tests.workflows.recorded import RECORDED, history_of, name_of, replayer, shape_of
from tests.workflows.shapes import ForgetfulTicketWorkflow, Shape, lived, silent
from tests.workflows.versioned_change import Deprecated, ForgetfulGuarded, Guarded, Unguarded

MET_A_DEADLINE = [path for path in RECORDED if path.stem in ("silent-1", "typical-1", "overdue-1", "snoozed-1")]


@pytest.mark.parametrize("path", RECORDED, ids=name_of)
async def test_every_life_recorded_before_the_change_goes_on_under_it(path: Path) -> None:
    recorded_by = shape_of(path).workflow
    changed = ForgetfulGuarded if recorded_by is ForgetfulTicketWorkflow else Guarded

    await replayer(changed).replay_workflow(history_of(path))


@pytest.mark.parametrize("path", MET_A_DEADLINE, ids=name_of)
async def test_without_the_guard_a_ticket_that_slept_through_the_release_is_stranded(path: Path) -> None:
    with pytest.raises(NondeterminismError):
        await replayer(Unguarded).replay_workflow(history_of(path))


@pytest.mark.own_parts
async def test_a_new_life_takes_the_new_step_and_is_understood_by_the_release_after_it() -> None:
    (before,) = await lived(Shape(silent, PLAIN))
    (after,) = await lived(Shape(silent, PLAIN, Guarded))

    assert (_timers(before), _markers(before)) == (2, 0)
    assert (_timers(after), _markers(after)) == (4, 1)
    await replayer(Guarded).replay_workflow(after)
    await replayer(Deprecated).replay_workflow(after)


@pytest.mark.own_parts
async def test_the_old_way_may_go_only_when_no_run_from_before_the_change_is_open() -> None:
    (before,) = await lived(Shape(silent, PLAIN))
    with pytest.raises(NondeterminismError):
        await replayer(Deprecated).replay_workflow(before)

    (deprecated,) = await lived(Shape(silent, PLAIN, Deprecated))
    await replayer(Unguarded).replay_workflow(deprecated)


def _timers(history: WorkflowHistory) -> int:
    return sum(event.HasField("timer_started_event_attributes") for event in history.events)


def _markers(history: WorkflowHistory) -> int:
    """How often the history says that a change was in force."""
    return sum(event.marker_recorded_event_attributes.marker_name == "core_patch" for event in history.events)
