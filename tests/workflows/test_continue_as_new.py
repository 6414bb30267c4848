"""A long history is left behind without anything being forgotten."""

from collections.abc import AsyncIterator

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

from services.contract.vocabulary import ClosedReason
from tests.workflows.costs import events
from tests.workflows.life import Life, away, living, server_of_our_own, well
from tests.workflows.shapes import ForgetfulTicketWorkflow

pytestmark = pytest.mark.own_parts

CONTINUED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW


@pytest.fixture
async def forgetful() -> AsyncIterator[Life]:
    """A ticket whose clock starts afresh after a handful of events."""
    async with server_of_our_own() as server, living(server, workflow=ForgetfulTicketWorkflow) as life:
        yield life


async def test_a_talkative_ticket_is_continued_and_meets_its_deadlines_once(forgetful: Life) -> None:
    await forgetful.opens()
    for _ in range(12):
        await forgetful.waits(hours=1)
        await forgetful.asks()
        await forgetful.waits(hours=1)
        await forgetful.replies()
    # The time-skipping server loses a query that meets the end of a run.
    await forgetful.waits(minutes=1)
    known = await forgetful.known()
    row = forgetful.desk.snapshot
    await forgetful.asks()

    await forgetful.ends()

    assert known == row
    assert forgetful.desk.ticket.closed_reason is ClosedReason.NO_RESPONSE
    assert forgetful.desk.kinds_met == ["reminder", "closure"]
    runs = await forgetful.histories()
    assert len(runs) > 3
    assert [_end(run) == CONTINUED for run in runs] == [True] * (len(runs) - 1) + [False]
    assert max(events(run) for run in runs) < 40


async def test_a_clock_that_sleeps_without_a_deadline_is_continued_too(forgetful: Life) -> None:
    await forgetful.opens()
    for _ in range(12):
        await forgetful.waits(hours=1)
        await forgetful.signals(forgetful.desk.snapshot)

    runs = await forgetful.histories()

    assert len(runs) > 1
    assert forgetful.desk.asked == []


async def test_a_flood_of_news_while_intake_is_down_is_continued_and_the_deadline_met_when_it_is_back(
    forgetful: Life,
) -> None:
    await forgetful.opens()
    await forgetful.asks()
    forgetful.before_meeting = away
    await forgetful.waits(days=7, hours=1)
    for _ in range(12):
        await forgetful.signals(forgetful.desk.snapshot)
        await forgetful.waits(minutes=1)
    runs = await forgetful.histories()
    forgetful.before_meeting = well

    await forgetful.ends()

    assert len(runs) > 1
    assert forgetful.desk.kinds_met == ["reminder", "closure"]


def _end(run: WorkflowHistory) -> "EventType.ValueType":
    return run.events[-1].event_type
