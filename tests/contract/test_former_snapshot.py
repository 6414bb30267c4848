"""Snapshots of the first version, as they lie in histories: read as the clock understood them then."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.contract.temporal import Deadline, Snapshot
from services.contract.vocabulary import DeadlineKind, Status

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
AT = START.isoformat()
LATE = (START + timedelta(days=10)).isoformat()
FAST: dict[str, Any] = {"version": "fast-1", "reminder_after": {"length": "PT60S"}, "survey": False}


def _former(status: str, **facts: Any) -> Snapshot:
    return Snapshot.model_validate({"number": 7, "version": 3, "status": status, "policy": {}, **facts})


@pytest.mark.parametrize(
    ("snapshot", "kind", "due_after"),
    [
        (_former("pending", asked_at=AT), DeadlineKind.REMINDER, timedelta(days=7)),
        (_former("pending", asked_at=AT, policy=FAST), DeadlineKind.REMINDER, timedelta(minutes=1)),
        (_former("pending", asked_at=AT, reminded_at=LATE), DeadlineKind.CLOSURE, timedelta(days=17)),
        (_former("solved", solved_at=AT), DeadlineKind.SURVEY, timedelta(hours=24)),
        (_former("solved", solved_at=AT, surveyed_at=AT), DeadlineKind.FINALISATION, timedelta(hours=48)),
        (_former("solved", solved_at=AT, policy=FAST), DeadlineKind.FINALISATION, timedelta(hours=48)),
    ],
)
def test_its_next_deadline_is_what_the_workflow_worked_out_from_it(
    snapshot: Snapshot, kind: DeadlineKind, due_after: timedelta
) -> None:
    assert snapshot.next_deadline == Deadline(kind=kind, due_at=START + due_after)


@pytest.mark.parametrize(
    "snapshot",
    [
        _former("new"),
        _former("open", asked_at=None),
        _former("closed", closed_reason="spam"),
        _former("pending"),
        _former("solved"),
        _former("pending", asked_at=AT, policy={"reminder_after": {"length": "P999999999D"}}),
    ],
    ids=["new", "open", "closed", "asked at no time", "solved at no time", "beyond the end of time"],
)
def test_without_a_deadline_that_can_be_told_the_clock_rings_for_nothing(snapshot: Snapshot) -> None:
    assert snapshot.next_deadline is None


def test_it_is_known_as_former_and_stays_so_however_often_it_is_written_down() -> None:
    former = _former("pending", asked_at=AT, correlation_id="the-question")

    again = Snapshot.model_validate_json(former.model_dump_json())

    assert (former.form, former.status, former.correlation_id) == (1, Status.PENDING, "the-question")
    assert again == former
