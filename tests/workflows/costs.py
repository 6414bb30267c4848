"""Counts what a run costs on Temporal: events, and billable actions by the rules of Temporal Cloud."""

from collections import Counter

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

_ACTIONS = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED,
}
_LOCAL_ACTIVITY = "core_local_activity"
"""The name of the marker in which the SDK stores the result of a local activity."""


def events(history: WorkflowHistory) -> int:
    """How many events the run's history has."""
    return len(history.events)


def actions(history: WorkflowHistory) -> int:
    """How many billable actions the run has: each start, signal, timer and attempt of an activity counts one; so do
    all local activities of one workflow task together, and a signal-with-start."""
    count = Counter(event.event_type for event in history.events)
    tries_before = sum(max(each.activity_task_started_event_attributes.attempt - 1, 0) for each in history.events)
    return (
        sum(count[each] for each in _ACTIONS)
        + tries_before
        + _tasks_with_local_activities(history)
        - _started_by_signal(history)
    )


def _tasks_with_local_activities(history: WorkflowHistory) -> int:
    markers = (event.marker_recorded_event_attributes for event in history.events)
    return len({each.workflow_task_completed_event_id for each in markers if each.marker_name == _LOCAL_ACTIVITY})


def _started_by_signal(history: WorkflowHistory) -> bool:
    types = [event.event_type for event in history.events]
    first_task = types.index(EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED)
    return EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED in types[:first_task]
