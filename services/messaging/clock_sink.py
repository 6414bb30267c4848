"""The sink that tells tickets' clocks: newest snapshots to Temporal, by signal-with-start (`docs/design.md §2`)."""

from collections.abc import Sequence
from datetime import timedelta

from pydantic import ValidationError
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from services.contract.errors import Permanent, Temporary
from services.contract.temporal import SNAPSHOT_SIGNAL, TICKET_WORKFLOW, WORKFLOW_TASK_QUEUE, Snapshot, workflow_id
from services.contract.vocabulary import Status
from services.messaging.outbox import CLOCK_SINK, OutboxRow
from services.messaging.sink import DELIVER_TIMEOUT, Result, SinkAway, deliver_each

SIGNALS_AT_ONCE = 8
"""Most signals at once; more only make Temporal answer slower (measured)."""
RPC_TIMEOUT = timedelta(seconds=5)

_AWAY = frozenset({RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.RESOURCE_EXHAUSTED})


class ClockSink:
    """Signals every ticket's workflow, and starts it if none is running.

    Of several snapshots of one ticket only the newest goes out: it says everything the older ones do. An older one that
    comes after it, from another relay, is ignored by a running clock. One that comes
    after a closed ticket's clock has ended starts a stray one: with a deadline it ends there, as intake answers that
    the ticket is closed; without, as for an open ticket, it sleeps on until the reconciler ends it
    (`docs/decisions/0031-reconciler.md`).
    """

    name = CLOCK_SINK

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal

    async def deliver(self, rows: Sequence[OutboxRow]) -> Sequence[Result]:
        """Sends each ticket's clock the newest snapshot among the rows; all rows of a ticket get the same result."""
        results: dict[int, Result] = {}
        newest: dict[str, Snapshot] = {}
        for row in rows:
            try:
                snapshot = Snapshot.model_validate(row.payload)
            except ValidationError as error:
                results[row.id] = Permanent(f"The row holds no snapshot: {error.error_count()} fields are wrong.")
                continue
            snapshot = snapshot.model_copy(update={"correlation_id": row.correlation_id})
            known = newest.get(row.key)
            newest[row.key] = snapshot if known is None else max(known, snapshot, key=lambda each: each.version)
        told = await deliver_each(list(newest.values()), self._tell, at_once=SIGNALS_AT_ONCE, limit=DELIVER_TIMEOUT)
        by_key = dict(zip(newest, told, strict=True))
        return [results[row.id] if row.id in results else by_key[row.key] for row in rows]

    async def _tell(self, snapshot: Snapshot) -> Result:
        try:
            if snapshot.status is Status.CLOSED:
                await self._end(snapshot)
            else:
                await self._start(snapshot)
        except RPCError as error:
            return failure(error)
        return None

    async def _start(self, snapshot: Snapshot) -> None:
        # No search attributes: one set at the start would soon be outdated, and updating it makes every signal dearer.
        await self._temporal.start_workflow(
            TICKET_WORKFLOW,
            snapshot,
            id=workflow_id(snapshot.number),
            task_queue=WORKFLOW_TASK_QUEUE,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            start_signal=SNAPSHOT_SIGNAL,
            start_signal_args=[snapshot],
            rpc_timeout=RPC_TIMEOUT,
        )

    async def _end(self, snapshot: Snapshot) -> None:
        clock = self._temporal.get_workflow_handle(workflow_id(snapshot.number))
        try:
            await clock.signal(SNAPSHOT_SIGNAL, snapshot, rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            # No clock is running, which is right for a closed ticket.
            if error.status is not RPCStatusCode.NOT_FOUND or _namespace_missing(error):
                raise


def failure(error: RPCError) -> Result:
    """The result for a row whose call to Temporal failed: SinkAway if Temporal is unavailable, otherwise Temporary."""
    if error.status in _AWAY or _namespace_missing(error):
        return SinkAway(f"Temporal cannot take it now: {error.message}")
    return Temporary(f"Temporal answered {error.status.name}: {error.message}")


def _namespace_missing(error: RPCError) -> bool:
    return any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details)
