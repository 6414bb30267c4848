"""The sink that tells clocks, on a real Temporal: newest snapshots only, and no clock for what is closed."""

from collections.abc import Sequence
from itertools import count

import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError, RPCStatusCode

from services.contract.temporal import Snapshot
from services.contract.vocabulary import Status
from services.messaging.clock_sink import ClockSink
from services.messaging.outbox import OutboxRow
from services.messaging.sink import SinkAway
from services.platform.temporal_client import connect_temporal
from tests.messaging.relay.clocks import Clocks
from tests.messaging.relay.outbox_on_test import snapshot
from tests.moved_clock import START
from tests.patience import until

_ids = count(1)


@pytest.fixture(scope="module")
async def temporal(temporal_address: str) -> Client:
    """A connected client."""
    return await connect_temporal(temporal_address, "default")


@pytest.fixture
def clocks(temporal: Client) -> Clocks:
    """What was told."""
    return Clocks(temporal)


async def test_the_first_snapshot_starts_a_clock_and_the_next_one_tells_it(
    temporal: Client, clocks: Clocks, numbers: "count[int]"
) -> None:
    number, sink = next(numbers), ClockSink(temporal)
    first, second = snapshot(number, 1, Status.NEW), snapshot(number, 2)
    assert await sink.deliver(_rows(first)) == [None]
    assert await sink.deliver(_rows(second)) == [None]
    assert await clocks.told(number) == [first, second]
    assert len(await _runs(clocks, number, 1)) == 1


async def test_only_the_newest_snapshot_of_a_batch_goes_out(
    temporal: Client, clocks: Clocks, numbers: "count[int]"
) -> None:
    number, other = next(numbers), next(numbers)
    versions = [snapshot(number, version) for version in (2, 7, 3)]
    lone = snapshot(other, 1)
    assert await ClockSink(temporal).deliver(_rows(versions[0], lone, *versions[1:])) == [None] * 4
    assert await clocks.told(number) == [snapshot(number, 7)]
    assert await clocks.told(other) == [lone]


async def test_many_tickets_are_told_each_their_own(temporal: Client, clocks: Clocks, numbers: "count[int]") -> None:
    snapshots = [snapshot(next(numbers), 1) for _ in range(30)]
    assert await ClockSink(temporal).deliver(_rows(*snapshots)) == [None] * 30
    for each in snapshots:
        assert await clocks.told(each.number) == [each]


async def test_closing_tells_the_clock_that_runs(temporal: Client, clocks: Clocks, numbers: "count[int]") -> None:
    number, sink = next(numbers), ClockSink(temporal)
    opened, closed = snapshot(number, 1), snapshot(number, 2, Status.CLOSED)
    await sink.deliver(_rows(opened))
    assert await sink.deliver(_rows(closed)) == [None]
    assert await clocks.told(number) == [opened, closed]


async def test_closing_starts_no_clock(temporal: Client, clocks: Clocks, numbers: "count[int]") -> None:
    number = next(numbers)
    assert await ClockSink(temporal).deliver(_rows(snapshot(number, 9, Status.CLOSED))) == [None]
    with pytest.raises(RPCError) as refused:
        await clocks.handle(number).describe()
    assert refused.value.status is RPCStatusCode.NOT_FOUND


async def test_closing_twice_is_no_failure_and_reopening_starts_the_next_run(
    temporal: Client, clocks: Clocks, numbers: "count[int]"
) -> None:
    number, sink = next(numbers), ClockSink(temporal)
    await sink.deliver(_rows(snapshot(number, 1)))
    await clocks.handle(number).terminate()  # stands in for the workflow's own end
    assert await sink.deliver(_rows(snapshot(number, 2, Status.CLOSED))) == [None]
    reopened = snapshot(number, 3)
    assert await sink.deliver(_rows(reopened)) == [None]
    [newest, ended] = await _runs(clocks, number, 2)
    assert (newest[1], ended[1]) == (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.TERMINATED)
    assert await clocks.told(number, newest[0]) == [reopened]


async def test_a_row_that_holds_no_snapshot_fails_alone(
    temporal: Client, clocks: Clocks, numbers: "count[int]"
) -> None:
    good = snapshot(next(numbers), 1)
    [row] = _rows(good)
    bad = OutboxRow(next(_ids), "clock", row.key, {"number": "many", "secret": "hunter2"}, "", START, 0)
    [refused, told] = await ClockSink(temporal).deliver([bad, row])
    assert str(refused).startswith("The row holds no snapshot")
    assert "hunter2" not in str(refused)
    assert told is None
    assert await clocks.told(good.number) == [good]


@pytest.mark.parametrize("status", [Status.OPEN, Status.CLOSED])
async def test_a_missing_namespace_is_an_absent_sink_not_a_delivery(
    temporal_address: str, numbers: "count[int]", status: Status
) -> None:
    nowhere = await Client.connect(
        temporal_address, namespace="nobody-made-this", data_converter=pydantic_data_converter, lazy=True
    )
    [result] = await ClockSink(nowhere).deliver(_rows(snapshot(next(numbers), 1, status)))
    assert isinstance(result, SinkAway)


def _rows(*snapshots: Snapshot) -> Sequence[OutboxRow]:
    return [
        OutboxRow(next(_ids), "clock", str(each.number), each.model_dump(mode="json"), "", START, 0)
        for each in snapshots
    ]


async def _runs(clocks: Clocks, number: int, wanted: int) -> list[tuple[str, WorkflowExecutionStatus | None]]:
    # Lists are a little behind what has happened.
    async def listed() -> bool:
        runs = await clocks.runs(number)
        return len(runs) == wanted and [status for _, status in runs].count(WorkflowExecutionStatus.RUNNING) == 1

    await until(listed, f"{wanted} runs of ticket {number}, one of them running")
    return await clocks.runs(number)
