"""A clock of an unreleased Balie, on a Temporal that was kept: refused in words, and replaced once it is ended."""

import pytest

from services.contract.temporal import (
    SNAPSHOT_SIGNAL,
    TICKET_WORKFLOW,
    WORKFLOW_TASK_QUEUE,
    workflow_id,
)
from tests.patience import until
from tests.workflows.life import Life

pytestmark = pytest.mark.own_parts

FORM_1 = {"version": 1, "status": "pending", "asked_at": "2026-11-02T09:00:00Z", "policy": {"version": "default-1"}}


async def test_a_clock_of_an_unreleased_form_is_refused_in_the_log_until_it_is_terminated(
    life: Life, caplog: pytest.LogCaptureFixture
) -> None:
    number = life.desk.number
    await life.server.client.start_workflow(
        TICKET_WORKFLOW, {"number": number, **FORM_1}, id=workflow_id(number), task_queue=WORKFLOW_TASK_QUEUE
    )

    await until(lambda: "of form 1, and this Balie reads form 2 only" in caplog.text, "the worker says what is wrong")

    assert f"terminate --workflow-id ticket-{number}" in caplog.text
    await life.handle.terminate()
    await life.opens()
    assert (await life.known()).number == number


async def test_a_signal_of_an_unreleased_form_is_dropped_and_said_in_the_log(
    life: Life, caplog: pytest.LogCaptureFixture
) -> None:
    await life.opens()
    await life.asks()

    await life.handle.signal(SNAPSHOT_SIGNAL, {"number": life.desk.number, **FORM_1})

    assert (await life.known()) == life.desk.snapshot
    assert "of form 1, and this Balie reads form 2 only" in caplog.text
