"""Recorded bulks replayed by today's code: one that runs while a release is rolled out must go on under the next."""

from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from services.contract.temporal import BULK_WORKFLOW, BulkOrder, BulkStep
from services.workflows.bulk import BulkWorkflow
from services.workflows.worker import SANDBOX
from tests.workflows.bulk_shapes import BULK_HISTORIES, BULK_SHAPES

RECORDED = sorted(BULK_HISTORIES.glob("*.json"))


@workflow.defn(name=BULK_WORKFLOW)
class HastyBulkWorkflow(BulkWorkflow):
    """A change nobody should release as it is: a step that recorded bulks did not take."""

    @workflow.init
    def __init__(self, order: BulkOrder) -> None:
        super().__init__(order)

    @workflow.run
    async def run(self, order: BulkOrder) -> BulkStep:
        """As the real one, with a note."""
        workflow.upsert_memo({"changed": True})
        return await super().run(order)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_recorded_bulk_replays(path: Path) -> None:
    shape = BULK_SHAPES[path.stem.rpartition("-")[0]]

    await _replayer(shape.workflow).replay_workflow(_history(path))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_change_that_would_strand_running_bulks_is_noticed(path: Path) -> None:
    with pytest.raises(NondeterminismError):
        await _replayer(HastyBulkWorkflow).replay_workflow(_history(path))


def test_every_shape_of_bulk_is_recorded() -> None:
    assert {path.stem.rpartition("-")[0] for path in RECORDED} == set(BULK_SHAPES)


def _replayer(workflow: type) -> Replayer:
    return Replayer(workflows=[workflow], workflow_runner=SANDBOX, data_converter=pydantic_data_converter)


def _history(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text())
