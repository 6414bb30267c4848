"""Reads from Temporal's histories what tickets' clocks were told. No worker runs."""

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter

from services.contract.temporal import Snapshot, workflow_id


class Clocks:
    """The clocks that the sink has started and signalled."""

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal

    def handle(self, number: int, run_id: str | None = None) -> WorkflowHandle[object, object]:
        """The ticket's clock: its present run, or another."""
        return self._temporal.get_workflow_handle(workflow_id(number), run_id=run_id)

    async def runs(self, number: int) -> list[tuple[str, WorkflowExecutionStatus | None]]:
        """The id and status of each run of the ticket's clock, newest first."""
        query = f"WorkflowId = '{workflow_id(number)}'"
        return [(run.run_id, run.status) async for run in self._temporal.list_workflows(query)]

    async def told(self, number: int, run_id: str | None = None) -> list[Snapshot]:
        """The snapshots that were signalled to the run, in that order."""
        payloads = [
            event.workflow_execution_signaled_event_attributes.input
            async for event in self.handle(number, run_id).fetch_history_events()
            if event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
        ]
        decoded = [await pydantic_data_converter.decode(each.payloads, [Snapshot]) for each in payloads]
        return [snapshot for [snapshot] in decoded]
