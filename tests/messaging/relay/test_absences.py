"""One sink is away for a while: the other goes on, and what was missed comes afterwards."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from uuid import uuid4

from sqlalchemy.engine import make_url
from yarl import URL

from services.cli.embedded.child_process import free_port
from services.cli.embedded.temporal_server import TemporalServer
from services.messaging.broker import Queue
from services.messaging.clock_sink import ClockSink
from services.messaging.local.broker import LocalBroker
from services.messaging.outbox import OutboxRow
from services.messaging.rabbitmq.broker import RabbitBroker
from services.messaging.relay import BrokerSink, Relay
from services.messaging.sink import Result
from services.platform.clock import wall_clock
from services.platform.temporal_client import connect_temporal
from tests.messaging.broker.broker_on_wire import SOON
from tests.messaging.broker.inbox import Inbox
from tests.messaging.relay.clocks import Clocks
from tests.messaging.relay.outbox_on_test import OUTBOX, Outbox, event, relaying, snapshot
from tests.patience import until
from tests.wire import wire


class Watched(ClockSink):
    """The real sink; it counts how often it was asked and how often it found nobody there."""

    asked = 0

    async def deliver(self, rows: Sequence[OutboxRow]) -> Sequence[Result]:
        results = await super().deliver(rows)
        self.asked += 1
        return results


async def test_clocks_go_on_while_the_broker_is_away(
    outbox: Outbox, rabbitmq_url: str, temporal_address: str, numbers: "count[int]"
) -> None:
    address, number, word = make_url(rabbitmq_url), next(numbers), f"test{uuid4().hex}"
    temporal = await connect_temporal(temporal_address, "default")
    async with wire(address.host or "", address.port or 0) as cable:
        broker, inbox = RabbitBroker(str(URL(rabbitmq_url).with_port(cable.port))), Inbox()
        await broker.connect()
        await broker.subscribe(Queue(f"{word}.mail", (f"{word}.#",), retry_delays=SOON), inbox)
        sinks = BrokerSink(broker), ClockSink(temporal)
        async with relaying(*(Relay(outbox.engine, OUTBOX, sink, wall_clock) for sink in sinks)):
            before, missed = event(f"{word}.noted.v1"), [event(f"{word}.noted.v1") for _ in range(5)]
            await outbox.writes(before)
            await inbox.until_taken(before)
            await cable.cut()
            await outbox.writes(*missed)
            await outbox.snaps(snapshot(number, 1))
            await outbox.all_sent("clock")
            assert await Clocks(temporal).told(number) == [snapshot(number, 1)]
            assert inbox.taken == [before]
            await cable.mend()
            await inbox.until_taken(*missed)
            await outbox.all_sent("broker")
        await broker.close()
    assert {row.attempts for row in await outbox.rows()} == {0}


async def test_events_go_on_while_temporal_is_away_and_it_comes_back_with_all_its_clocks(
    outbox: Outbox, tmp_path: Path, numbers: "count[int]"
) -> None:
    server, number, other = TemporalServer(tmp_path, port=free_port()), next(numbers), next(numbers)
    server.start()
    try:
        temporal = await connect_temporal(server.address, "default")
        broker, inbox, clock_sink = LocalBroker(outbox.url), Inbox(), Watched(temporal)
        await broker.connect()
        await broker.subscribe(Queue("notify.mail", ("#",)), inbox)
        sinks = BrokerSink(broker), clock_sink
        async with relaying(*(Relay(outbox.engine, OUTBOX, sink, wall_clock) for sink in sinks)):
            await outbox.snaps(snapshot(number, 1))
            await outbox.all_sent("clock")
            run = (await Clocks(temporal).handle(number).describe()).run_id
            server.stop()
            asked, meanwhile = clock_sink.asked, event()
            await outbox.snaps(snapshot(number, 2), snapshot(number, 3), snapshot(other, 1))
            await outbox.writes(meanwhile)
            await inbox.until_taken(meanwhile)
            await until(lambda: clock_sink.asked > asked, "the relay noticed that Temporal is away")
            server.start()
            await outbox.all_sent("clock")
            clocks = Clocks(temporal)
            assert await clocks.told(number, run) == [snapshot(number, 1), snapshot(number, 3)]
            assert await clocks.told(other) == [snapshot(other, 1)]
        await broker.close()
    finally:
        server.stop()
    assert {row.attempts for row in await outbox.rows()} == {0}
