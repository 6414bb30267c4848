"""Recorded lives replayed by today's code: a ticket that sleeps for weeks must wake up under whatever we release."""

from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from services.contract.temporal import SNAPSHOT_FORM, TICKET_WORKFLOW, Snapshot
from services.workflows.ticket import TicketWorkflow
from services.workflows.worker import SANDBOX
from tests.workflows.record import HISTORIES
from tests.workflows.shapes import SHAPES

RECORDED = sorted(HISTORIES.glob("form_*/*.json"))


@workflow.defn(name=TICKET_WORKFLOW)
class HastyTicketWorkflow(TicketWorkflow):
    """A change nobody should release as it is: a step that recorded lives did not take."""

    @workflow.init
    def __init__(self, ticket: Snapshot) -> None:
        super().__init__(ticket)

    @workflow.run
    async def run(self, ticket: Snapshot) -> Snapshot:
        """As the real one, with a note."""
        workflow.upsert_memo({"changed": True})
        return await super().run(ticket)


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", RECORDED, ids=_name)
async def test_a_recorded_life_replays(path: Path) -> None:
    await _replayer(SHAPES[_shape(path)].workflow).replay_workflow(_history(path))


@pytest.mark.parametrize("path", RECORDED, ids=_name)
async def test_a_change_that_would_strand_sleeping_tickets_is_noticed(path: Path) -> None:
    with pytest.raises(NondeterminismError):
        await _replayer(HastyTicketWorkflow).replay_workflow(_history(path))


def test_every_shape_of_life_is_recorded() -> None:
    assert {_shape(path) for path in RECORDED if path.parent.name == f"form_{SNAPSHOT_FORM}"} == set(SHAPES)


def _shape(path: Path) -> str:
    return path.stem.rpartition("-")[0]


def _replayer(workflow: type) -> Replayer:
    return Replayer(workflows=[workflow], workflow_runner=SANDBOX, data_converter=pydantic_data_converter)


def _history(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text())
