"""The activity with which a ticket's clock meets a deadline; intake alone changes tickets."""

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.exceptions import ApplicationError

from services.contract.errors import Permanent
from services.contract.temporal import DEADLINE_REFUSED, MEET_DEADLINE_ACTIVITY, MeetDeadline, Snapshot
from services.intake.tickets.use_cases import meet_deadline
from services.platform.database import transaction
from services.platform.telemetry import correlated


class DeadlineActivity:
    """Meets deadlines in intake's own database, for clocks that cannot reach intake's API."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @activity.defn(name=MEET_DEADLINE_ACTIVITY)
    async def meet_deadline(self, order: MeetDeadline) -> Snapshot:
        """One transaction. Met twice is done once: the second finds it met. Errors are retried by the clock."""
        try:
            # Intake may have been away since the clock asked: what counts is when the deadline was truly met.
            return await meet_in_transaction(self._engine, order.tried_at(activity.info().started_time))
        except Permanent as error:
            # Trying again as it is cannot help: the clock says so in its log, and asks again after a while.
            raise ApplicationError(error.detail, type=DEADLINE_REFUSED, non_retryable=True) from error


async def meet_in_transaction(engine: AsyncEngine, order: MeetDeadline) -> Snapshot:
    """Carry the order out in a transaction of its own; the ticket as its clock is to know it then."""
    with correlated(order.correlation_id):
        async with transaction(engine) as connection:
            snapshot = await meet_deadline(connection, order)
    return snapshot.model_copy(update={"correlation_id": order.correlation_id})
