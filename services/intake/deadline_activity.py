"""The activity with which a ticket's clock meets a deadline; intake alone changes tickets."""

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity

from services.contract import MEET_DEADLINE_ACTIVITY, MeetDeadline, Snapshot
from services.database import transaction
from services.intake.commands import meet
from services.telemetry import correlated


class DeadlineActivity:
    """Meets deadlines in intake's own database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @activity.defn(name=MEET_DEADLINE_ACTIVITY)
    async def meet_deadline(self, order: MeetDeadline) -> Snapshot:
        """One transaction. Met twice is done once: the second finds it met. Errors are retried by the clock."""
        with correlated(f"clock-{order.number}-{order.version}-{order.deadline.kind}"):
            async with transaction(self._engine) as connection:
                return await meet(connection, order)
