"""Measures how fast clocks are told through the relay, compared with direct calls to the same server, in turns."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select

from services.contract.temporal import WORKFLOW_TASK_QUEUE
from services.intake.tables.tables import outbox
from services.messaging.outbox import CLOCK_SINK
from services.platform.clock import wall_clock
from tests.bench.desk import API, RELAY, WORKER, Desk
from tests.bench.figures import Pair, Rates
from tests.bench.patience import Say
from tests.bench.raw_clocks import RawClocks
from tests.bench.sleepers import count_asleep
from tests.bench.tickets import Sides, solve_many, submit_many
from tests.outbox_lag import lag

LOOK_CLOSELY = timedelta(seconds=0.02)
WARM_UP = 20


@dataclass
class _Taken:
    starts: list[Pair] = field(default_factory=list)
    armed: list[Pair] = field(default_factory=list)
    signals: list[Pair] = field(default_factory=list)


class Rating:
    """Measures the rates of one desk. Afterwards all programs run and every clock sleeps."""

    def __init__(self, desk: Desk, who: Sides, many: int, say: Say) -> None:
        self._desk, self._who, self._many, self._say = desk, who, many, say
        self._raw = RawClocks(desk.temporal, WORKFLOW_TASK_QUEUE)
        self._clocks = 0

    async def measure(self, pairs: int) -> list[Rates]:
        """Measure first without the clocks' worker, so that the machine only has to tell them; then with all programs,
        as a desk runs."""
        await self._desk.start(RELAY)
        await self._pair(WARM_UP, 0, _Taken())
        alone = await self._pairs(pairs, "nobody runs the clocks")
        await self._desk.start(API, WORKER)
        await self._all_asleep(self._clocks)
        running = await self._pairs(pairs, "the clocks run")
        return [
            Rates("started; nobody runs the clocks", tuple(alone.starts)),
            Rates("signalled; nobody runs the clocks", tuple(alone.signals)),
            Rates("started; the clocks run", tuple(running.starts)),
            Rates("started and asleep", tuple(running.armed)),
            Rates("signalled; the clocks run", tuple(running.signals)),
        ]

    async def _pairs(self, pairs: int, how: str) -> _Taken:
        taken = _Taken()
        for turn in range(pairs):
            self._say(f"rates, {how}: pair {turn + 1} of {pairs}")
            await self._pair(self._many, turn, taken)
        return taken

    async def _pair(self, many: int, turn: int, taken: _Taken) -> None:
        # The second half of a pair finds a fuller server, so the halves change their order at each turn.
        if turn % 2:
            (start, armed, signal), (our_start, our_armed, our_signal) = (
                await self._directly(many),
                await self._relayed(many),
            )
        else:
            (our_start, our_armed, our_signal), (start, armed, signal) = (
                await self._relayed(many),
                await self._directly(many),
            )
        taken.starts.append(Pair(start, our_start))
        taken.armed.append(Pair(armed, our_armed))
        taken.signals.append(Pair(signal, our_signal))

    async def _directly(self, many: int) -> tuple[float, float, float]:
        began = wall_clock()
        started = await self._raw.start(many)
        armed = await self._armed(many, began)
        signalled = await self._raw.signal(many)
        await self._desk.quiet()
        return started, armed, signalled

    async def _relayed(self, many: int) -> tuple[float, float, float]:
        numbers = await submit_many(self._desk.engine, self._who, many)
        began = wall_clock()
        started, armed = await asyncio.gather(self._told(many, began), self._armed(many, began))
        await solve_many(self._desk.engine, self._who, numbers)
        signalled = await self._told(many, wall_clock())
        await self._desk.quiet()
        return started, armed, signalled

    async def _told(self, many: int, began: datetime) -> float:
        async def sent() -> int:
            return -(await lag(self._desk.engine, outbox, CLOCK_SINK)).unsent

        await self._desk.until_counted(sent, 0, "clocks told, less", self._say, every=LOOK_CLOSELY)
        async with self._desk.engine.connect() as connection:
            last = await connection.scalar(select(func.max(outbox.c.sent_at)).where(outbox.c.sink == CLOCK_SINK))
        return many / ((last or wall_clock()) - began).total_seconds()

    async def _armed(self, many: int, began: datetime) -> float:
        self._clocks += many
        if not self._desk.programs[WORKER].running:
            return 0.0
        await self._all_asleep(self._clocks)
        return many / (wall_clock() - began).total_seconds()

    async def _all_asleep(self, clocks: int) -> None:
        await all_asleep(self._desk, clocks, self._say, every=LOOK_CLOSELY)


async def all_asleep(desk: Desk, clocks: int, say: Say, every: timedelta = timedelta(seconds=0.5)) -> int:
    """Wait until this many clocks sleep, or no more come; returns how many sleep."""

    async def asleep() -> int:
        return await asyncio.to_thread(count_asleep, desk.timers)

    return await desk.until_counted(asleep, clocks, "clocks asleep", say, every=every)
