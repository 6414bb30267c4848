"""The bench itself, at its smallest: a storm in which the workers of clocks are killed, and books that can tell."""

from datetime import timedelta
from pathlib import Path

from tests.bench.desk import WORKER, desk_in
from tests.bench.storm import killing
from tests.bench.tickets import sides

GATHERING = timedelta(seconds=6)


async def test_each_deadline_of_a_storm_is_met_once_though_the_clocks_worker_is_killed(
    database_url: str, parts_folder: Path
) -> None:
    async with desk_in(parts_folder / "bench", database_url) as desk:
        storm = await killing(desk, await sides(desk.engine), "direct", 50, GATHERING, print, ((0.2, WORKER),))
        assert storm.disagreements == ()
        assert [each.killed for each in storm.recoveries] == [WORKER]
