"""Looking through the dead letters of RabbitMQ's queues.

RabbitMQ shows a message only by handing it out, so looking means taking all of them and giving them back.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from services.messaging.rabbitmq.connection import PATIENCE, RabbitConnection, existing, reaching

LETTERS_MAX = 10_000
"""Letters one look goes through. Who has more has one cause for most of them: clear that first."""


class LookingGlass:
    """One channel for all looks, one look at a time: what the last one gave back is there for the next one. From
    another channel, or while another process looks, letters may be out of sight for a moment."""

    def __init__(self, connection: RabbitConnection) -> None:
        self._connection = connection
        self._channel: AbstractChannel | None = None
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def at(self, queue: str, limit: int = LETTERS_MAX) -> AsyncIterator[list[AbstractIncomingMessage]]:
        """The messages in a queue, or its first `limit`; those not acknowledged are back there afterwards."""
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
        # Until it is empty: the count RabbitMQ gives may be from before the last look gave back.
        for _ in range(limit):
            async with reaching(PATIENCE):
                message = await declared.get(fail=False)
            if message is None:
                break
            messages.append(message)
        return messages

    async def _drop(self) -> None:
        # Closing the channel gives back what it took.
        channel, self._channel = self._channel, None
        await self._connection.close_channel(channel)
