"""Typical lives of a bulk, recorded for the replay tests: `python -m tests.workflows.bulk_shapes [shape ...]`.

On purpose only: a history recorded by changed code no longer proves that the change lets running bulks go on
(`docs/changing-a-workflow.md`).
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.client import WorkflowHistory

from services.contract.temporal import BULK_WORKFLOW, BulkOrder, BulkStep
from services.workflows.bulk import BulkWorkflow
from tests.workflows.bulk_life import BulkLife, away, bulk_life, well
from tests.workflows.record import HISTORIES

TICKETS = 450


@workflow.defn(name=BULK_WORKFLOW)
class ForgetfulBulkWorkflow(BulkWorkflow):
    """Continues as new after a few events; the real workflow does so after thousands."""

    HISTORY_EVENTS_MAX = 20

    @workflow.init
    def __init__(self, order: BulkOrder) -> None:
        super().__init__(order)

    @workflow.run
    async def run(self, order: BulkOrder) -> BulkStep:
        """Run like the real workflow."""
        return await super().run(order)


async def straight(life: BulkLife) -> None:
    """It runs to its end without interference."""
    await life.tells()
    await life.ends()


async def paused(life: BulkLife) -> None:
    """Paused for a day, with the signal sent twice, then resumed."""
    await life.tells()
    await life.waits(timedelta(seconds=6))
    await life.moves("pause")
    await life.tells(times=2)
    await life.waits(timedelta(days=1))
    await life.moves("resume")
    await life.ends()


async def cancelled(life: BulkLife) -> None:
    """Cancelled half-way."""
    await life.tells()
    await life.waits(timedelta(seconds=6))
    await life.moves("cancel")
    await life.ends()


async def undone(life: BulkLife) -> None:
    """Done, then undone by another run."""
    await straight(life)
    await life.moves("undo")
    await life.ends()


async def intake_down(life: BulkLife) -> None:
    """Intake fails for an hour."""
    await life.tells()
    await life.waits(timedelta(seconds=6))
    life.before_step = away
    await life.waits(timedelta(hours=1))
    life.before_step = well
    await life.ends()


@dataclass(frozen=True)
class BulkShape:
    """A life of a bulk, and the workflow class to use."""

    life: Callable[[BulkLife], Awaitable[None]]
    workflow: type = BulkWorkflow


BULK_SHAPES = {
    "straight": BulkShape(straight),
    "paused": BulkShape(paused),
    "cancelled": BulkShape(cancelled),
    "undone": BulkShape(undone),
    "intake_down": BulkShape(intake_down),
    "continued": BulkShape(straight, ForgetfulBulkWorkflow),
}
BULK_HISTORIES = HISTORIES / "bulk"


async def lived(shape: BulkShape) -> list[WorkflowHistory]:
    """Live it on its own server; returns the history of each run, oldest first."""
    async with bulk_life(TICKETS, workflow=shape.workflow) as life:
        await shape.life(life)
        return await life.histories()


async def record(names: list[str]) -> None:
    """Live each shape and save the history of every run as `<shape>-<run>.json`."""
    BULK_HISTORIES.mkdir(exist_ok=True)
    for name in names:
        for old in BULK_HISTORIES.glob(f"{name}-*.json"):
            old.unlink()
        for number, run in enumerate(await lived(BULK_SHAPES[name]), start=1):
            (BULK_HISTORIES / f"{name}-{number}.json").write_text(json.dumps(run.to_json_dict()) + "\n")
            print(f"{name}-{number}: {len(run.events)} events")


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1:] or list(BULK_SHAPES)))
