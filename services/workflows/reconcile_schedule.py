"""The Temporal Schedule that regularly compares tickets with their clocks."""

from datetime import timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)

from services.contract.temporal import RECONCILE_SCHEDULE, RECONCILE_WORKFLOW, WORKFLOW_TASK_QUEUE

RECONCILE_EVERY = timedelta(minutes=10)
CATCH_UP = timedelta(minutes=10)
"""Runs that Temporal missed longer ago than this, because it was down, are skipped: one comparison finds everything."""


async def keep_reconciling(temporal: Client) -> None:
    """Creates the schedule, or updates the existing one; if it was paused by hand, it stays paused."""
    try:
        await temporal.create_schedule(RECONCILE_SCHEDULE, _schedule())
    except ScheduleAlreadyRunningError:
        await temporal.get_schedule_handle(RECONCILE_SCHEDULE).update(_updated)


def _schedule() -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(RECONCILE_WORKFLOW, id=RECONCILE_SCHEDULE, task_queue=WORKFLOW_TASK_QUEUE),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=RECONCILE_EVERY)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
    )


def _updated(known: ScheduleUpdateInput) -> ScheduleUpdate:
    wanted = _schedule()
    wanted.state = known.description.schedule.state
    return ScheduleUpdate(wanted)
