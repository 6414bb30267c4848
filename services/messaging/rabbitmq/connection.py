"""The connection to RabbitMQ: opened again when it was lost; every failure is raised as one of our errors."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractQueue
from aio_pika.exceptions import (
    AMQPError,
    AuthenticationError,
    ChannelNotFoundEntity,
    ChannelPreconditionFailed,
    DeliveryError,
    ProbableAuthenticationError,
)
from yarl import URL

from services.contract.errors import Permanent, Temporary
from services.contract.events import EXCHANGE
from services.messaging.broker import PUBLISH_TIMEOUT

PATIENCE = timedelta(seconds=10)
"""How long one request to RabbitMQ, or opening the connection, may take."""
CLOSE_TIMEOUT = timedelta(seconds=2)
HEARTBEAT_SECONDS = 10
"""A dead connection is detected after three of these. A `heartbeat` in the URL takes precedence."""

# RuntimeError is what aiormq raises on a channel or connection that is closed already.
_AWAY = (AMQPError, OSError, RuntimeError)


class RabbitConnection:
    """One connection for everything, and one channel for all publishing."""

    def __init__(self, url: str) -> None:
        target = URL(url)
        self._url = target if "heartbeat" in target.query else target.update_query(heartbeat=HEARTBEAT_SECONDS)
        self._connection: AbstractConnection | None = None
        self._publishing: AbstractChannel | None = None
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        """Connects, unless connected already. Raises errors.Temporary if RabbitMQ cannot be reached."""
        async with reaching(PATIENCE), self._lock:
            await self._opened()

    async def close(self) -> None:
        """Closes the connection and every channel on it."""
        async with self._lock:
            await _close(self._connection)
            self._connection = self._publishing = None

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        """A new channel, closed after the block: messages received on it and not acknowledged return to their queue."""
        channel = await self.open_channel()
        try:
            yield channel
        finally:
            await self.close_channel(channel)

    async def open_channel(self) -> AbstractChannel:
        """A new channel, which the caller closes. Raises errors.Temporary if RabbitMQ cannot be reached."""
        async with reaching(PATIENCE), self._lock:
            return await _channel(await self._opened())

    async def close_channel(self, channel: AbstractChannel | None) -> None:
        """Closes the channel, if it is open."""
        await _close(channel)

    async def publish(self, message: aio_pika.Message, *, exchange: str, routing_key: str, mandatory: bool) -> None:
        """Returns once RabbitMQ confirms that every queue for the message has stored it.

        Raises errors.Temporary if the confirmation does not come in time; with `mandatory`, also if no queue takes it.
        """
        async with reaching(PUBLISH_TIMEOUT):
            channel = await self._publisher()
            target = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
            await target.publish(message, routing_key, mandatory=mandatory)

    async def _publisher(self) -> AbstractChannel:
        async with self._lock:
            if self._publishing is None or self._publishing.is_closed or not _lives(self._connection):
                self._publishing = await _channel(await self._opened())
                await declare_exchange(self._publishing)
            return self._publishing

    async def _opened(self) -> AbstractConnection:
        if self._connection is None or not _lives(self._connection):
            await _close(self._connection)
            self._connection = await _connected(self._url)
        return self._connection


async def declare_exchange(channel: AbstractChannel) -> None:
    """Creates the exchange, if it is missing."""
    await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)


async def existing(channel: AbstractChannel, queue: str) -> AbstractQueue | None:
    """The queue with that name; None if there is none, and then RabbitMQ has closed the channel."""
    async with reaching(PATIENCE):
        try:
            return await channel.declare_queue(queue, passive=True)
        except ChannelNotFoundEntity:
            return None


@asynccontextmanager
async def reaching(patience: timedelta) -> AsyncIterator[None]:
    """Raises failures of RabbitMQ in the block as errors.Temporary, also if the block takes longer than `patience`.

    Raises errors.Permanent if a queue or exchange already exists with other settings.
    """
    try:
        async with asyncio.timeout(patience.total_seconds()):
            yield
    except ChannelPreconditionFailed as error:
        raise Permanent(f"RabbitMQ has this with other settings; delete it there once it is empty: {error}") from error
    except (AuthenticationError, ProbableAuthenticationError) as error:
        raise Temporary("RabbitMQ refuses the user or the password in BALIE_BROKER_URL.") from error
    except DeliveryError as error:
        raise Temporary("RabbitMQ did not take the message.") from error
    except asyncio.CancelledError as error:
        # A lost channel also cancels what waits on it; pass the cancellation on only if this task was cancelled.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise Temporary("RabbitMQ went away in the middle of it.") from error
    except _AWAY as error:
        raise Temporary(f"RabbitMQ cannot be reached now: {type(error).__name__}.") from error


async def _connected(url: URL) -> AbstractConnection:
    # `aio_pika.connect` leaves a connection that did not open to the garbage collector, which then tries to close it on
    # whichever event loop runs, or on none.
    connection = aio_pika.Connection(url)
    try:
        await connection.connect()
    except BaseException:
        await _close(connection)
        raise
    return connection


async def _channel(connection: AbstractConnection) -> AbstractChannel:
    channel = connection.channel(on_return_raises=True)
    await channel.initialize()
    return channel


def _lives(connection: AbstractConnection | None) -> bool:
    return connection is not None and connection.connected.is_set() and not connection.is_closed


async def _close(thing: AbstractConnection | AbstractChannel | None) -> None:
    if thing is None or thing.is_closed:
        return
    try:
        async with reaching(CLOSE_TIMEOUT):
            await thing.close()
    except Temporary:
        return  # it was lost already, and so is closed
