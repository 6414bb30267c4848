"""Bulks on a time-skipping Temporal: their pace, being told, and what becomes of them when intake or a worker fails."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError

from services.cli.embedded.child_process import free_port
from services.cli.embedded.temporal_server import NAMESPACE, TemporalServer
from services.contract.temporal import BULK_REFUSED, BulkOrder
from services.contract.vocabulary import BulkState
from services.intake.bulk.activity import BulkActivity
from services.intake.rules.contracts import Terms
from services.intake.tables.tables import outbox, ticket, timeline
from services.messaging.bulk_sink import BulkSink
from services.messaging.outbox import BULK_SINK, append_bulk
from services.messaging.relay import Relay
from services.platform.clock import wall_clock
from services.platform.temporal_client import connect_temporal
from tests.intake.bulk_desk import BulkDesk, bulk_desk
from tests.messaging.relay.outbox_on_test import relaying
from tests.moved_clock import MovedClock
from tests.outbox_lag import lag
from tests.patience import PATIENCE_SECONDS, until
from tests.workflows.bulk_life import away, bulk_life, bulk_worker, end_of, intake_worker, well, workflow_of
from tests.workflows.bulk_shapes import ForgetfulBulkWorkflow
from tests.workflows.life import server_of_our_own

pytestmark = pytest.mark.own_parts

MANY = 300


async def test_a_bulk_is_carried_out_no_faster_than_it_may() -> None:
    async with bulk_life(400, per_second=20) as life:
        await life.tells()
        last = await life.ends()
        took = await life.took()

    assert [step.tried for step in life.steps] == [100, 100, 100, 100]
    assert (last.state, last.waiting) == (BulkState.DONE, 0)
    # The last step needs no wait after it.
    assert timedelta(seconds=15) <= took < timedelta(seconds=20)


async def test_being_told_often_carries_out_nothing_twice() -> None:
    async with bulk_life(250) as life:
        await life.tells(times=5)
        await life.ends()

    assert sum(step.tried for step in life.steps) == 250


async def test_a_paused_bulk_waits_for_days_and_asks_nothing_meanwhile() -> None:
    async with bulk_life(250) as life:
        await life.tells()
        await life.waits(timedelta(seconds=2))
        await life.moves("pause")
        await life.waits(timedelta(days=3))
        asked = len(life.steps)
        assert life.steps[-1].state is BulkState.PAUSED
        await life.waits(timedelta(days=3))
        assert len(life.steps) == asked
        await life.moves("resume")
        assert (await life.ends()).state is BulkState.DONE
    assert life.bulk.done == 250


async def test_a_signal_that_got_lost_delays_a_paused_bulk_only_until_the_next() -> None:
    async with bulk_life(250) as life:
        await life.tells()
        await life.waits(timedelta(seconds=2))
        await life.moves("pause")
        await life.waits(timedelta(minutes=1))
        # Resumed and cancelled, of which only the second is heard.
        life.bulk = replace(life.bulk, state=BulkState.RUNNING)
        await life.moves("cancel")
        assert (await life.ends()).state is BulkState.CANCELLED
    assert life.bulk.pending == 150


async def test_with_intake_down_for_a_day_the_bulk_goes_on_when_it_is_back() -> None:
    async with bulk_life(150) as life:
        life.before_step = away
        await life.tells()
        await life.waits(timedelta(days=1))
        assert life.steps == []
        life.before_step = well
        assert (await life.ends()).state is BulkState.DONE


async def test_a_long_bulk_starts_afresh_and_forgets_nothing() -> None:
    async with bulk_life(1_000, workflow=ForgetfulBulkWorkflow) as life:
        await life.tells()
        assert (await life.ends()).state is BulkState.DONE
        assert len(await life.histories()) > 2
    assert [step.tried for step in life.steps] == [100] * 10


@pytest.fixture(scope="module")
async def real(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TemporalServer]:
    """A Temporal that knows of workers that die, as the time-skipping one does not."""
    server = TemporalServer(tmp_path_factory.mktemp("temporal"), port=free_port())
    await asyncio.to_thread(server.start)
    yield server
    await asyncio.to_thread(server.stop)


@pytest.fixture
async def desk(engine: AsyncEngine) -> BulkDesk:
    """Tickets on a real database."""
    return await bulk_desk(engine, MovedClock(wall_clock()))


async def test_three_hundred_tickets_with_a_pause_are_each_done_once(desk: BulkDesk) -> None:
    numbers = await desk.opens(MANY)
    bulk_id = await desk.starts("prioritise", numbers, priority="low", reason="It prints.")
    async with server_of_our_own() as server, working(desk, server.client):
        await _until_done(desk, bulk_id, at_least=20)
        paused = await desk.moves(bulk_id, "pause")
        await server.sleep(timedelta(hours=1))
        assert await desk.bulk(bulk_id) == paused
        await desk.moves(bulk_id, "resume")
        await _until_told(desk)
        last = await end_of(server, bulk_id)

    assert last.state is BulkState.DONE
    assert 20 <= paused.done < MANY
    await _each_done_once(desk, bulk_id, numbers)


async def test_a_killed_worker_loses_and_repeats_nothing(
    desk: BulkDesk, database_url: str, real: TemporalServer
) -> None:
    numbers = await desk.opens(MANY)
    bulk_id = await desk.starts("prioritise", numbers, per_second=100, priority="low", reason="It prints.")
    client = await connect_temporal(real.address, NAMESPACE)
    async with relaying(_relay(desk, client)):
        words = ("-m", "tests.workflows.doomed_bulk_worker", database_url, real.address)
        doomed = await asyncio.create_subprocess_exec(sys.executable, *words)
        await _until_done(desk, bulk_id, at_least=30)
        doomed.send_signal(signal.SIGKILL)
        await doomed.wait()
        left = (await desk.bulk(bulk_id)).pending
        async with working(desk, client, relay=False):
            last = await asyncio.wait_for(workflow_of(client, bulk_id).result(), PATIENCE_SECONDS)

    assert left > 0
    assert last.state is BulkState.DONE
    await _each_done_once(desk, bulk_id, numbers)


async def test_cancelled_while_nobody_works_it_ends_with_exact_lists(desk: BulkDesk, real: TemporalServer) -> None:
    numbers = await desk.opens(150)
    bulk_id = await desk.starts("tag", numbers, add=["printer"])
    client = await connect_temporal(real.address, NAMESPACE)
    async with working(desk, client):
        await _until_done(desk, bulk_id, at_least=20)
    # Nobody hears of it now but the row.
    cancelled = await desk.moves(bulk_id, "cancel")
    async with working(desk, client):
        last = await asyncio.wait_for(workflow_of(client, bulk_id).result(), PATIENCE_SECONDS)

    assert last.state is BulkState.CANCELLED
    assert await desk.bulk(bulk_id) == cancelled
    done, pending = await desk.listed(bulk_id, "done"), await desk.listed(bulk_id, "pending")
    assert (len(done), len(pending)) == (cancelled.done, cancelled.pending)
    assert sorted(done + pending) == numbers
    assert [each.tags for each in await desk.tickets(done)] == [("printer",)] * len(done)
    assert [each.tags for each in await desk.tickets(pending)] == [()] * len(pending)


async def test_undoing_later_is_another_run_of_the_same_workflow(desk: BulkDesk) -> None:
    numbers = await desk.opens(5)
    bulk_id = await desk.starts("spam", numbers)
    async with server_of_our_own() as server, working(desk, server.client):
        workflow = workflow_of(server.client, bulk_id)
        await _until_state(desk, bulk_id, BulkState.DONE)
        await _until_told(desk)
        await end_of(server, bulk_id)
        first = (await workflow.describe()).run_id
        await desk.notes(numbers[0])
        await desk.moves(bulk_id, "undo")
        await _until_state(desk, bulk_id, BulkState.UNDONE)
        last = await end_of(server, bulk_id)
        run = await workflow.describe()

    assert (last.state, run.status) == (BulkState.UNDONE, WorkflowExecutionStatus.COMPLETED)
    assert run.run_id != first
    assert await desk.listed(bulk_id, "undone") == numbers[1:]
    assert await desk.sentences(bulk_id) == {numbers[0]: f"Ticket {numbers[0]} was changed since; it is left as it is."}


async def test_a_bulk_intake_does_not_know_ends_with_its_reason(desk: BulkDesk) -> None:
    unknown = UUID(int=7)
    async with server_of_our_own() as server, working(desk, server.client, relay=False):
        async with desk.engine.begin() as connection:
            await append_bulk(connection, outbox, BulkOrder(bulk_id=unknown))
        async with relaying(_relay(desk, server.client)):
            await _until_told(desk)
        with pytest.raises(WorkflowFailureError) as failed:
            await end_of(server, unknown)
    assert isinstance(failed.value.cause, ActivityError)
    assert isinstance(failed.value.cause.cause, ApplicationError)
    assert failed.value.cause.cause.type == BULK_REFUSED


@asynccontextmanager
async def working(desk: BulkDesk, client: Client, *, relay: bool = True) -> AsyncIterator[None]:
    """The relay and both workers, in this process; afterwards they have stopped."""
    bulks = BulkActivity(desk.engine, Terms(), desk.clock)
    async with AsyncExitStack() as parts:
        if relay:
            await parts.enter_async_context(relaying(_relay(desk, client)))
        await parts.enter_async_context(intake_worker(client, bulks.carry_out))
        await parts.enter_async_context(bulk_worker(client))
        yield


def _relay(desk: BulkDesk, client: Client) -> Relay:
    return Relay(desk.engine, outbox, BulkSink(client), wall_clock)


async def _until_done(desk: BulkDesk, bulk_id: UUID, at_least: int) -> None:
    async def enough() -> bool:
        return (await desk.bulk(bulk_id)).done >= at_least

    await until(enough, f"{at_least} tickets done")


async def _until_state(desk: BulkDesk, bulk_id: UUID, state: BulkState) -> None:
    async def there() -> bool:
        return (await desk.bulk(bulk_id)).state is state

    await until(there, f"the bulk is {state}")


async def _until_told(desk: BulkDesk) -> None:
    async def told() -> bool:
        return (await lag(desk.engine, outbox, BULK_SINK)).unsent == 0

    await until(told, "the workflow was told")


async def _each_done_once(desk: BulkDesk, bulk_id: UUID, numbers: list[int]) -> None:
    bulk = await desk.bulk(bulk_id)
    assert (bulk.done, bulk.refused, bulk.pending) == (MANY, 0, 0)
    versions = select(ticket.c.number, ticket.c.version).order_by(ticket.c.number)
    lines = select(timeline.c.ticket_number).where(timeline.c.type == "prioritised").order_by(timeline.c.ticket_number)
    async with desk.engine.connect() as connection:
        assert [tuple(row) for row in await connection.execute(versions)] == [(number, 2) for number in numbers]
        assert list((await connection.execute(lines)).scalars()) == numbers
