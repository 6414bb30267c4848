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
"""Tickets sleep for days, so few need to be at hand; another one is replayed in 10 to 25 ms."""
WORKFLOW_TASKS_MAX = 20
"""More replays at once starve each other past Temporal's limit of two seconds after a cold start."""
POLLERS_MIN = 8
"""Left to itself a quiet worker keeps one; when 150 deadlines then fell due at once, 109 waited so long for it that
Temporal took the worker for dead. Asking costs next to nothing while there is nothing to do."""
STICKY_TIMEOUT = timedelta(seconds=3)
"""How long a task waits for the worker that has the ticket at hand, in case that worker is dead."""
GRACE = timedelta(seconds=10)

SANDBOX = SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules("services"))
"""Our modules hold no state, so a run need not import them afresh, which would cost 15 ms a ticket.
Clocks, chance and files stay forbidden to what runs inside."""

MeetDirectly = Callable[[MeetDeadline], Awaitable[Snapshot]]
"""An activity of the name MEET_DEADLINE_ACTIVITY, run in this worker."""


def ticket_worker(
    client: Client,
    meet: MeetDirectly,
    *,
    build_id: str = "",
    workflow: type = TicketWorkflow,
    task_queue: str = WORKFLOW_TASK_QUEUE,
    runner: WorkflowRunner = SANDBOX,
) -> Worker:
    """A worker for tickets' and bulks' workflows, not running yet. `meet` is how it asks intake directly.

    With a build id Temporal gives it work only once that build is made current or ramped
    (`docs/changing-a-workflow.md`).
    """
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[workflow, BulkWorkflow, ReconcileWorkflow],
        activities=[meet],
        # What is asked directly runs within a workflow's task; it takes nothing from a queue.
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
        # A ticket sleeps longer than a build lives: pinned to its own, it would keep that build running for weeks.
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )
