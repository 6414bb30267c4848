"""A broker reached through a wire, with operations for tests that services do not need."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar
from uuid import uuid4

import aio_pika
from sqlalchemy import text
from sqlalchemy.engine import make_url
from yarl import URL

from services.contract.errors import Temporary
from services.contract.events import Event
from services.messaging.broker import Broker, DeadLetter, Queue
from services.messaging.local.broker import LocalBroker
from services.messaging.rabbitmq.broker import RabbitBroker
from services.messaging.rabbitmq.queues import dead_name, retry_name
from services.platform.database import connect, transaction
from tests.patience import LOOK_EVERY_SECONDS, PATIENCE_SECONDS
from tests.wire import Wire, wire

SOON = (timedelta(milliseconds=10),)
LATER = (timedelta(hours=1),)

Seen = TypeVar("Seen")


class Server(Protocol):
    """The server that holds the broker's queues, reached without the wire."""

    url: str

    def broker(self, url: str) -> Broker:
        """A broker, not connected, that reaches the server at `url`."""

    def through(self, wire: Wire) -> str:
        """The server's address through the wire."""

    async def put(self, queue: str, body: str) -> None:
        """Put a message into a queue directly, as a foreign program may do."""

    async def remove(self, queue: Queue) -> None:
        """Remove the queue and all that belongs to it."""


class RabbitmqQueues:
    """Queues in RabbitMQ."""

    def __init__(self, url: str) -> None:
        self.url = url

    def broker(self, url: str) -> Broker:
        return RabbitBroker(url)

    def through(self, wire: Wire) -> str:
        return str(URL(self.url).with_port(wire.port))

    async def put(self, queue: str, body: str) -> None:
        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel()
            await channel.default_exchange.publish(aio_pika.Message(body.encode()), queue)

    async def remove(self, queue: Queue) -> None:
        retries = [retry_name(queue.name, step) for step in range(len(queue.retry_delays))]
        async with await aio_pika.connect(self.url) as connection:
            channel = await connection.channel()
            for name in (*retries, queue.name, dead_name(queue.name)):
                await channel.queue_delete(name)


class PostgresQueues:
    """Queues in PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.url = url

    def broker(self, url: str) -> Broker:
        return LocalBroker(url)

    def through(self, wire: Wire) -> str:
        return make_url(self.url).set(port=wire.port).render_as_string(hide_password=False)

    async def put(self, queue: str, body: str) -> None:
        engine = connect(self.url)
        async with transaction(engine) as connection:
            put = text("insert into transport.message (queue, body) values (:queue, :body)")
            await connection.execute(put, {"queue": queue, "body": body})
        await engine.dispose()

    async def remove(self, queue: Queue) -> None:
        """Does nothing: the test's whole database is dropped."""


class BrokerOnWire:
    """The broker under test. Queues and events have names of this test's own."""

    def __init__(self, server: Server, wire: Wire, stack: AsyncExitStack) -> None:
        self.server = server
        self.wire = wire
        self._stack = stack
        self._word = f"test{uuid4().hex[:12]}"
        self._queues: list[Queue] = []

    async def broker(self) -> Broker:
        """A new connected broker at each call, as if in another process."""
        broker = self.server.broker(self.server.through(self.wire))
        await broker.connect()
        self._stack.push_async_callback(broker.close)
        return broker

    def queue(self, *bindings: str, name: str = "mail", **settings: Any) -> Queue:
        """A queue bound to these patterns of this test's event types; to all of them if none is given."""
        patterns = tuple(f"{self._word}.{binding}" for binding in bindings or ("#",))
        queue = Queue(f"{self._word}.{name}", patterns, **{"retry_delays": SOON, **settings})
        self._queues.append(queue)
        return queue

    def event(self, type_: str = "ticket.submitted.v1", **data: Any) -> Event:
        """A new event, with a type of this test's own."""
        return Event(
            id=uuid4(),
            source="/balie/tests",
            type=f"{self._word}.{type_}",
            time=datetime.now(UTC),
            correlationid=uuid4().hex,
            data=data,
        )

    def pattern(self, pattern: str) -> str:
        """A binding pattern that matches only this test's events."""
        return f"{self._word}.{pattern}"

    async def dead_letters(self, broker: Broker, queue: Queue, count: int = 1) -> list[DeadLetter]:
        """Wait until the queue has this many dead letters; returns them."""
        return await eventually(lambda: broker.dead_letters(queue.name), lambda letters: len(letters) == count)

    async def remove(self) -> None:
        """Remove this test's queues from the server, which keeps running after the test."""
        for queue in self._queues:
            await self.server.remove(queue)


async def eventually(look: Callable[[], Awaitable[Seen]], is_so: Callable[[Seen], bool]) -> Seen:
    """Poll `look` until `is_so` accepts its result, for facts that a server does not push. Waits out outages."""
    seen: object = None
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    seen = found = await look()
                except Temporary as away:
                    seen = away
                else:
                    if is_so(found):
                        return found
                await asyncio.sleep(LOOK_EVERY_SECONDS)
    except TimeoutError:
        raise AssertionError(f"It never came so; lastly: {seen!r}") from None


@asynccontextmanager
async def on_wire(server: Server) -> AsyncIterator[BrokerOnWire]:
    """The broker under test, with its own wire."""
    address = make_url(server.url)
    async with wire(address.host or "127.0.0.1", address.port or 0) as made, AsyncExitStack() as stack:
        on_it = BrokerOnWire(server, made, stack)
        yield on_it
        await stack.aclose()
        await on_it.remove()
