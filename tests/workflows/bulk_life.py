"""A bulk on a time-skipping server: the real workflow, the real sink, and intake's rules for a step."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle, WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from services.contract.temporal import (
    CARRY_OUT_BULK_ACTIVITY,
    INTAKE_BULK_TASK_QUEUE,
    WORKFLOW_TASK_QUEUE,
    BulkOrder,
    BulkStep,
    bulk_workflow_id,
)
from services.contract.vocabulary import BulkState, TaskState
from services.intake.bulk.steps import STEP_SECONDS
from services.intake.rules.bulk import TAKES_UP, Bulk, marked, moved
from services.messaging.bulk_sink import BulkSink
from services.messaging.outbox import BULK_SINK, OutboxRow
from services.workflows.bulk import BulkWorkflow
from services.workflows.worker import SANDBOX, STICKY_TIMEOUT
from tests.intake.ticket_life import AGENT
from tests.moved_clock import START
from tests.patience import PATIENCE_SECONDS
from tests.workflows.life import STEP_MAX, failure, server_of_our_own

A_MOMENT = timedelta(milliseconds=200)
_rows = count(1)
Trouble = Callable[[BulkOrder], Awaitable[None]]


async def well(_: BulkOrder) -> None:
    """Intake works normally."""


async def away(_: BulkOrder) -> None:
    """Intake's database cannot be reached."""
    raise failure("intake's database is away")


@dataclass
class BulkLife:
    """A bulk in memory, instead of in intake's table, and its workflow. Each method changes the bulk or the time."""

    server: WorkflowEnvironment
    bulk: Bulk
    before_step: Trouble = well
    """Called in intake before it processes a ticket; if it raises, intake fails."""
    steps: list[BulkStep] = field(default_factory=list)
    _runs: list[WorkflowHandle[Any, Any]] = field(default_factory=list)

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        """The handle of its workflow, always for the current run."""
        return self.server.client.get_workflow_handle(bulk_workflow_id(self.bulk.id), result_type=BulkStep)

    @activity.defn(name=CARRY_OUT_BULK_ACTIVITY)
    async def carry_out(self, order: BulkOrder) -> BulkStep:
        """Carry out a step as intake's worker does, without real tickets."""
        await self.before_step(order)
        tried = 0
        while self.bulk.state in TAKES_UP and tried < self.bulk.per_second * STEP_SECONDS:
            outcome = TaskState.DONE if self.bulk.state is BulkState.RUNNING else TaskState.UNDONE
            self.bulk = marked(self.bulk, outcome, START)
            tried += 1
        step = BulkStep(
            state=self.bulk.state,
            tried=tried,
            per_second=self.bulk.per_second,
            total=self.bulk.total,
            waiting=self.bulk.waiting,
        )
        self.steps.append(step)
        return step

    async def tells(self, *, times: int = 1) -> None:
        """The relay delivers the bulk's row, perhaps several times."""
        order = BulkOrder(bulk_id=self.bulk.id)
        key, payload = bulk_workflow_id(self.bulk.id), order.model_dump(mode="json")
        for _ in range(times):
            row = OutboxRow(next(_rows), BULK_SINK, key, payload, "", START, 0)
            assert await BulkSink(self.server.client).deliver([row]) == [None]
        run_id = (await self.handle.describe()).run_id
        self._runs.append(self.server.client.get_workflow_handle(self.handle.id, run_id=run_id))

    async def moves(self, move: str) -> None:
        """Pause, resume, cancel or undo the bulk, and tell the workflow."""
        self.bulk = moved(self.bulk, move, AGENT, START, reversible=True)
        await self.tells()

    async def waits(self, length: timedelta) -> None:
        await asyncio.wait_for(self.server.sleep(length), STEP_MAX.total_seconds())

    async def ends(self) -> BulkStep:
        """Let time pass until the current run ends; returns its last step."""
        return await end_of(self.server, self.bulk.id)

    async def took(self) -> timedelta:
        """How long the current run took, in the server's time."""
        run = await self.handle.describe()
        assert run.close_time is not None
        return run.close_time - run.start_time

    async def histories(self) -> list[WorkflowHistory]:
        """The history of every run so far, oldest first, including runs continued as new."""
        histories: dict[str, WorkflowHistory] = {}
        for started in self._runs:
            run_id = started.run_id
            while run_id and run_id not in histories:
                run = self.server.client.get_workflow_handle(self.handle.id, run_id=run_id)
                histories[run_id] = await run.fetch_history()
                last = histories[run_id].events[-1]
                run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        return list(histories.values())


@asynccontextmanager
async def bulk_life(total: int, *, per_second: int = 20, workflow: type = BulkWorkflow) -> AsyncIterator[BulkLife]:
    """A bulk of `total` tickets, on its own server with both workers; its workflow has not been told of it yet."""
    bulk = Bulk(
        id=uuid4(),
        command="tag",
        facts={},
        by=AGENT,
        state=BulkState.RUNNING,
        per_second=per_second,
        correlation_id="",
        created_at=START,
        finished_at=None,
        undone_by=None,
        total=total,
    )
    async with server_of_our_own() as server:
        life = BulkLife(server, bulk)
        async with bulk_worker(server.client, workflow), intake_worker(server.client, life.carry_out):
            yield life


def bulk_worker(client: Client, workflow: type = BulkWorkflow) -> Worker:
    """The worker that runs the workflows of bulks."""
    return Worker(
        client,
        task_queue=WORKFLOW_TASK_QUEUE,
        workflows=[workflow],
        workflow_runner=SANDBOX,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
    )


def intake_worker(client: Client, carry_out: Callable[[BulkOrder], Awaitable[BulkStep]]) -> Worker:
    """The worker of intake that the workflows of bulks call."""
    return Worker(client, task_queue=INTAKE_BULK_TASK_QUEUE, activities=[carry_out])


def workflow_of(client: Client, bulk_id: UUID) -> WorkflowHandle[Any, BulkStep]:
    """The handle of the current run of a bulk's workflow."""
    return client.get_workflow_handle(bulk_workflow_id(bulk_id), result_type=BulkStep)


async def end_of(server: WorkflowEnvironment, bulk_id: UUID) -> BulkStep:
    """Let time pass until a bulk's workflow ends; returns its last step."""
    run = workflow_of(server.client, bulk_id)
    async with asyncio.timeout(PATIENCE_SECONDS):
        # Awaiting the result does not skip time on this server: only the client that started the run can do that.
        while (await run.describe()).status is WorkflowExecutionStatus.RUNNING:
            await server.sleep(A_MOMENT)
        return await run.result()
