"""A consumer of the local broker: claims the due messages, passes them to its handler and records the outcome."""

import asyncio
import secrets
from contextlib import suppress
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.errors import sentence
from services.messaging.broker import Handler, Queue
from services.messaging.handling import HandlingOutcome, UnderWay, handle
from services.messaging.local import message_table
from services.platform.database import transaction
from services.platform.postgres_listen import AWAY, unexpected

POLL_INTERVAL = timedelta(seconds=1)
"""The longest that a message waits to be seen if its notification was lost."""
STATEMENTS_TIMEOUT = timedelta(seconds=10)

_log = structlog.get_logger()


class Holder:
    """The identity of this process in the message table: a number, on which it keeps an advisory lock.

    When the lock ends, the messages that its consumers hold become available to other processes.
    """

    def __init__(self) -> None:
        self.number = secrets.randbelow(2**31 - 1) + 1
        self.locked = asyncio.Event()
        """Set while we have the lock: without it, messages that we claim would look abandoned."""
        self.claiming = asyncio.Lock()
        """Held from before messages are claimed until they are in `under_way`."""
        self.under_way: set[int] = set()
        """The ids of the messages being handled, or handled but not settled yet."""


class LocalConsumer:
    """Passes the events of one queue to one handler. Continues after PostgreSQL was unreachable."""

    def __init__(self, engine: AsyncEngine, holder: Holder, queue: Queue, handler: Handler) -> None:
        self._engine = engine
        self._holder = holder
        self.queue = queue
        self._handler = handler
        self._under_way = UnderWay()
        self._changed = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task = asyncio.ensure_future(self._run())

    def wake(self) -> None:
        """Makes it look for messages to claim now."""
        self._changed.set()

    async def stop(self) -> None:
        """Takes no more messages and finishes those being handled."""
        self._stopping.set()
        self.wake()
        await self._task

    async def _run(self) -> None:
        while not self._stopping.is_set():
            self._changed.clear()
            try:
                wait = await self._take()
            except Exception as error:
                # Continue after any error: if a consumer gave up, its queue would grow and nobody would notice.
                _log.warning(
                    "nothing claimed", queue=self.queue.name, reason=sentence(error), exc_info=unexpected(error)
                )
                wait = POLL_INTERVAL
            await pause(wait, unless=self._changed)
        await self._under_way.finish()

    async def _take(self) -> timedelta:
        """Claims due messages, as many as there are free places, and starts to handle them.

        Returns how long to wait before looking again.
        """
        places = self.queue.prefetch - len(self._under_way)
        if not places or not self._holder.locked.is_set():
            return POLL_INTERVAL
        async with self._holder.claiming:
            async with asyncio.timeout(STATEMENTS_TIMEOUT.total_seconds()), transaction(self._engine) as connection:
                taken = await message_table.claim(connection, self.queue.name, self._holder.number, places)
                due_in = await message_table.next_due(connection, self.queue.name)
            self._holder.under_way.update(message.id for message in taken)
        for message in taken:
            self._under_way.start(self._handle(message)).add_done_callback(lambda _: self.wake())
        return POLL_INTERVAL if due_in is None else min(due_in, POLL_INTERVAL)

    async def _handle(self, message: message_table.Taken) -> None:
        try:
            outcome = await handle(self.queue, self._handler, message.body, message.tries)
            while not await self._settled(message, outcome):
                if self._stopping.is_set():
                    return  # available to others as soon as PostgreSQL is back
                await pause(POLL_INTERVAL, unless=self._stopping)
        finally:
            self._holder.under_way.discard(message.id)

    async def _settled(self, message: message_table.Taken, outcome: HandlingOutcome) -> bool:
        try:
            async with asyncio.timeout(STATEMENTS_TIMEOUT.total_seconds()), transaction(self._engine) as connection:
                await message_table.settle(connection, self._holder.number, message.id, outcome)
        except AWAY as error:
            _log.warning(
                "message not settled", queue=self.queue.name, reason=sentence(error), exc_info=unexpected(error)
            )
            return False
        return True


async def pause(delay: timedelta, *, unless: asyncio.Event) -> None:
    """Waits for `delay`, or until the event is set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(delay.total_seconds()):
            await unless.wait()
