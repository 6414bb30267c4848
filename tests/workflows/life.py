"""The life of a ticket on a time-skipping server: the real workflow, told by signal-with-start like from the relay."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from typing import Any, TypeVar

from temporalio import activity
from temporalio.client import WorkflowHandle, WorkflowHistory
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from services.cli.embedded.temporal_server import time_skipping_program
from services.contract.temporal import (
    DEADLINE_REFUSED,
    INTAKE_TASK_QUEUE,
    MEET_DEADLINE_ACTIVITY,
    SNAPSHOT_QUERY,
    SNAPSHOT_SIGNAL,
    TICKET_WORKFLOW,
    WORKFLOW_TASK_QUEUE,
    MeetDeadline,
    Snapshot,
    workflow_id,
)
from services.contract.vocabulary import DeadlineKind
from services.promises.policy import Policy
from services.workflows.ticket import TicketWorkflow
from services.workflows.worker import ticket_worker
from tests.alone import STARTS_SERVER
from tests.workflows.desk import PLAIN, Desk

STEP_MAX = timedelta(seconds=30)
"""The most real time for each step of a life. It is needed because an error inside a workflow looks like a hang."""

Outcome = TypeVar("Outcome")
Trouble = Callable[[MeetDeadline], Awaitable[None]]
_numbers = count(1001)


async def well(_: MeetDeadline) -> None:
    """Intake works normally."""


async def away(_: MeetDeadline) -> None:
    """Intake's database cannot be reached."""
    raise failure("intake's database is away")


async def unknown(_: MeetDeadline) -> None:
    """Intake answers that there is no such ticket."""
    raise ApplicationError("there is no such ticket", type=DEADLINE_REFUSED, non_retryable=True)


def failure(text: str) -> ApplicationError:
    # Benign: keeps hundreds of attempts out of the log. The clock retries it like any other failure.
    return ApplicationError(text, category=ApplicationErrorCategory.BENIGN)


