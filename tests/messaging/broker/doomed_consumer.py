"""A consumer in a process of its own, for tests in which it dies.

    python -m tests.messaging.broker.doomed_consumer URL QUEUE BINDING DELIVERY_LIMIT (hang | die)

Prints the id of every event it gets; then it hangs until the test kills it, or kills itself.
"""

import asyncio
import os
import signal
import sys
from datetime import timedelta

from services.contract.events import Event
from services.messaging.broker import Broker, Queue
from services.messaging.local.broker import LocalBroker
from services.messaging.rabbitmq.broker import RabbitBroker


async def main(url: str, name: str, binding: str, delivery_limit: str, end: str) -> None:
    """Consume until killed."""

    async def handler(event: Event) -> None:
        print(event.id, flush=True)
        if end == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.Event().wait()

    broker: Broker = RabbitBroker(url) if url.startswith("amqp") else LocalBroker(url)
    await broker.connect()
    delays = (timedelta(milliseconds=10),)
    await broker.subscribe(Queue(name, (binding,), delivery_limit=int(delivery_limit), retry_delays=delays), handler)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
