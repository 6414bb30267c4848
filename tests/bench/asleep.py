"""Measures what sleeping tickets cost: thousands of clocks with nothing to do for a week."""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta

from services.platform.clock import wall_clock
from tests.bench.desk import API, RELAY, SERVER, WORKER, Desk
from tests.bench.figures import Asleep
from tests.bench.patience import Say
from tests.bench.rates import all_asleep
from tests.bench.tickets import Sides, sleepers

SLEEP = timedelta(days=7)
IDLE_SECONDS = 10.0


async def measure_asleep(desk: Desk, who: Sides, steps: Sequence[int], say: Say) -> list[Asleep]:
    """Memory and idle processor time at each of these numbers of sleeping tickets, on a desk that has none yet."""
    await desk.start(API, RELAY, WORKER)
    maker = await sleepers(desk.engine, who, wall_clock() + SLEEP)
    taken: list[Asleep] = []
    known = 0
    for step in steps:
        say(f"making {step - known:,} tickets that sleep")
        began = time.monotonic()
        await maker.make(step - known)
        await all_asleep(desk, step, say)
        told, known = time.monotonic() - began, step
        await desk.quiet()
        taken.append(await _taken(desk, step, told))
    return taken


async def _taken(desk: Desk, tickets: int, told: float) -> Asleep:
    worker, server = desk.programs[WORKER], desk.programs[SERVER]
    before = worker.usage().cpu_seconds, server.usage().cpu_seconds
    await asyncio.sleep(IDLE_SECONDS)
    after = worker.usage(), server.usage()
    idle = [100 * (now.cpu_seconds - then) / IDLE_SECONDS for now, then in zip(after, before, strict=True)]
    files = [each for each in desk.timers.parent.glob(f"{desk.timers.name}*") if each.is_file()]
    return Asleep(
        tickets=tickets,
        worker_mb=after[0].rss_bytes / 1e6,
        server_mb=after[1].rss_bytes / 1e6,
        file_mb=sum(each.stat().st_size for each in files) / 1e6,
        worker_idle_percent=idle[0],
        server_idle_percent=idle[1],
        told_seconds=told,
    )
