"""The Temporal worker that tickets' clocks run on, and its limits."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import PollerBehaviorAutoscaling, Worker, WorkerDeploymentConfig, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from services.contract.temporal import WORKFLOW_TASK_QUEUE, MeetDeadline, Snapshot
from services.workflows.bulk import BulkWorkflow
from services.workflows.reconcile import ReconcileWorkflow
from services.workflows.ticket import TicketWorkflow

DEPLOYMENT = "balie-workflows"
"""The name under which Temporal knows the builds of this worker."""
CACHED_WORKFLOWS_MAX = 2_000
"""Most workflows kept in memory. Tickets sleep for days, so few are needed; replaying another takes 10 to 25 ms."""
WORKFLOW_TASKS_MAX = 20
"""Most workflow tasks at once. After a cold start each is a replay, and more of them would slow each other down so much
that they exceed Temporal's limit of two seconds."""
POLLERS_MIN = 8
"""By default an idle worker keeps one poller. When 150 deadlines were then due at once, 109 waited so long for it that
Temporal took the worker for dead. Idle pollers cost almost nothing."""
STICKY_TIMEOUT = timedelta(seconds=3)
"""How long a task waits for the worker that has the ticket in memory; if that worker is dead, another then takes it."""
GRACE = timedelta(seconds=10)

SANDBOX = SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules("services"))
"""Our modules hold no state, so workflows share them: importing them again for each run would cost 15 ms per ticket.
Workflow code still cannot use the system clock, randomness or files."""

MeetDirectly = Callable[[MeetDeadline], Awaitable[Snapshot]]
"""The activity named MEET_DEADLINE_ACTIVITY, as a local activity in this worker."""


def ticket_worker(
    client: Client,
    meet: MeetDirectly,
    *,
    build_id: str = "",
    workflow: type = TicketWorkflow,
    task_queue: str = WORKFLOW_TASK_QUEUE,
    runner: WorkflowRunner = SANDBOX,
) -> Worker:
    """A worker for the workflows of tickets, bulks and the reconciler, not running yet. `meet` asks intake directly.

    With a build id Temporal gives it work only once that build is made current or ramped
    (`docs/changing-a-workflow.md`).
    """
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[workflow, BulkWorkflow, ReconcileWorkflow],
        activities=[meet],
        # `meet` is a local activity: it runs within a workflow task and takes nothing from a queue.
        no_remote_activities=True,
        max_concurrent_local_activities=WORKFLOW_TASKS_MAX,
        workflow_runner=runner,
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(minimum=POLLERS_MIN, initial=POLLERS_MIN),
        max_cached_workflows=CACHED_WORKFLOWS_MAX,
        max_concurrent_workflow_tasks=WORKFLOW_TASKS_MAX,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        graceful_shutdown_timeout=GRACE,
        deployment_config=_deployed(build_id) if build_id else None,
    )


def _deployed(build_id: str) -> WorkerDeploymentConfig:
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=DEPLOYMENT, build_id=build_id),
        use_worker_versioning=True,
        # A ticket sleeps longer than a build is in use: if pinned, it would keep its build running for weeks.
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )
