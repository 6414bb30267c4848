"""The worker's process on a real Temporal server: early, and while the server goes away under it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from services.cli.embedded.child_process import LOOPBACK, free_port
from services.cli.embedded.temporal_server import NAMESPACE, TemporalServer
from services.contract.temporal import (
    INTAKE_TASK_QUEUE,
    MEET_DEADLINE_ACTIVITY,
    SNAPSHOT_SIGNAL,
    TICKET_WORKFLOW,
    WORKFLOW_TASK_QUEUE,
    MeetDeadline,
    Snapshot,
    workflow_id,
)
from services.contract.vocabulary import ClosedReason, Status
from services.platform.settings import EXIT_USAGE, load
from services.platform.temporal_client import connect_temporal
from services.promises.policy import Policy
from services.promises.working_time import Span
from services.workflows.main import WorkflowsSettings, worker
from tests.patience import until
from tests.workflows.desk import Desk

pytestmark = pytest.mark.own_parts

FAST = Policy(
    reminder_after=Span(length=timedelta(seconds=0.5)), closure_after=Span(length=timedelta(seconds=1)), targets=()
).pinned("fast")
SECRET = "a secret for tests that is long enough"


async def test_a_worker_started_before_temporal_waits_for_it_and_then_works(tmp_path: Path) -> None:
    port = free_port()
    server = TemporalServer(tmp_path, port=port)
    with capture_logs() as logs:
        async with _process(f"127.0.0.1:{port}"):
            await until(lambda: any(line["event"] == "temporal is away" for line in logs), "a line that says so")
            await asyncio.to_thread(server.start)
            try:
                desk = Desk(number=1, policy=FAST)
                closed = await _silent_life(server, desk)
            finally:
                await asyncio.to_thread(server.stop)

    assert closed.status is Status.CLOSED
    assert desk.ticket.closed_reason is ClosedReason.NO_RESPONSE
    # Nobody listens where intake's API should be: its queue took over.
    assert any(line["event"] == "intake's API is away" for line in logs)


async def test_a_clock_goes_on_when_temporal_comes_back(tmp_path: Path) -> None:
    port = free_port()
    server = TemporalServer(tmp_path, port=port)
    await asyncio.to_thread(server.start)
    try:
        async with _process(server.address):
            await _silent_life(server, Desk(number=1, policy=FAST))
            client = await connect_temporal(server.address, NAMESPACE)
            desk = _asked(Desk(number=2, policy=FAST))
            await _tell(client, desk)
            await asyncio.to_thread(server.stop)
            server = TemporalServer(tmp_path, port=port)
            await asyncio.to_thread(server.start)

            async with _intake(client, desk):
                await until(lambda: desk.kinds_met == ["reminder", "closure"], "both deadlines met")
    finally:
        await asyncio.to_thread(server.stop)


async def test_a_namespace_that_does_not_exist_yet_is_waited_for(temporal_address: str) -> None:
    with capture_logs() as logs:
        connecting = asyncio.ensure_future(connect_temporal(temporal_address, "not-yet-made"))
        await until(lambda: any(line["event"] == "temporal is away" for line in logs), "a line that says so")

        assert not connecting.done()
        connecting.cancel()


def test_a_worker_that_is_not_told_how_to_ask_intake_says_so_and_does_not_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DATABASE_URL", "SECRET", "INTAKE_URL"):
        monkeypatch.delenv(f"BALIE_{name}", raising=False)

    with pytest.raises(SystemExit) as stopped:
        load(WorkflowsSettings)

    said = [line.partition(" ")[0] for line in capsys.readouterr().err.splitlines()]
    assert (stopped.value.code, said) == (EXIT_USAGE, ["BALIE_SECRET", "BALIE_INTAKE_URL"])


@asynccontextmanager
async def _process(address: str) -> AsyncIterator[None]:
    """The worker's process, stopped as every process is: by cancelling it."""
    nobody = f"http://{LOOPBACK}:{free_port()}"
    settings = WorkflowsSettings(temporal_address=address, secret=SecretStr(SECRET), intake_url=nobody)
    running = asyncio.ensure_future(worker(settings))
    try:
        yield
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def _intake(client: Client, desk: Desk) -> AsyncIterator[None]:
    @activity.defn(name=MEET_DEADLINE_ACTIVITY)
    async def meet_deadline(asked: MeetDeadline) -> Snapshot:
        return desk.meets(asked.tried_at(activity.info().started_time), datetime.now(UTC))

    async with Worker(client, task_queue=INTAKE_TASK_QUEUE, activities=[meet_deadline]):
        yield


async def _silent_life(server: TemporalServer, desk: Desk) -> Snapshot:
    client = await connect_temporal(server.address, NAMESPACE)
    async with _intake(client, _asked(desk)):
        await _tell(client, desk)
        clock = client.get_workflow_handle(workflow_id(desk.number), result_type=Snapshot)
        return await asyncio.wait_for(clock.result(), 60)


def _asked(desk: Desk) -> Desk:
    desk.submits(datetime.now(UTC))
    desk.asks(datetime.now(UTC))
    return desk


async def _tell(client: Client, desk: Desk) -> None:
    await client.start_workflow(
        TICKET_WORKFLOW,
        desk.snapshot,
        id=workflow_id(desk.number),
        task_queue=WORKFLOW_TASK_QUEUE,
        start_signal=SNAPSHOT_SIGNAL,
        start_signal_args=[desk.snapshot],
    )
