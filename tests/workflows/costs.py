"""What a run costs on Temporal: events, and billable actions as Temporal Cloud counts them."""

from collections import Counter

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

_ACTIONS = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED,
}


def events(history: WorkflowHistory) -> int:
    """How many events the run left."""
    return len(history.events)


def actions(history: WorkflowHistory) -> int:
    """How many billable actions: start, signal, timer and every try of an activity; signal-with-start is one."""
    count = Counter(event.event_type for event in history.events)
    tries_before = sum(max(each.activity_task_started_event_attributes.attempt - 1, 0) for each in history.events)
    return sum(count[each] for each in _ACTIONS) + tries_before - _started_by_signal(history)


def _started_by_signal(history: WorkflowHistory) -> bool:
    types = [event.event_type for event in history.events]
    first_task = types.index(EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED)
    return EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED in types[:first_task]
