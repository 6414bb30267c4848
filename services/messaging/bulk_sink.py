"""The sink that tells bulks' workflows to look at their bulk: to Temporal, by signal-with-start."""

from collections.abc import Sequence

from pydantic import ValidationError
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.service import RPCError

from services.contract.errors import Permanent
from services.contract.temporal import BULK_SIGNAL, BULK_WORKFLOW, WORKFLOW_TASK_QUEUE, BulkOrder, bulk_workflow_id
from services.messaging.clock_sink import RPC_TIMEOUT, SIGNALS_AT_ONCE, failure
from services.messaging.outbox import BULK_SINK, OutboxRow
from services.messaging.sink import DELIVER_TIMEOUT, Result, deliver_each


class BulkSink:
    """Signals each bulk's workflow, and starts it where none runs.

    The signal says "look again" and nothing else, so one that comes twice, late or after another one does no harm:
    what a bulk is to do is in intake's row. A sink of its own, for the clocks of the tickets that a bulk changes may
    fill the other.
    """

    name = BULK_SINK

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal

    async def deliver(self, rows: Sequence[OutboxRow]) -> Sequence[Result]:
        """Tell each bulk once, however many rows it has; all rows of a bulk fare alike."""
        results: dict[int, Result] = {}
        orders: dict[str, BulkOrder] = {}
        for row in rows:
            try:
                order = BulkOrder.model_validate(row.payload)
            except ValidationError as error:
                results[row.id] = Permanent(f"The row holds no bulk: {error.error_count()} fields are wrong.")
                continue
            orders[row.key] = order
        told = await deliver_each(list(orders.values()), self._tell, at_once=SIGNALS_AT_ONCE, limit=DELIVER_TIMEOUT)
        by_key = dict(zip(orders, told, strict=True))
        return [results[row.id] if row.id in results else by_key[row.key] for row in rows]

    async def _tell(self, order: BulkOrder) -> Result:
        try:
            await self._temporal.start_workflow(
                BULK_WORKFLOW,
                order,
                id=bulk_workflow_id(order.bulk_id),
                task_queue=WORKFLOW_TASK_QUEUE,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                start_signal=BULK_SIGNAL,
                rpc_timeout=RPC_TIMEOUT,
            )
        except RPCError as error:
            return failure(error)
        return None
