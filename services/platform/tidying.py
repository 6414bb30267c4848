"""Deletes rows that have been kept long enough, in the background and in batches of limited size."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contract.errors import sentence
from services.platform.clock import Clock
from services.platform.database import UNREACHABLE, transaction

log = structlog.get_logger(__name__)

TIDY_EVERY = timedelta(hours=1)
TIDY_BATCH_MAX = 1000
"""Most rows that one transaction deletes, to keep it short."""

Chore = Callable[[AsyncConnection, datetime], Awaitable[int]]
"""Deletes at most `TIDY_BATCH_MAX` rows that are too old at the given instant, and returns how many it deleted."""


async def keep_tidy(engine: AsyncEngine, clock: Clock, *chores: Chore) -> None:
    """Does the chores every hour until cancelled. If the database is unreachable, a chore waits for the next hour."""
    while True:
        for chore in chores:
            try:
                await _do(engine, clock, chore)
            except UNREACHABLE as error:
                log.warning("tidying put off", reason=sentence(error))
        await asyncio.sleep(TIDY_EVERY.total_seconds())


async def _do(engine: AsyncEngine, clock: Clock, chore: Chore) -> None:
    dropped = TIDY_BATCH_MAX
    while dropped == TIDY_BATCH_MAX:
        async with transaction(engine) as connection:
            dropped = await chore(connection, clock())
        if dropped:
            log.info("tidied", count=dropped)
