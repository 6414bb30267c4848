"""The activity, started by a schedule, that compares tickets with their clocks and repairs what differs."""

import asyncio
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client

from services.contract.temporal import RECONCILE_ACTIVITY, Reconciliation
from services.intake.bulk.bulks import tell_stalled_bulks
from services.intake.clock.reconciliation import compare, heal
from services.platform.clock import Clock
from services.platform.database import transaction

HEARTBEAT_SECONDS = 5

log = structlog.get_logger(__name__)


class ReconcileActivity:
    """Compares intake's own rows with the workflows Temporal knows."""

    def __init__(self, engine: AsyncEngine, temporal: Client, clock: Clock) -> None:
        self._engine, self._temporal, self._clock = engine, temporal, clock

    @activity.defn(name=RECONCILE_ACTIVITY)
    async def reconcile(self, last: Reconciliation | None) -> Reconciliation:
        """Compare every open ticket with its clock once and repair what differs; also notify stalled bulks again.

        After an interruption it starts again from the beginning, which is harmless: it only repairs.
        """
        beating = asyncio.create_task(_beat())
        try:
            return await self._reconcile(last, self._clock())
        finally:
            beating.cancel()

    async def _reconcile(self, last: Reconciliation | None, now: datetime) -> Reconciliation:
        since, turn = (last.begun_at, last.turn) if last else (None, 0)
        async with transaction(self._engine) as connection:
            if stalled := await tell_stalled_bulks(connection, now):
                log.warning("bulks stood still and were told again", bulks=[str(each) for each in stalled])
        found = await compare(self._engine, self._temporal, now, since=since, turn=turn)
        return Reconciliation(
            begun_at=now,
            turn=found.turn,
            tickets=found.tickets,
            asked=found.asked,
            overdue=len(found.overdue),
            healed=await heal(self._engine, self._temporal, found, now),
        )


async def _beat() -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(HEARTBEAT_SECONDS)
