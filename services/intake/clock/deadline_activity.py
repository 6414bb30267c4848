"""The activity with which a ticket's clock meets a deadline. It runs in intake, since only intake changes tickets."""

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.exceptions import ApplicationError

from services.contract.errors import Permanent
from services.contract.temporal import DEADLINE_REFUSED, MEET_DEADLINE_ACTIVITY, MeetDeadline, Snapshot
from services.intake.tickets.use_cases import meet_deadline
from services.platform.database import transaction
from services.platform.telemetry import correlated


class DeadlineActivity:
    """Meets deadlines in intake's own database, so that clocks need no access to intake's API."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @activity.defn(name=MEET_DEADLINE_ACTIVITY)
    async def meet_deadline(self, order: MeetDeadline) -> Snapshot:
        """Meet a deadline, in one transaction. A repeat finds it met and changes nothing. The clock retries errors."""
        try:
            # Intake may have been down since the clock asked: record when the deadline is really met.
            return await meet_in_transaction(self._engine, order.tried_at(activity.info().started_time))
        except Permanent as error:
            # An immediate retry cannot help: the clock logs the error, and asks again later.
            raise ApplicationError(error.detail, type=DEADLINE_REFUSED, non_retryable=True) from error


async def meet_in_transaction(engine: AsyncEngine, order: MeetDeadline) -> Snapshot:
    """Meet the deadline in a transaction of its own; returns the ticket's snapshot for its clock."""
    with correlated(order.correlation_id):
        async with transaction(engine) as connection:
            snapshot = await meet_deadline(connection, order)
    return snapshot.model_copy(update={"correlation_id": order.correlation_id})
