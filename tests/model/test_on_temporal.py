"""The same lives on the time-skipping server: the real workflow does what the reference model says, when it says so."""

from asyncio import wait_for
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest
from hypothesis import Phase, given, settings
from temporalio.testing import WorkflowEnvironment

from services.contract.vocabulary import Status
from services.workflows import worker
from services.workflows.ticket import TicketWorkflow
from tests.model.acts import Act, instant
from tests.model.desk import LivedDesk
from tests.model.lives import DAY, HOUR, NUMBER, Life, Step, ends_at, happens, lives
from tests.model.reference import Reference
from tests.properties import FUZZES, tries, unhurried
from tests.workflows.desk import same_clock
from tests.workflows.life import Life as OnTemporal
from tests.workflows.life import away, intake_worker, server_of_our_own, well
from tests.workflows.shapes import ForgetfulTicketWorkflow

pytestmark = pytest.mark.own_parts

NOBODY_COMES = 20 * DAY
OUTAGE_MAX = 3 * HOUR
"""Every hour that intake is down costs the server a dozen tries."""
SETTLES = timedelta(seconds=30)
SETTLED_MAX = 12
"""So often a clock under way is given time: Temporal waits up to five minutes between two tries."""
ANSWERS_WITHIN = 2
"""Seconds of real time in which a worker has done what it can do now."""


@pytest.mark.parametrize("workflow", [TicketWorkflow, ForgetfulTicketWorkflow])
@settings(unhurried, max_examples=tries(8), derandomize=not FUZZES, database=None, phases=[Phase.generate])
@given(life=lives(steps_min=8, steps_max=16))
async def test_every_automatic_act_comes_at_the_quarter_the_model_says(workflow: type, life: Life) -> None:
    async with server_of_our_own() as server, _opened(server, life, workflow) as (reference, desk, lived):
        for step in life.steps:
            at = ends_at(step, reference, outage_max=OUTAGE_MAX)
            reference.passes(at)
            await _waits(lived, at)
            # Of what is due and what somebody does at one instant, the model has the clock be first.
            await _agree(reference, desk, lived)
            taken = happens(step, reference, at)
            assert _suffers(lived, desk, step, at) == taken, step
            await lived.tells()
            await _agree(reference, desk, lived)
        lived.before_meeting = well
        reference.stopped = False
        reference.passes(reference.now + NOBODY_COMES)
        await _waits(lived, reference.now)
        await _agree(reference, desk, lived)
        if desk.ticket.status is not Status.CLOSED:
            assert same_clock(desk.snapshot, await lived.known())


@asynccontextmanager
async def _opened(
    server: WorkflowEnvironment, life: Life, workflow: type
) -> AsyncIterator[tuple[Reference, LivedDesk, OnTemporal]]:
    desk = LivedDesk(NUMBER, life.policy, life=life)
    lived = OnTemporal(server, desk)
    await _waits(lived, life.opened)
    desk.submits(instant(life.opened))
    with pytest.MonkeyPatch.context() as patch:
        # As if the worker were restarted before each task: it knows of a clock only what history tells.
        patch.setattr(worker, "CACHED_WORKFLOWS_MAX", 0)
        clocks = worker.ticket_worker(server.client, lived.meet_directly, workflow=workflow)
    async with clocks, intake_worker(lived):
        await lived.tells()
        yield life.reference(), desk, lived


async def _waits(lived: OnTemporal, until: int) -> None:
    # The desk's clock shows quarters: the server's may have gone on a little since the last one.
    if instant(until) > await lived.now():
        await lived.waits_until(instant(until))


def _suffers(lived: OnTemporal, desk: LivedDesk, step: Step, at: int) -> bool:
    match step.happens:
        case Act() as act:
            return desk.gives(act, at)
        case "stops":
            lived.before_meeting = away
        case "goes on":
            lived.before_meeting = well
    return True


async def _agree(reference: Reference, desk: LivedDesk, lived: OnTemporal) -> None:
    for _ in range(SETTLED_MAX):
        with suppress(TimeoutError):
            await wait_for(lived.until(lambda: _lived_the_same(reference, desk)), ANSWERS_WITHIN)
            break
        await lived.waits(minutes=SETTLES / timedelta(minutes=1))
    assert desk.acts == reference.acts
    assert desk.coming == reference.coming()
    assert (desk.ticket.status, desk.ticket.closed_reason) == (reference.status, reference.reason)


def _lived_the_same(reference: Reference, desk: LivedDesk) -> bool:
    return desk.acts == reference.acts and desk.coming == reference.coming()
