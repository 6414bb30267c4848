"""The activity with which a bulk's workflow has its tickets changed; intake alone changes tickets."""

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.exceptions import ApplicationError

from services.contract.errors import NotFound
from services.contract.temporal import BULK_REFUSED, CARRY_OUT_BULK_ACTIVITY, BulkOrder, BulkStep
from services.intake.bulk.steps import take_step
from services.intake.rules.contracts import Terms
from services.platform.clock import Clock


class BulkActivity:
    """Carries out bulks in intake's own database. `standard` is what those without a contract are promised."""

    def __init__(self, engine: AsyncEngine, standard: Terms, clock: Clock) -> None:
        self._engine, self._standard, self._clock = engine, standard, clock

    @activity.defn(name=CARRY_OUT_BULK_ACTIVITY)
    async def carry_out(self, order: BulkOrder) -> BulkStep:
        """The next tickets, or none where the bulk is paused or over. Errors are tried again by the workflow."""
        try:
            return await take_step(self._engine, self._standard, self._clock, order.bulk_id, activity.heartbeat)
        except NotFound as error:
            # The row went, with a backup put back: asking again cannot help.
            raise ApplicationError(error.detail, type=BULK_REFUSED, non_retryable=True) from error
