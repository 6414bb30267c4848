"""The connection to RabbitMQ: made again whenever it is lost, and every way it fails turned into our errors."""

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
"""How long one exchange with RabbitMQ, or opening the connection, may take."""
CLOSE_TIMEOUT = timedelta(seconds=2)
HEARTBEAT_SECONDS = 10
"""A connection that went silent is found out after three of these; the URL's own `heartbeat` goes first."""

# RuntimeError is what aiormq raises on a channel or connection that is closed already.
_AWAY = (AMQPError, OSError, RuntimeError)


class RabbitConnection:
    """One connection for everything, and the channel all publishing goes through."""

    def __init__(self, url: str) -> None:
        target = URL(url)
        self._url = target if "heartbeat" in target.query else target.update_query(heartbeat=HEARTBEAT_SECONDS)
        self._connection: AbstractConnection | None = None
        self._publishing: AbstractChannel | None = None
        self._lock = asyncio.Lock()

    async def open(self) -> None:
        """Connect, unless it is. Raises errors.Temporary where RabbitMQ cannot be reached."""
        async with reaching(PATIENCE), self._lock:
            await self._opened()

    async def close(self) -> None:
        """Let go of the connection and every channel on it."""
        async with self._lock:
            await _close(self._connection)
            self._connection = self._publishing = None

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        """A channel of its own; closing it gives back every message it took and did not answer."""
        channel = await self.open_channel()
        try:
            yield channel
        finally:
            await self.close_channel(channel)

    async def open_channel(self) -> AbstractChannel:
        """A channel to keep. Raises errors.Temporary where RabbitMQ cannot be reached."""
        async with reaching(PATIENCE), self._lock:
            return await _channel(await self._opened())

    async def close_channel(self, channel: AbstractChannel | None) -> None:
        """Close it, where it is open."""
        await _close(channel)

    async def publish(self, message: aio_pika.Message, *, exchange: str, routing_key: str, mandatory: bool) -> None:
        """Returns once RabbitMQ has the message safely in every queue it goes to.

        Raises errors.Temporary where it does not say so in time; with `mandatory` also where it goes to no queue.
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
            self._connection = await aio_pika.connect(self._url)
        return self._connection


async def declare_exchange(channel: AbstractChannel) -> None:
    """Make the one exchange exist."""
    await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)


async def existing(channel: AbstractChannel, queue: str) -> AbstractQueue | None:
    """The queue with that name, None where there is none: then RabbitMQ has closed the channel."""
    async with reaching(PATIENCE):
        try:
            return await channel.declare_queue(queue, passive=True)
        except ChannelNotFoundEntity:
            return None


@asynccontextmanager
async def reaching(patience: timedelta) -> AsyncIterator[None]:
    """What goes wrong with RabbitMQ inside, or takes longer than `patience`, is raised as errors.Temporary;
    errors.Permanent where it has the thing already, but made with other settings."""
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
        # A channel that is lost cancels what waits on it, although nobody cancelled this task.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        raise Temporary("RabbitMQ went away in the middle of it.") from error
    except _AWAY as error:
        raise Temporary(f"RabbitMQ cannot be reached now: {type(error).__name__}.") from error


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
        return  # it was lost already, which closes it too
