"""The bulk workflow: one command on many tickets, in steps and at a limited rate. Intake keeps the list of tickets.

Bulks run for hours at the most, but under code that may change meanwhile: read `docs/changing-a-workflow.md` before
changing this file.
"""

from datetime import timedelta
from typing import ClassVar

from temporalio import workflow
from temporalio.common import RetryPolicy

from services.contract.temporal import (
    BULK_SIGNAL,
    BULK_WORKFLOW,
    CARRY_OUT_BULK_ACTIVITY,
    INTAKE_BULK_TASK_QUEUE,
    BulkOrder,
    BulkStep,
)
from services.contract.vocabulary import BULKS_AT_WORK, BulkState

STEP_TIMEOUT = timedelta(seconds=90)
"""For one try of a step; a step normally ends long before."""
STEP_HEARTBEAT = timedelta(seconds=10)
"""Intake's worker is taken for dead after this long without a heartbeat; another continues and repeats no ticket."""
STEP_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=2,
    maximum_interval=timedelta(minutes=1),
    maximum_attempts=0,
)
"""Never gives up: if intake is down for a day, the bulk continues within a minute after it is back."""


@workflow.defn(name=BULK_WORKFLOW)
class BulkWorkflow:
    """Asks intake to carry out the next tickets, until none is left or the bulk is cancelled.

    Started and signalled by signal-with-start only, so undoing a bulk later starts its next run in the same way.
    """

    HISTORY_EVENTS_MAX: ClassVar[int] = 4_000
    """The run continues as new after this many events, because a replay reads them all."""

    @workflow.init
    def __init__(self, _: BulkOrder) -> None:
        self._told = False

    @workflow.run
    async def run(self, order: BulkOrder) -> BulkStep:
        """Runs until the last ticket is carried out or undone; returns the numbers of the last step."""
        while True:
            self._told = False
            began = workflow.now()
            step = await self._carry_out(order)
            workflow.set_current_details(_in_words(step))
            if step.state is BulkState.PAUSED:
                await workflow.wait_condition(lambda: self._told)
            elif step.state in BULKS_AT_WORK:
                await self._keep_to(began + timedelta(seconds=max(step.tried, 1) / step.per_second) - workflow.now())
            elif not self._told:
                return step
            if self._history_is_long():
                workflow.continue_as_new(order)

    @workflow.signal(name=BULK_SIGNAL)
    def look_again(self) -> None:
        """Somebody paused, resumed, cancelled or undid the bulk."""
        self._told = True

    async def _carry_out(self, order: BulkOrder) -> BulkStep:
        step: BulkStep = await workflow.execute_activity(
            CARRY_OUT_BULK_ACTIVITY,
            order,
            result_type=BulkStep,
            task_queue=INTAKE_BULK_TASK_QUEUE,
            start_to_close_timeout=STEP_TIMEOUT,
            heartbeat_timeout=STEP_HEARTBEAT,
            retry_policy=STEP_RETRY,
        )
        return step

    async def _keep_to(self, pace: timedelta) -> None:
        # Wait the full time even if somebody pauses or cancels meanwhile: intake carries out nothing more from then on.
        if pace > timedelta(0):
            await workflow.sleep(pace)

    def _history_is_long(self) -> bool:
        info = workflow.info()
        return info.is_continue_as_new_suggested() or info.get_current_history_length() >= self.HISTORY_EVENTS_MAX


def _in_words(step: BulkStep) -> str:
    """The state as text, for a person who looks at the bulk in Temporal's pages."""
    return f"{step.state}: {step.waiting} of {step.total} tickets to go"