@dataclass
class Life:
    """A ticket, its desk and its clock. Each method changes the ticket or the time."""

    server: WorkflowEnvironment
    desk: Desk
    before_answering: Trouble = well
    """Called in intake's API only, before it reads the ticket; if it raises, the API fails."""
    before_meeting: Trouble = well
    """Called in intake, by API and queue, before it reads the ticket; if it raises, intake fails."""
    after_meeting: Trouble = well
    """Called after the ticket is saved; if it raises, the answer is lost."""
    direct_tries: int = 0
    """How often the clock asked intake's API."""
    queued_tries: int = 0
    """How often the activity on intake's task queue was started."""
    _runs: list[WorkflowHandle[Any, Snapshot]] = field(default_factory=list)
    """The runs that were started or signalled, oldest first."""
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def handle(self) -> WorkflowHandle[Any, Any]:
        """The handle of its clock, always for the current run."""
        return self.server.client.get_workflow_handle(workflow_id(self.desk.number))

    @property
    def tries(self) -> int:
        return self.direct_tries + self.queued_tries

    @activity.defn(name=MEET_DEADLINE_ACTIVITY)
    async def meet_directly(self, asked: MeetDeadline) -> Snapshot:
        """Meet a deadline as intake's API does."""
        self.direct_tries += 1
        await self.before_answering(asked)
        return await self._meet(asked, await self.now())

    @activity.defn(name=MEET_DEADLINE_ACTIVITY)
    async def meet_from_queue(self, asked: MeetDeadline) -> Snapshot:
        """Meet a deadline as intake's worker does."""
        self.queued_tries += 1
        return await self._meet(asked, activity.info().started_time)

    async def _meet(self, asked: MeetDeadline, now: datetime) -> Snapshot:
        try:
            await self.before_meeting(asked)
            snapshot = self.desk.meets(asked.tried_at(now), now)
            await self.after_meeting(asked)
            return snapshot
        finally:
            async with self._changed:
                self._changed.notify_all()

    async def now(self) -> datetime:
        return await self.server.get_current_time()

    async def opens(self) -> None:
        self.desk.submits(await self.now())
        await self.tells()

    async def asks(self) -> None:
        await self._does(self.desk.asks)

    async def replies(self) -> None:
        await self._does(self.desk.replies)

    async def assigns(self) -> None:
        await self._does(self.desk.assigns)

    async def answers(self) -> None:
        await self._does(self.desk.answers)

    async def solves(self) -> None:
        await self._does(self.desk.solves)

    async def reopens(self) -> None:
        await self._does(self.desk.reopens)

    async def parks(self) -> None:
        await self._does(self.desk.parks)

    async def plans(self) -> None:
        await self._does(self.desk.plans)

    async def ships(self) -> None:
        await self._does(self.desk.ships)

    async def merges(self) -> None:
        await self._does(self.desk.merges)

    async def snoozes(self, length: timedelta) -> None:
        await self._does(lambda now: self.desk.snoozes(now, length))

    async def postpones(self, kind: DeadlineKind, length: timedelta) -> None:
        await self._does(lambda now: self.desk.postpones(now, kind, length))

    async def tells(self) -> None:
        """Deliver all snapshots on the wire to the clock, in order."""
        while self.desk.wire:
            await self.signals(self.desk.wire.pop(0))

    async def signals(self, snapshot: Snapshot) -> None:
        """Signal this snapshot to the clock; starts it if it does not run."""
        run = await _soon(
            self.server.client.start_workflow(
                TICKET_WORKFLOW,
                snapshot,
                id=workflow_id(snapshot.number),
                task_queue=WORKFLOW_TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                start_signal=SNAPSHOT_SIGNAL,
                start_signal_args=[snapshot],
                result_type=Snapshot,
            )
        )
        self._runs.append(run)

    async def waits(self, days: float = 0, *, hours: float = 0, minutes: float = 0) -> None:
        """Let time pass; what becomes due meanwhile happens."""
        await _soon(self.server.sleep(timedelta(days=days, hours=hours, minutes=minutes)))

    async def waits_until(self, instant: datetime) -> None:
        await _soon(self.server.sleep(instant - await self.now()))

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait, in real time, for something that intake's activity makes true."""
        async with self._changed:
            await _soon(self._changed.wait_for(true))

    async def known(self) -> Snapshot:
        """The ticket as its clock knows it after all signals."""
        return await _soon(self.handle.query(SNAPSHOT_QUERY, result_type=Snapshot))

    async def ends(self) -> Snapshot:
        """Let time pass until the run that was signalled last ends; returns the ticket as that run knew it."""
        return await _soon(self._runs[-1].result())

    async def histories(self) -> list[WorkflowHistory]:
        """The history of every run so far, oldest first, including runs continued as new."""
        histories: dict[str, WorkflowHistory] = {}
        for started in self._runs:
            run_id = started.result_run_id
            while run_id and run_id not in histories:
                handle = self.server.client.get_workflow_handle(self.handle.id, run_id=run_id)
                histories[run_id] = await _soon(handle.fetch_history())
                last = histories[run_id].events[-1]
                run_id = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id
        return list(histories.values())

    async def _does(self, command: Callable[[datetime], None]) -> None:
        command(await self.now())
        await self.tells()


@cache
def _quiet() -> Runtime:
    """A runtime that logs errors only: Temporal's core warns, for every worker, that this server lacks a feature."""
    return Runtime(telemetry=TelemetryConfig(logging=LoggingConfig(TelemetryFilter("ERROR", "ERROR"))))


@asynccontextmanager
async def server_of_our_own() -> AsyncIterator[WorkflowEnvironment]:
    """A time-skipping server of its own: all users of one server share its time."""
    sys.audit(STARTS_SERVER)
    server = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(time_skipping_program()),
        data_converter=pydantic_data_converter,
        identity="balie-tests",
        runtime=_quiet(),
    )
    async with server:
        yield server


@asynccontextmanager
async def living(
    server: WorkflowEnvironment, *, policy: Policy = PLAIN, workflow: type = TicketWorkflow
) -> AsyncIterator[Life]:
    """A ticket about to be opened, and both workers it needs."""
    life = Life(server, Desk(next(_numbers), policy))
    async with AsyncExitStack() as workers:
        await workers.enter_async_context(ticket_worker(server.client, life.meet_directly, workflow=workflow))
        await workers.enter_async_context(intake_worker(life))
        yield life


def intake_worker(life: Life) -> Worker:
    """The worker of intake that the clock calls."""
    return Worker(life.server.client, task_queue=INTAKE_TASK_QUEUE, activities=[life.meet_from_queue])


async def _soon(outcome: Awaitable[Outcome]) -> Outcome:
    return await asyncio.wait_for(outcome, STEP_MAX.total_seconds())
