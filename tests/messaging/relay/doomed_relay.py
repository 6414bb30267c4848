"""A relay in a process of its own that dies at the worst moment: the sink has all rows, and none is marked as sent.

python -m tests.messaging.relay.doomed_relay DATABASE_URL (broker BROKER_URL | clock TEMPORAL_ADDRESS)
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from services.cli.chosen_broker import chosen_broker
from services.messaging.clock_sink import ClockSink
from services.messaging.outbox import OutboxRow
from services.messaging.relay import BrokerSink, Relay
from services.messaging.sink import Result, Sink
from services.platform.clock import wall_clock
from services.platform.database import connect
from services.platform.temporal_client import connect_temporal
from tests.messaging.relay.outbox_on_test import OUTBOX


class Deadly:
    """Delivers as the real sink does, and then kills the process."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.name = sink.name

    async def deliver(self, rows: Sequence[OutboxRow]) -> Sequence[Result]:
        results = await self._sink.deliver(rows)
        print(len(rows), results.count(None), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        return results


async def main(database_url: str, kind: str, address: str) -> None:
    """Relay until killed."""
    sink: Sink
    if kind == "broker":
        broker = chosen_broker(address, database_url)
        await broker.connect()
        sink = BrokerSink(broker)
    else:
        sink = ClockSink(await connect_temporal(address, "default"))
    await Relay(connect(database_url), OUTBOX, Deadly(sink), wall_clock).run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
