"""The bench itself, at its smallest: a storm in which the workers of clocks are killed, and books that can tell."""

import asyncio
from datetime import timedelta
from pathlib import Path

from services.contract import workflow_id
from tests.bench.desk import RELAY, WORKER, desk_in
from tests.bench.sleepers import alarms
from tests.bench.storm import killing
from tests.bench.tickets import sides

GATHERING = timedelta(seconds=8)


async def test_each_deadline_of_a_storm_is_met_once_though_worker_and_relay_are_killed(
    database_url: str, parts_folder: Path
) -> None:
    async with desk_in(parts_folder / "bench", database_url) as desk:
        who = await sides(desk.engine)
        kills = ((0.2, WORKER), (0.5, RELAY))
        storm = await killing(desk, who, "direct", 50, GATHERING, print, kills)
        assert storm.disagreements == ()
        assert [each.killed for each in storm.recoveries] == [WORKER, RELAY]

        number = min(await asyncio.to_thread(alarms, desk.timers))
        await desk.temporal.get_workflow_handle(workflow_id(number)).terminate()
        assert number not in await asyncio.to_thread(alarms, desk.timers)
