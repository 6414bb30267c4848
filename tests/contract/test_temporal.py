"""The contract with Temporal: what lies in workflows for weeks stays readable, and is nothing personal."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError
from temporalio.contrib.pydantic import pydantic_data_converter

from services.contract import temporal
from services.contract.temporal import Deadline, MeetDeadline, Snapshot, ticket_number, workflow_id
from services.contract.vocabulary import DeadlineKind, Metric, Status
from tests.properties import unhurried

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
INSTANTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]))
DEADLINES = st.builds(
    Deadline,
    kind=st.sampled_from(DeadlineKind),
    due_at=INSTANTS,
    metric=st.none() | st.sampled_from(Metric),
    point=st.integers(0, 99),
)
SNAPSHOTS = st.builds(
    Snapshot,
    number=st.integers(1),
    version=st.integers(1),
    status=st.sampled_from(Status),
    next_deadline=st.none() | DEADLINES,
)


def _reminder(due_at: datetime) -> Deadline:
    return Deadline(kind=DeadlineKind.REMINDER, due_at=due_at)


REMINDER, _later = _reminder(START), _reminder(START + timedelta(microseconds=1))
ORDER = MeetDeadline(number=7, version=3, deadline=REMINDER, met_at=START)


def test_names_that_running_workflows_know_stay_as_they_are() -> None:
    names = {name: value for name, value in vars(temporal).items() if name.isupper() and isinstance(value, str)}

    assert (
        names.items()
        >= {
            "TICKET_WORKFLOW": "Ticket",
            "SNAPSHOT_SIGNAL": "snapshot",
            "SNAPSHOT_QUERY": "known_snapshot",
            "MEET_DEADLINE_ACTIVITY": "meet_deadline",
            "WORKFLOW_TASK_QUEUE": "balie-workflows",
            "INTAKE_TASK_QUEUE": "balie-intake",
            "_ID_PREFIX": "ticket-",
        }.items()
    )


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (Snapshot, {"number", "version", "status", "next_deadline", "correlation_id", "form"}),
        (Deadline, {"kind", "due_at", "metric", "point"}),
        (MeetDeadline, {"number", "version", "deadline", "met_at", "correlation_id"}),
    ],
)
def test_payloads_hold_ids_and_times_and_nothing_personal(model: type[BaseModel], fields: set[str]) -> None:
    # Somebody who adds a field is asked here whether it may be read in histories for years.
    assert set(model.model_fields) == fields


@unhurried
@given(SNAPSHOTS)
async def test_a_snapshot_arrives_as_it_was_sent(snapshot: Snapshot) -> None:
    assert await _sent(snapshot) == snapshot


async def test_an_order_to_meet_a_deadline_arrives_as_it_was_sent() -> None:
    assert await _sent(ORDER) == ORDER


def test_a_snapshot_of_a_newer_release_is_read_without_what_is_new_in_it() -> None:
    newer = Snapshot(number=7, version=3, status=Status.OPEN).model_dump(mode="json") | {"mood": "sunny"}

    assert Snapshot.model_validate(newer) == Snapshot(number=7, version=3, status=Status.OPEN)


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ({"policy": {"version": "default-1"}, "asked_at": "2026-11-02T09:00:00Z"}, 1),
        ({"form": 3, "deadlines": []}, 3),
    ],
    ids=["unreleased", "newer"],
)
def test_a_snapshot_of_another_form_is_refused_in_words_that_say_what_to_do(written: dict[str, Any], form: int) -> None:
    text = json.dumps({"number": 7, "version": 3, "status": "pending", **written})

    with pytest.raises(ValidationError, match=rf"of form {form}, .* terminate --workflow-id ticket-7"):
        Snapshot.model_validate_json(text)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        Deadline.model_validate({"kind": "reminder", "due_at": "2026-11-02T09:00:00"})


def test_a_deadline_met_by_a_later_try_is_met_then() -> None:
    assert ORDER.tried_at(START + timedelta(days=1)) == ORDER.model_copy(update={"met_at": START + timedelta(days=1)})


def test_a_deadline_is_never_met_before_the_clock_asked() -> None:
    assert ORDER.tried_at(START - timedelta(days=1)) == ORDER


@unhurried
@given(st.integers())
def test_a_workflow_id_leads_back_to_its_ticket(number: int) -> None:
    assert ticket_number(workflow_id(number)) == number


@pytest.mark.parametrize("other", ["", "7", "ticket-", "ticket-x", "Ticket-7", "bulk-7"])
def test_an_id_that_is_no_tickets_is_refused(other: str) -> None:
    with pytest.raises(ValueError, match=r"not a ticket's workflow id|invalid literal"):
        ticket_number(other)


async def _sent(payload: Snapshot | MeetDeadline) -> object:
    (read,) = await pydantic_data_converter.decode(await pydantic_data_converter.encode([payload]), [type(payload)])
    return read
