"""Both workers that bulks need, in a process that a test kills: python -m … DATABASE_URL TEMPORAL_ADDRESS."""

import asyncio
import sys

from temporalio.worker import Worker

from services.contract.temporal import INTAKE_BULK_TASK_QUEUE, WORKFLOW_TASK_QUEUE
from services.intake.bulk.activity import BulkActivity
from services.intake.rules.contracts import Terms
from services.platform.clock import wall_clock
from services.platform.database import connect
from services.platform.temporal_client import connect_temporal
from services.workflows.bulk import BulkWorkflow
from services.workflows.worker import SANDBOX


async def main(database_url: str, address: str) -> None:
    """Carry out bulks until killed."""
    client = await connect_temporal(address, "default")
    bulks = BulkActivity(connect(database_url), Terms(), wall_clock)
    workflows = Worker(client, task_queue=WORKFLOW_TASK_QUEUE, workflows=[BulkWorkflow], workflow_runner=SANDBOX)
    async with Worker(client, task_queue=INTAKE_BULK_TASK_QUEUE, activities=[bulks.carry_out]):
        await workflows.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
