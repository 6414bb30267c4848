"""Reads the dead letters of RabbitMQ's queues.

RabbitMQ shows a message only by delivering it, so reading means to receive all of them and return them.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from services.messaging.rabbitmq.connection import PATIENCE, RabbitConnection, existing, reaching

LETTERS_MAX = 10_000
"""Most letters read at once. If there are more, most of them have the same cause: remove that first."""


class LookingGlass:
    """Reads dead letters, always through the same channel and one read at a time: what one read returned is visible to
    the next. To other channels and processes, letters are invisible while they are being read."""

    def __init__(self, connection: RabbitConnection) -> None:
        self._connection = connection
        self._channel: AbstractChannel | None = None
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def at(self, queue: str, limit: int = LETTERS_MAX) -> AsyncIterator[list[AbstractIncomingMessage]]:
        """The first `limit` messages of a queue; after the block, those not acknowledged return to the queue."""
        async with self._lock:
            try:
                messages = await self._taken(queue, limit)
                yield messages
                async with reaching(PATIENCE):
                    for message in messages:
                        if not message.processed:
                            await message.nack(requeue=True)
            except BaseException:
                await self._drop()
                raise

    async def _taken(self, queue: str, limit: int) -> list[AbstractIncomingMessage]:
        if self._channel is None or self._channel.is_closed:
            self._channel = await self._connection.open_channel()
        declared = await existing(self._channel, queue)
        if declared is None:
            return []
        messages: list[AbstractIncomingMessage] = []
        # Read until it is empty: RabbitMQ's count may not include the messages that the last read returned.
        for _ in range(limit):
            async with reaching(PATIENCE):
                message = await declared.get(fail=False)
            if message is None:
                break
            messages.append(message)
        return messages

    async def _drop(self) -> None:
        # Closing the channel returns the messages to the queue.
        channel, self._channel = self._channel, None
        await self._connection.close_channel(channel)
