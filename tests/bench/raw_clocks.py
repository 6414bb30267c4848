"""The reference for all ratios: clocks told by direct calls of Temporal's client."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from itertools import count, islice

from temporalio.client import Client

from services.contract.temporal import SNAPSHOT_SIGNAL, TICKET_WORKFLOW, Deadline, Snapshot, workflow_id
from services.contract.vocabulary import DeadlineKind, Status
from services.messaging.clock_sink import RPC_TIMEOUT, SIGNALS_AT_ONCE
from services.platform.clock import wall_clock

NOBODYS_QUEUE = "balie-bench"
"""A task queue without a worker: a workflow started on it is work for the server only."""
FAR = timedelta(days=30)
_numbers = count(1_000_000_000)
"""Numbers that intake does not reach: these clocks belong to no ticket."""


class RawClocks:
    """Starts and signals clocks directly, as many at once as the relay does."""

    def __init__(self, temporal: Client, task_queue: str = NOBODYS_QUEUE) -> None:
        self._temporal, self._task_queue = temporal, task_queue
        self._due_at = wall_clock() + FAR
        self.started: list[int] = []

    async def start(self, many: int) -> float:
        """Start this many clocks; returns how many per second."""
        numbers = list(islice(_numbers, many))
        self.started += numbers
        return await _rate(numbers, self._start)

    async def signal(self, many: int) -> float:
        """Signal this many of the clocks started last; returns how many per second."""
        return await _rate(self.started[-many:], self._signal)

    async def _start(self, number: int) -> None:
        await self._temporal.start_workflow(
            TICKET_WORKFLOW,
            self._snapshot(number, 1),
            id=workflow_id(number),
            task_queue=self._task_queue,
            rpc_timeout=RPC_TIMEOUT,
        )

    async def _signal(self, number: int) -> None:
        clock = self._temporal.get_workflow_handle(workflow_id(number))
        await clock.signal(SNAPSHOT_SIGNAL, self._snapshot(number, 2), rpc_timeout=RPC_TIMEOUT)

    def _snapshot(self, number: int, version: int) -> Snapshot:
        # Each version has another deadline, as after a question, so that a clock told of it must set a new timer.
        deadline = Deadline(kind=DeadlineKind.REMINDER, due_at=self._due_at - timedelta(days=version))
        return Snapshot(number=number, version=version, status=Status.PENDING, next_deadline=deadline)


async def _rate(numbers: Sequence[int], call: Callable[[int], Awaitable[None]]) -> float:
    places = asyncio.Semaphore(SIGNALS_AT_ONCE)

    async def one(number: int) -> None:
        async with places:
            await call(number)

    began = time.monotonic()
    await asyncio.gather(*map(one, numbers))
    return len(numbers) / (time.monotonic() - began)
