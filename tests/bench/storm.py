"""A storm: thousands of deadlines due at the same instant, with nothing else going on or while programs are killed."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import mean

from services.intake.tables.tables import outbox
from services.messaging.outbox import BROKER_SINK, CLOCK_SINK
from services.platform.clock import wall_clock
from tests.bench.books import count_met, disagreements, met_at, read_book
from tests.bench.desk import API, RELAY, SERVER, WORKER, Desk
from tests.bench.figures import Killing, Recovery, Storm, lateness
from tests.bench.patience import Say, until_instant
from tests.bench.rates import all_asleep
from tests.bench.raw_clocks import RawClocks
from tests.bench.sleepers import alarms, count_asleep
from tests.bench.tickets import Sides, sleepers, submit_many
from tests.outbox_lag import lag

MEETINGS = ("direct", "queue")
"""How a deadline is met: by asking intake over HTTP, or, while its API is down, through Temporal's queue."""
CALM_BEFORE = timedelta(seconds=3)
RAW_STARTS = 200
SUBMIT_EVERY_SECONDS = 0.1
KILLS = ((0.15, WORKER), (0.35, SERVER), (0.55, RELAY), (0.75, API))
"""The programs to kill, each once this share of the deadlines is met."""
LOOK_EVERY = timedelta(seconds=0.1)


@dataclass(frozen=True)
class Gathered:
    """The clocks made to sleep before a storm."""

    numbers: Sequence[int]
    due_at: datetime
    asleep_before: int
    """How many other clocks slept already; they have no part in the storm."""


@dataclass(frozen=True)
class _Kill:
    program: str
    at: datetime
    met_before: int
    restarted_seconds: float


async def gather(desk: Desk, who: Sides, meeting: str, count: int, within: timedelta, say: Say) -> Gathered:
    """Make `count` tickets with a deadline due `within` from now; returns when their clocks sleep, or shortly before
    the deadline."""
    await (desk.stop if meeting == "queue" else desk.start)(API)
    await desk.start(RELAY, WORKER)
    before = await asyncio.to_thread(count_asleep, desk.timers)
    due_at = wall_clock() + within
    numbers = await (await sleepers(desk.engine, who, due_at)).make(count)
    gathered = Gathered(numbers, due_at, before)
    try:
        async with asyncio.timeout((due_at - CALM_BEFORE - wall_clock()).total_seconds()):
            await all_asleep(desk, before + count, say)
    except TimeoutError:
        say("the storm begins before all clocks are asleep")
    return gathered


async def fair_weather(
    desk: Desk, who: Sides, meeting: str, count: int, within: timedelta, raw_starts: int, say: Say
) -> Storm:
    """A storm that nothing disturbs, compared with direct starts on the same server before and after it."""
    raw = RawClocks(desk.temporal)
    before = await raw.start(raw_starts)
    gathered = await gather(desk, who, meeting, count, within, say)
    asleep = await asyncio.to_thread(count_asleep, desk.timers) - gathered.asleep_before
    await until_instant(gathered.due_at - CALM_BEFORE / 2)
    taken = _cpu(desk)
    await _all_met(desk, gathered.numbers, say)
    spent = {name: seconds - taken[name] for name, seconds in _cpu(desk).items()}
    gave_up = wall_clock()
    instants = await met_at(desk.engine, gathered.numbers)
    wrong = await _wrong(desk, gathered, [], say)
    await desk.quiet()
    after = await raw.start(raw_starts)
    late = [(each - gathered.due_at).total_seconds() for each in instants or [gave_up]]
    return Storm(
        meeting=meeting,
        deadlines=count,
        met=len(instants),
        asleep=asleep,
        drained_seconds=max(late),
        raw_starts=mean((before, after)),
        lateness=lateness(late),
        cpu_ms={name: 1000 * seconds / count for name, seconds in spent.items()},
        disagreements=wrong,
    )


