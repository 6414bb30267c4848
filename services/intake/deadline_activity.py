"""The activity with which a ticket's clock meets a deadline; intake alone changes tickets."""

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.exceptions import ApplicationError

from services.contract import MEET_DEADLINE_ACTIVITY, MeetDeadline, Snapshot
from services.database import transaction
from services.errors import Permanent
from services.intake.commands import meet
from services.telemetry import correlated


class DeadlineActivity:
    """Meets deadlines in intake's own database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @activity.defn(name=MEET_DEADLINE_ACTIVITY)
    async def meet_deadline(self, order: MeetDeadline) -> Snapshot:
        """One transaction. Met twice is done once: the second finds it met. Errors are retried by the clock."""
        # Intake may have been away since the clock asked: what counts is when the deadline was truly met.
        order = order.tried_at(activity.info().started_time)
        with correlated(order.correlation_id):
            try:
                async with transaction(self._engine) as connection:
                    snapshot = await meet(connection, order)
            except Permanent as error:
                # Trying again as it is cannot help: the clock says so in its log, and asks again after a while.
                raise ApplicationError(error.detail, type=type(error).__name__, non_retryable=True) from error
            return snapshot.model_copy(update={"correlation_id": order.correlation_id})
