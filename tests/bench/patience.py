"""Waits for a count to reach its goal, as long as it still moves."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from services.platform.clock import wall_clock

LOOK_EVERY = timedelta(seconds=0.2)
PATIENCE = timedelta(seconds=90)
"""A count that has not moved for this long is given up."""

Say = Callable[[str], None]
"""Shows a line about the bench's progress to a person."""
SAY_EVERY = timedelta(seconds=5)


async def until_counted(
    count: Callable[[], Awaitable[int]], goal: int, what: str, say: Say, *, every: timedelta = LOOK_EVERY
) -> int:
    """Wait until the count has reached the goal, or has not moved for `PATIENCE`; returns the count."""
    best, moved, said = -1, time.monotonic(), 0.0
    while (counted := await count()) < goal:
        now = time.monotonic()
        if counted > best:
            best, moved = counted, now
        if now - moved > PATIENCE.total_seconds():
            break
        if now - said > SAY_EVERY.total_seconds():
            said = now
            say(f"{what}: {counted:,} of {goal:,}")
        await asyncio.sleep(every.total_seconds())
    return counted


async def until_instant(instant: datetime) -> None:
    """Sleep until this instant."""
    await asyncio.sleep(max(0.0, (instant - wall_clock()).total_seconds()))
