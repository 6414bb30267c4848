"""Two builds of the worker on a real Temporal server: tickets that sleep for weeks go on under the newer one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity, workflow
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
)
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from services.cli.embedded.temporal_server import NAMESPACE
from services.contract.temporal import MEET_DEADLINE_ACTIVITY, SNAPSHOT_SIGNAL, TICKET_WORKFLOW, MeetDeadline, Snapshot
from services.contract.vocabulary import Status
from services.platform.temporal_client import connect_temporal
from services.promises.policy import Policy
from services.promises.working_time import Span
from services.workflows.ticket import TicketWorkflow
from services.workflows.worker import DEPLOYMENT, ticket_worker
from tests.patience import until
from tests.workflows.desk import Desk

pytestmark = pytest.mark.own_parts

SLOW = Policy(
    reminder_after=Span(length=timedelta(days=7)), closure_after=Span(length=timedelta(days=14)), targets=()
).pinned("slow")


@workflow.defn(name=TICKET_WORKFLOW)
class NewerTicketWorkflow(TicketWorkflow):
    """The next release: old runs must be able to go on under it."""

    @workflow.init
    def __init__(self, ticket: Snapshot) -> None:
        super().__init__(ticket)

    @workflow.run
    async def run(self, ticket: Snapshot) -> Snapshot:
        """As the one before."""
        return await super().run(ticket)

    @workflow.query
    def build(self) -> str:
        """Only the newer build can answer this."""
        return "newer"


async def test_a_ticket_asleep_under_the_old_build_wakes_up_under_the_new_one_once_it_is_current(
    temporal_address: str,
) -> None:
    client = await connect_temporal(temporal_address, NAMESPACE)
    old, new = f"old-{uuid4().hex}", f"new-{uuid4().hex}"
    queue = f"versions-{uuid4().hex}"
    desk = Desk(number=int(uuid4().int % 10**9), policy=SLOW)
    desk.submits(datetime.now(UTC) - timedelta(hours=1))
    desk.asks(datetime.now(UTC))
    async with _build(client, desk, queue, old, TicketWorkflow):
        await _make_current(client, old)
        clock = await client.start_workflow(
            TICKET_WORKFLOW,
            desk.snapshot,
            id=f"ticket-{desk.number}",
            task_queue=queue,
            start_signal=SNAPSHOT_SIGNAL,
            start_signal_args=[desk.snapshot],
        )
        before = await _build_of(clock)

        async with _build(client, desk, queue, new, NewerTicketWorkflow):
            await _seen(client, new)
            await clock.signal(SNAPSHOT_SIGNAL, desk.snapshot)
            not_current_yet = await _build_of(clock)
            await _make_current(client, new)
            desk.replies(datetime.now(UTC))

            async def goes_on_under_the_new_build() -> bool:
                # What is current spreads through the server in its own time: only a later task can show it.
                await clock.signal(SNAPSHOT_SIGNAL, desk.snapshot)
                return await _build_of(clock) == new

            await until(goes_on_under_the_new_build, "the ticket going on under the new build")
            answered = await clock.query("build", result_type=str)
            known = await clock.query("known_snapshot", result_type=Snapshot)
            closed = desk.snapshot.model_copy(update={"status": Status.CLOSED, "version": 99})
            await clock.signal(SNAPSHOT_SIGNAL, closed)
            await asyncio.wait_for(clock.result(), 30)

    assert (before, not_current_yet) == (old, old)
    assert answered == "newer"
    assert known == desk.snapshot


@asynccontextmanager
async def _build(client: Client, desk: Desk, queue: str, build_id: str, of: type) -> AsyncIterator[None]:
    @activity.defn(name=MEET_DEADLINE_ACTIVITY)
    async def meet_deadline(asked: MeetDeadline) -> Snapshot:
        return desk.meets(asked, datetime.now(UTC))

    async with ticket_worker(client, meet_deadline, build_id=build_id, workflow=of, task_queue=queue):
        yield


async def _seen(client: Client, build_id: str) -> None:
    """Wait until the server knows the build, whose worker has just begun to poll."""

    async def known() -> bool:
        try:
            answer = await client.workflow_service.describe_worker_deployment(
                DescribeWorkerDeploymentRequest(namespace=NAMESPACE, deployment_name=DEPLOYMENT)
            )
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        versions = answer.worker_deployment_info.version_summaries
        return build_id in {each.deployment_version.build_id for each in versions}

    await until(known, f"a worker of the build {build_id}")


async def _make_current(client: Client, build_id: str) -> None:
    """What `temporal worker deployment set-current-version` does."""
    await _seen(client, build_id)
    await client.workflow_service.set_worker_deployment_current_version(
        SetWorkerDeploymentCurrentVersionRequest(
            namespace=NAMESPACE, deployment_name=DEPLOYMENT, build_id=build_id, ignore_missing_task_queues=True
        )
    )


async def _build_of(clock: WorkflowHandle[Any, Any]) -> str:
    """The build that did the run's latest task, after it has taken in all signals."""
    await clock.query("known_snapshot", result_type=Snapshot)
    description = await clock.describe()
    return description.raw_description.workflow_execution_info.versioning_info.deployment_version.build_id
