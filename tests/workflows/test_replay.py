"""Recorded lives replayed by today's code: a ticket that sleeps for weeks must wake up under whatever we release."""

from pathlib import Path

import pytest
from temporalio import workflow
from temporalio.workflow import NondeterminismError

from services.contract.temporal import SNAPSHOT_FORM, TICKET_WORKFLOW, Snapshot
from services.workflows.ticket import TicketWorkflow
from tests.workflows.recorded import RECORDED, history_of, life_of, name_of, replayer, shape_of
from tests.workflows.shapes import SHAPES


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


@pytest.mark.parametrize("path", RECORDED, ids=name_of)
async def test_a_recorded_life_replays(path: Path) -> None:
    await replayer(shape_of(path).workflow).replay_workflow(history_of(path))


@pytest.mark.parametrize("path", RECORDED, ids=name_of)
async def test_a_change_that_would_strand_sleeping_tickets_is_noticed(path: Path) -> None:
    with pytest.raises(NondeterminismError):
        await replayer(HastyTicketWorkflow).replay_workflow(history_of(path))


def test_every_shape_of_life_is_recorded() -> None:
    assert {path.parent.name for path in RECORDED} == {f"form_{SNAPSHOT_FORM}"}
    assert {life_of(path) for path in RECORDED} == set(SHAPES)
