"""The workflow of the reconciler: compares tickets and clocks once, continuing where the last comparison ended."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

from services.contract.temporal import INTAKE_BULK_TASK_QUEUE, RECONCILE_ACTIVITY, RECONCILE_WORKFLOW, Reconciliation

RUN_TIMEOUT = timedelta(minutes=30)
HEARTBEAT_TIMEOUT = timedelta(seconds=20)
RETRY = RetryPolicy(initial_interval=timedelta(seconds=10), maximum_interval=timedelta(minutes=5), maximum_attempts=5)
"""If a run gives up, the schedule's next run does its work."""


@workflow.defn(name=RECONCILE_WORKFLOW)
class ReconcileWorkflow:
    """Run by a schedule, which never runs two at once. Its result is handed to the next run."""

    @workflow.run
    async def run(self) -> Reconciliation:
        """Compares and heals; returns the numbers, and where the next run continues."""
        last = None
        if workflow.has_last_completion_result():
            last = workflow.get_last_completion_result(Reconciliation)
        done: Reconciliation = await workflow.execute_activity(
            RECONCILE_ACTIVITY,
            last,
            result_type=Reconciliation,
            task_queue=INTAKE_BULK_TASK_QUEUE,
            start_to_close_timeout=RUN_TIMEOUT,
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=RETRY,
        )
        return done
