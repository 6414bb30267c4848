"""The relay is killed between telling and marking: nothing is lost, and what comes twice has an effect once."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from itertools import count
from uuid import UUID, uuid4

import pytest
from sqlalchemy import MetaData

from services.cli.chosen_broker import LOCAL, chosen_broker
from services.contract.events import Event
from services.messaging.broker import Queue
from services.messaging.clock_sink import ClockSink
from services.messaging.outbox import consumed_table, first_time
from services.messaging.relay import BrokerSink, Relay
from services.platform.clock import wall_clock
from services.platform.database import transaction
from services.platform.temporal_client import connect_temporal
from tests.messaging.broker.broker_on_wire import SOON
from tests.messaging.broker.inbox import Inbox
from tests.messaging.relay.clocks import Clocks
from tests.messaging.relay.outbox_on_test import OUTBOX, Outbox, event, relaying, snapshot
from tests.outbox_lag import lag
from tests.patience import PATIENCE_SECONDS, until

CONSUMED = consumed_table(MetaData())


@pytest.fixture(params=["rabbitmq", "local"])
def broker_url(request: pytest.FixtureRequest) -> str:
    """Each kind of broker."""
    return str(request.getfixturevalue("rabbitmq_url")) if request.param == "rabbitmq" else LOCAL


class Mailbox(Inbox):
    """A consumer as ours are: what it sends it sends once for each event, however often that comes."""

    def __init__(self, outbox: Outbox) -> None:
        super().__init__()
        self._engine = outbox.engine
        self.sent: Counter[UUID] = Counter()

    async def __call__(self, event: Event) -> None:
        async with transaction(self._engine) as connection:
            if await first_time(connection, CONSUMED, "mail", event):
                self.sent[event.id] += 1
        await super().__call__(event)


async def test_a_relay_killed_between_publish_and_mark_repeats_and_loses_nothing(
    outbox: Outbox, broker_url: str
) -> None:
    async with outbox.engine.begin() as connection:
        await connection.run_sync(CONSUMED.metadata.create_all)
    broker, mailbox = chosen_broker(broker_url, outbox.url), Mailbox(outbox)
    await broker.connect()
    word = f"test{uuid4().hex}"
    await broker.subscribe(Queue(f"{word}.mail", (f"{word}.#",), retry_delays=SOON), mailbox)
    events = [event(f"{word}.noted.v1", ticket=str(number)) for number in range(5)]
    await outbox.writes(*events)
    assert await _killed(outbox, "broker", broker_url) == "5 5"
    await mailbox.until_taken(*events)
    # Everything is out, and the outbox does not know.
    assert (await lag(outbox.engine, OUTBOX, "broker")).unsent == 5
    async with relaying(Relay(outbox.engine, OUTBOX, BrokerSink(broker), wall_clock)):
        await outbox.all_sent("broker")
        await until(lambda: all(mailbox.times[each.id] == 2 for each in events), "every event has come twice")
    await broker.close()
    assert mailbox.sent == {each.id: 1 for each in events}


async def test_a_relay_killed_between_signal_and_mark_repeats_and_starts_no_second_clock(
    outbox: Outbox, temporal_address: str, numbers: "count[int]"
) -> None:
    temporal, number = await connect_temporal(temporal_address, "default"), next(numbers)
    clocks, told = Clocks(temporal), snapshot(number, 1)
    await outbox.snaps(told)
    assert await _killed(outbox, "clock", temporal_address) == "1 1"
    assert await clocks.told(number) == [told]
    assert (await lag(outbox.engine, OUTBOX, "clock")).unsent == 1
    first_run = (await clocks.handle(number).describe()).run_id
    async with relaying(Relay(outbox.engine, OUTBOX, ClockSink(temporal), wall_clock)):
        await outbox.all_sent("clock")
    assert await clocks.told(number) == [told, told]
    assert (await clocks.handle(number).describe()).run_id == first_run


async def _killed(outbox: Outbox, kind: str, address: str) -> str:
    """Run a relay until it is killed; what it said last: rows claimed and told."""
    words = ("-m", "tests.messaging.relay.doomed_relay", outbox.url, kind, address)
    relay = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=PIPE)
    async with asyncio.timeout(PATIENCE_SECONDS):
        said, _ = await relay.communicate()
    assert relay.returncode == -signal.SIGKILL
    return said.decode().strip()