async def killing(
    desk: Desk,
    who: Sides,
    meeting: str,
    count: int,
    within: timedelta,
    say: Say,
    kills: Sequence[tuple[float, str]] = KILLS,
) -> Killing:
    """A storm in which programs are killed while new tickets still come in; then the check of its books."""
    gathered = await gather(desk, who, meeting, count, within, say)
    await until_instant(gathered.due_at)
    submitting = asyncio.ensure_future(_submit(desk, who))
    done = await _kill_and_restart(desk, gathered.numbers, kills, say)
    await _all_met(desk, gathered.numbers, say)
    submitting.cancel()
    submitted = await submitting
    wrong = await _wrong(desk, gathered, submitted, say)
    instants = await met_at(desk.engine, gathered.numbers)
    return Killing(
        meeting=meeting,
        deadlines=count,
        submitted=len(submitted),
        drained_seconds=(instants[-1] - gathered.due_at).total_seconds() if instants else 0.0,
        recoveries=tuple(_recoveries(done, instants)),
        disagreements=wrong,
    )


async def _kill_and_restart(
    desk: Desk, numbers: Sequence[int], kills: Sequence[tuple[float, str]], say: Say
) -> list[_Kill]:
    done = []
    for share, name in kills:
        met = await desk.until_counted(
            lambda: count_met(desk.engine, numbers), int(share * len(numbers)), "deadlines met", say, every=LOOK_EVERY
        )
        program = desk.programs[name]
        if not program.running:
            continue  # intake's API, in a storm that runs without it
        say(f"killing {name} at {met:,} of {len(numbers):,}")
        at, began = wall_clock(), time.monotonic()
        await asyncio.to_thread(program.kill)
        await asyncio.to_thread(program.start)
        done.append(_Kill(name, at, met, time.monotonic() - began))
    return done


async def _submit(desk: Desk, who: Sides) -> list[int]:
    # Stops only between two tickets, so that exactly the tickets in the list were acknowledged.
    numbers: list[int] = []
    try:
        while True:
            await asyncio.sleep(SUBMIT_EVERY_SECONDS)
            numbers += await asyncio.shield(asyncio.ensure_future(submit_many(desk.engine, who, 1)))
    except asyncio.CancelledError:
        return numbers


async def _all_met(desk: Desk, numbers: Sequence[int], say: Say) -> None:
    await desk.until_counted(lambda: count_met(desk.engine, numbers), len(numbers), "deadlines met", say)


async def _wrong(desk: Desk, gathered: Gathered, submitted: Sequence[int], say: Say) -> tuple[str, ...]:
    """The disagreements, once everything is sent and every clock sleeps again, or nothing changes any more."""

    async def sent() -> int:
        return -sum([(await lag(desk.engine, outbox, sink)).unsent for sink in (CLOCK_SINK, BROKER_SINK)])

    await desk.until_counted(sent, 0, "messages sent, less", say)
    await all_asleep(desk, gathered.asleep_before + len(gathered.numbers) + len(submitted), say)
    asleep = await asyncio.to_thread(alarms, desk.timers)
    return disagreements(await read_book(desk.engine, asleep, gathered.due_at, gathered.numbers, submitted))


def _recoveries(kills: Sequence[_Kill], instants: Sequence[datetime]) -> list[Recovery]:
    # Each recovery lasts until the next kill; the last one until the end.
    ends = [*(kill.at for kill in kills[1:]), instants[-1] if instants else wall_clock()]
    return [
        Recovery(kill.program, kill.met_before, kill.restarted_seconds, _standstill(instants, kill.at, end))
        for kill, end in zip(kills, ends, strict=True)
    ]


def _standstill(instants: Sequence[datetime], begin: datetime, end: datetime) -> float:
    marks = [begin, *(each for each in instants if begin < each < end), end]
    return max((after - before).total_seconds() for before, after in pairwise(marks))


def _cpu(desk: Desk) -> dict[str, float]:
    return {name: each.usage().cpu_seconds for name, each in desk.programs.items() if each.running}
