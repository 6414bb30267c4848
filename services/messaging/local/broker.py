"""The broker on PostgreSQL, for a Balie without RabbitMQ: same guarantees, tables in the schema `transport`."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Temporary, sentence
from services.contract.events import Event
from services.messaging.broker import PUBLISH_TIMEOUT, DeadLetter, Handler, Queue, Subscription
from services.messaging.handling import parse
from services.messaging.live_feed import LiveFeed
from services.messaging.local import message_table
from services.messaging.local.consumer import POLL_INTERVAL, STATEMENTS_TIMEOUT, Holder, LocalConsumer, pause
from services.messaging.local.notice_pieces import LIVE_CHANNEL, Pieces, pieces
from services.platform.database import connect, transaction
from services.platform.postgres_listen import AWAY, Heard, Line, listening, unexpected

POOL_SIZE = 5
MARK_CHANNEL = "balie_mark"
RECLAIM_INTERVAL = timedelta(seconds=1)

_log = structlog.get_logger()


class LocalBroker:
    """`Broker` on the PostgreSQL at `database_url`. Several processes may each have one on the same database."""

    def __init__(self, database_url: str) -> None:
        self._engine = connect(database_url, pool_size=POOL_SIZE)
        self._holder = Holder()
        self._consumers: list[LocalConsumer] = []
        self._feeds: list[LiveFeed] = []
        self._marks: dict[str, asyncio.Event] = {}
        self._standing: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Connects. Raises errors.Temporary if PostgreSQL cannot be reached. Calling it again does nothing."""
        if self._standing is None:
            async with self._transaction() as connection:
                await message_table.prepare(connection)
            self._standing = asyncio.ensure_future(self._stand())
        async with _reaching(STATEMENTS_TIMEOUT):
            await self._holder.locked.wait()

    async def close(self) -> None:
        """Stops every subscription and closes the connections."""
        await asyncio.gather(*(consumer.stop() for consumer in self._consumers))
        await asyncio.gather(*(feed.stop() for feed in self._feeds))
        self._consumers.clear()
        self._feeds.clear()
        if self._standing:
            self._standing.cancel()
            await asyncio.gather(self._standing, return_exceptions=True)
            self._standing = None
        await self._engine.dispose()

    async def declare(self, queue: Queue) -> None:
        """Creates the queue if it is missing. From then on, it stores the published events that match its bindings."""
        async with self._transaction() as connection:
            await message_table.declare(connection, queue)

    async def publish(self, event: Event) -> None:
        """Returns once every bound queue has stored the event. Raises errors.Temporary if that failed."""
        async with self._transaction() as connection:
            await message_table.put(connection, event)
            for piece in pieces(event):
                await message_table.notify(connection, LIVE_CHANNEL, piece)

    async def subscribe(self, queue: Queue, handler: Handler) -> Subscription:
        """Declares the queue and passes its events to `handler`, at most `queue.prefetch` at a time."""
        await self.declare(queue)
        consumer = LocalConsumer(self._engine, self._holder, queue, handler)
        self._consumers.append(consumer)
        return consumer

    async def listen(self, bindings: Sequence[str], handler: Handler) -> Subscription:
        """Passes each matching event from now on to `handler`, in this process only, without storing it. Events during
        a lost connection are missed."""
        async with _reaching(STATEMENTS_TIMEOUT):
            await self._holder.locked.wait()
            await self._catch_up()
        feed = LiveFeed(handler, bindings)
        self._feeds.append(feed)
        return feed

    async def depth(self, queue: str) -> int:
        """How many events wait in the queue, including those waiting for another try."""
        async with self._transaction() as connection:
            return await message_table.depth(connection, queue)

    async def dead_letters(self, queue: str, limit: int = 100) -> list[DeadLetter]:
        """The queue's dead letters, oldest first."""
        async with self._transaction() as connection:
            letters = await message_table.buried(connection, queue, limit)
        return [
            DeadLetter(str(letter.id), queue, parse(letter.body), letter.reason, letter.died_at, letter.body)
            for letter in letters
        ]

    async def replay(self, queue: str, letter_id: str) -> bool:
        """Puts a dead letter back into its queue as if new; False if it is no longer there."""
        async with self._transaction() as connection:
            return letter_id.isdecimal() and await message_table.revive(connection, queue, int(letter_id))

    async def discard(self, queue: str, letter_id: str) -> bool:
        """Deletes a dead letter; False if it is no longer there."""
        async with self._transaction() as connection:
            return letter_id.isdecimal() and await message_table.discard(connection, queue, int(letter_id))

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        async with _reaching(PUBLISH_TIMEOUT), transaction(self._engine) as connection:
            yield connection

    async def _catch_up(self) -> None:
        """Returns once all notifications sent until now have arrived: sends one more and waits for it, because
        PostgreSQL delivers them in the order of commits."""
        mark = uuid4().hex
        heard = self._marks[mark] = asyncio.Event()
        try:
            async with self._transaction() as connection:
                await message_table.notify(connection, MARK_CHANNEL, mark)
            await heard.wait()
        finally:
            del self._marks[mark]

    async def _stand(self) -> None:
        """Listens and keeps this process's holder lock until cancelled; connects again after every lost connection."""
        incoming = Pieces()
        while True:
            try:
                channels: dict[str, Heard] = {
                    message_table.QUEUE_CHANNEL: self._wake,
                    LIVE_CHANNEL: lambda piece: self._offer(incoming, piece),
                    MARK_CHANNEL: self._heard_mark,
                }
                async with listening(self._engine, channels) as line:
                    await self._hold(line)
            except Exception as error:
                # Continue after any error: without this task, consumers are not woken and messages of dead processes
                # are not made available again.
                _log.warning("local broker lost its line", reason=sentence(error), exc_info=unexpected(error))
            finally:
                self._holder.locked.clear()
            await asyncio.sleep(POLL_INTERVAL.total_seconds())

    async def _hold(self, line: Line) -> None:
        if not await message_table.hold(line.connection, self._holder.number):
            # The lock is still taken: PostgreSQL has not noticed yet that our last connection is gone.
            return
        self._holder.locked.set()
        for consumer in self._consumers:
            consumer.wake()
        while not line.lost.is_set():
            async with asyncio.timeout(STATEMENTS_TIMEOUT.total_seconds()), self._holder.claiming:
                holder, under_way = self._holder.number, sorted(self._holder.under_way)
                abandoned = await message_table.reclaim(line.connection, holder, under_way)
            for queue in abandoned:
                self._wake(queue)
            await pause(RECLAIM_INTERVAL, unless=line.lost)

    def _wake(self, queue: str) -> None:
        for consumer in self._consumers:
            if consumer.queue.name == queue:
                consumer.wake()

    def _heard_mark(self, mark: str) -> None:
        if heard := self._marks.get(mark):
            heard.set()

    def _offer(self, incoming: Pieces, piece: str) -> None:
        if event := incoming.add(piece):
            self._feeds = [feed for feed in self._feeds if feed.running]
            for feed in self._feeds:
                feed.offer(event)


@asynccontextmanager
async def _reaching(patience: timedelta) -> AsyncIterator[None]:
    """Raises failures of PostgreSQL in the block as errors.Temporary, also one that takes longer than `patience`."""
    try:
        async with asyncio.timeout(patience.total_seconds()):
            yield
    except AWAY as error:
        raise Temporary(f"PostgreSQL cannot be reached now: {type(error).__name__}.") from error
