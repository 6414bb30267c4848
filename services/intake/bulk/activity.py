"""The activity with which a bulk's workflow changes tickets. It runs in intake, since only intake changes tickets."""

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.exceptions import ApplicationError

from services.contract.errors import NotFound
from services.contract.temporal import BULK_REFUSED, CARRY_OUT_BULK_ACTIVITY, BulkOrder, BulkStep
from services.intake.bulk.steps import take_step
from services.intake.rules.contracts import Terms
from services.platform.clock import Clock


class BulkActivity:
    """Carries out bulks in intake's own database. `standard` are the terms for customers without a contract."""

    def __init__(self, engine: AsyncEngine, standard: Terms, clock: Clock) -> None:
        self._engine, self._standard, self._clock = engine, standard, clock

    @activity.defn(name=CARRY_OUT_BULK_ACTIVITY)
    async def carry_out(self, order: BulkOrder) -> BulkStep:
        """Work on the next tickets, or on none if the bulk is paused or over. The workflow retries after errors."""
        try:
            return await take_step(self._engine, self._standard, self._clock, order.bulk_id, activity.heartbeat)
        except NotFound as error:
            # The row is gone, because a backup was restored: a retry cannot help.
            raise ApplicationError(error.detail, type=BULK_REFUSED, non_retryable=True) from error
