"""The sink that signals bulks' workflows to look at their bulk again, by Temporal's signal-with-start."""

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
    """Signals each bulk's workflow, and starts it if none is running.

    The signal only says "look again"; what the bulk has to do is in intake's row. So a signal that comes twice, late or
    out of order does no harm. Not the same sink as the clocks': a bulk changes many tickets and so fills that one.
    """

    name = BULK_SINK

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal

    async def deliver(self, rows: Sequence[OutboxRow]) -> Sequence[Result]:
        """Signals each bulk once, however many rows it has; all rows of a bulk get the same result."""
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
