"""The relay's way to tickets' clocks: signal-with-start, so that a lost start heals like a lost signal."""

import asyncio
from collections.abc import Sequence

from pydantic import ValidationError
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from services.contract import SNAPSHOT_SIGNAL, TICKET_WORKFLOW, WORKFLOW_TASK_QUEUE, Snapshot, workflow_id
from services.errors import Temporary
from services.outbox import CLOCK_SINK, OutboxRow
from services.relay import Refusal
from services.vocabulary import Status

CONCURRENT_CALLS_MAX = 8
"""More only lengthen the queue inside Temporal: its store takes one writer at a time on a small server."""

_AWAY = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.ABORTED,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.UNKNOWN,
    }
)


class ClockSink:
    """Tells each ticket's clock its newest snapshot; older ones of the same batch need no telling."""

    name = CLOCK_SINK

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal
        self._calls = asyncio.Semaphore(CONCURRENT_CALLS_MAX)

    async def deliver(self, rows: Sequence[OutboxRow]) -> Sequence[Refusal]:
        """As `Sink`. A ticket whose call fails is refused with all its rows."""
        snapshots: dict[int, Snapshot] = {}
        refusals: list[Refusal] = []
        for row in rows:
            try:
                snapshot = Snapshot.model_validate(row.payload)
            except ValidationError as error:
                refusals.append(Refusal(row.id, f"no snapshot: {error.error_count()} fields are wrong"))
                continue
            known = snapshots.get(snapshot.number)
            if known is None or snapshot.version > known.version:
                snapshots[snapshot.number] = snapshot
        reasons = await self._tell_all(list(snapshots.values()))
        refused = {number: reason for number, reason in reasons.items() if reason}
        return [*refusals, *(Refusal(row.id, refused[int(row.key)]) for row in rows if _is_of(row, refused))]

    async def _tell_all(self, snapshots: Sequence[Snapshot]) -> dict[int, str | None]:
        outcomes = await asyncio.gather(*(self._tell(snapshot) for snapshot in snapshots), return_exceptions=True)
        reasons: dict[int, str | None] = {}
        for snapshot, outcome in zip(snapshots, outcomes, strict=True):
            if isinstance(outcome, RPCError):
                # One answer that Temporal is away speaks for all: what was told meanwhile is told again, harmlessly.
                if outcome.status in _AWAY:
                    raise Temporary(f"Temporal does not answer: {outcome.status.name}.")
                reasons[snapshot.number] = f"Temporal refused: {outcome.status.name}."
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                reasons[snapshot.number] = None
        return reasons

    async def _tell(self, snapshot: Snapshot) -> None:
        async with self._calls:
            if snapshot.status is Status.CLOSED:
                await self._end(snapshot)
            else:
                await self._temporal.start_workflow(
                    TICKET_WORKFLOW,
                    snapshot,
                    id=workflow_id(snapshot.number),
                    task_queue=WORKFLOW_TASK_QUEUE,
                    id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                    start_signal=SNAPSHOT_SIGNAL,
                    start_signal_args=[snapshot],
                )

    async def _end(self, snapshot: Snapshot) -> None:
        # A closed ticket needs no clock: one that runs is told and ends, one that does not is not started.
        try:
            await self._temporal.get_workflow_handle(workflow_id(snapshot.number)).signal(SNAPSHOT_SIGNAL, snapshot)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise


def _is_of(row: OutboxRow, numbers: dict[int, str]) -> bool:
    return row.key.isdigit() and int(row.key) in numbers
