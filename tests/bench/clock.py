"""`clock`: measures what tickets' clocks cost, and how they recover when programs are killed."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.bench.asleep import measure_asleep
from tests.bench.desk import Desk, desk_in
from tests.bench.figures import Figures
from tests.bench.patience import Say
from tests.bench.processes import this_machine
from tests.bench.rates import Rating
from tests.bench.storm import MEETINGS, fair_weather, killing
from tests.bench.tickets import Sides, sides

PARTS = ("rates", "storm", "kills", "asleep")
GATHER_LEAST = timedelta(seconds=15)
GATHER_MARGIN = 1.3
"""A storm begins this many times later than its clocks should need to fall asleep by the measured rate."""


@dataclass(frozen=True)
class Plan:
    """How much to measure of each part."""

    pairs: int = 5
    many: int = 200
    """How many clocks are told in each half of a pair."""
    storm: int = 5_000
    killing: int = 3_000
    asleep: tuple[int, ...] = (1_000, 10_000, 50_000)
    meetings: tuple[str, ...] = MEETINGS
    """One storm for each way to meet a deadline; programs are killed in another storm of the first way."""


QUICK = Plan(pairs=2, many=50, storm=100, killing=150, asleep=(100, 200))


async def measure(plan: Plan, parts: Sequence[str], figures: Figures, say: Say) -> None:
    """Measure these parts and fill in `figures`. Rates are always measured, because storms are timed by them."""
    async with _new_desk() as (desk, who):
        figures.rates = await Rating(desk, who, plan.many, say).measure(plan.pairs)
        asleep_a_second = min(pair.ours for pair in figures.rates[3].pairs)
        if "storm" in parts:
            for meeting in plan.meetings:
                within = _gathering(plan.storm, asleep_a_second)
                storm = await fair_weather(desk, who, meeting, plan.storm, within, plan.many, say)
                figures.storms.append(storm)
        if "kills" in parts:
            within = _gathering(plan.killing, asleep_a_second)
            figures.killings.append(await killing(desk, who, plan.meetings[0], plan.killing, within, say))
    if "asleep" in parts:
        # On a new desk: programs seldom give memory back.
        async with _new_desk() as (desk, who):
            figures.asleep = await measure_asleep(desk, who, plan.asleep, say)


def new_figures() -> Figures:
    """Figures without any measurement yet."""
    return Figures(this_machine())


@asynccontextmanager
async def _new_desk() -> AsyncIterator[tuple[Desk, Sides]]:
    with tempfile.TemporaryDirectory(prefix="balie-bench-", ignore_cleanup_errors=True) as folder:
        async with desk_in(Path(folder)) as desk:
            yield desk, await sides(desk.engine)


def _gathering(clocks: int, asleep_a_second: float) -> timedelta:
    return GATHER_LEAST + GATHER_MARGIN * timedelta(seconds=clocks / asleep_a_second)
