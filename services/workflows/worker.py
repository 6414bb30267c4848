"""The Temporal worker that tickets' clocks run on, and its limits."""

from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from services.contract import WORKFLOW_TASK_QUEUE
from services.workflows.ticket import TicketWorkflow

CACHED_WORKFLOWS_MAX = 2_000
"""Tickets sleep for days, so few need to be at hand; another one is replayed in 10 to 25 ms."""
WORKFLOW_TASKS_MAX = 20
"""More replays at once starve each other past Temporal's limit of two seconds after a cold start."""
STICKY_TIMEOUT = timedelta(seconds=3)
"""How long a task waits for the worker that has the ticket at hand, in case that worker is dead."""
GRACE = timedelta(seconds=10)

SANDBOX = SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules("services"))
"""Our modules hold no state, so a run need not import them afresh, which would cost 15 ms a ticket.
Clocks, chance and files stay forbidden to what runs inside."""


def ticket_worker(client: Client, *, workflow: type = TicketWorkflow) -> Worker:
    """A worker for ticket workflows, not running yet."""
    return Worker(
        client,
        task_queue=WORKFLOW_TASK_QUEUE,
        workflows=[workflow],
        workflow_runner=SANDBOX,
        # The default keeps one poller for tickets that no worker has at hand: every first task queues there.
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        max_cached_workflows=CACHED_WORKFLOWS_MAX,
        max_concurrent_workflow_tasks=WORKFLOW_TASKS_MAX,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        graceful_shutdown_timeout=GRACE,
    )
