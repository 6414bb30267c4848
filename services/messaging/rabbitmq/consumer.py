"""Consumers on RabbitMQ: set up again whenever their channel is lost, until they are stopped."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from services.contract.errors import BalieError, Temporary, sentence
from services.contract.events import EXCHANGE
from services.messaging.broker import LIVE_EVENTS_MAX, Handler, Queue
from services.messaging.handling import Dead, Done, HandlingOutcome, PutOff, UnderWay, handle, parse
from services.messaging.live_feed import LiveFeed
from services.messaging.rabbitmq.connection import PATIENCE, RabbitConnection, declare_exchange, reaching
from services.messaging.rabbitmq.queues import buried, dead_name, declare, put_off, retry_name, tries_before
from services.platform.clock import Clock

RECONNECT_DELAY = timedelta(seconds=1)

_log = structlog.get_logger()


class _Consumer(ABC):
    """A consumer that sets itself up again after a lost connection, a deleted queue or a failed queue leader."""

    def __init__(self, connection: RabbitConnection, name: str) -> None:
        self._connection = connection
        self._name = name
        self._consuming = asyncio.Event()
        self._lost = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns once it is consuming. Raises errors.Temporary if that takes longer than `PATIENCE`."""
        self._task = asyncio.ensure_future(self._run())
        try:
            async with asyncio.timeout(PATIENCE.total_seconds()):
                await self._consuming.wait()
        except TimeoutError as error:
            await self.stop()
            raise Temporary(f"RabbitMQ lets nobody consume from {self._name} now.") from error

    async def stop(self) -> None:
        """Takes no more messages, finishes those being handled, returns the others to the queue."""
        self._stopping.set()
        if self._task:
            await self._task

    async def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                async with self._connection.channel() as channel:
                    await self._consume(channel)
            except Exception as error:
                # Continue after any error: if a consumer gave up, its queue would grow and nobody would notice.
                unknown = not isinstance(error, BalieError)
                _log.warning("consumer lost its queue", consumer=self._name, reason=sentence(error), exc_info=unknown)
                await _pause(self._stopping)

    async def _consume(self, channel: AbstractChannel) -> None:
        self._lost = lost = asyncio.Event()
        async with reaching(PATIENCE):
            await _watch(channel, lost)
            queue, tag = await self._set_up(channel)
        self._consuming.set()
        await _first(lost, self._stopping)
        if not lost.is_set():
            async with reaching(PATIENCE):
                await queue.cancel(tag)
        if self._stopping.is_set():
            # Finish before the channel closes: until then, handled messages can still be acknowledged.
            await self._wind_down()

    @abstractmethod
    async def _set_up(self, channel: AbstractChannel) -> tuple[AbstractQueue, str]:
        """Declares the queue and starts to consume; returns the queue and the consumer's tag."""

    @abstractmethod
    async def _wind_down(self) -> None:
        """Waits for the messages that are being handled."""


class QueueConsumer(_Consumer):
    """Passes the events of one queue to one handler."""

    def __init__(self, connection: RabbitConnection, queue: Queue, handler: Handler, clock: Clock) -> None:
        super().__init__(connection, queue.name)
        self._queue = queue
        self._handler = handler
        self._clock = clock
        self._under_way = UnderWay()
        # RabbitMQ's prefetch is per channel; after a reconnect, handlers started on the old channel may still run.
        self._places = asyncio.Semaphore(queue.prefetch)

    async def stop(self) -> None:
        """Takes no more messages, finishes those being handled, returns the others to the queue."""
        await super().stop()
        await self._under_way.finish()

    async def _set_up(self, channel: AbstractChannel) -> tuple[AbstractQueue, str]:
        queue = await declare(channel, self._queue)
        await channel.set_qos(prefetch_count=self._queue.prefetch)
        lost = self._lost

        async def take(message: AbstractIncomingMessage) -> None:
            # Start a new task: the channel's task would be cancelled with the channel, in the middle of handling.
            if not self._stopping.is_set():
                self._under_way.start(self._handle(message, lost))

        return queue, await queue.consume(take)

    async def _wind_down(self) -> None:
        await self._under_way.finish()

    async def _handle(self, message: AbstractIncomingMessage, lost: asyncio.Event) -> None:
        async with self._places:
            if lost.is_set():
                return  # RabbitMQ has put it back into the queue and will deliver it again
            tries = tries_before(message) + 1
            outcome = await handle(self._queue, self._handler, message.body, tries)
            while not lost.is_set() and not await self._settled(message, outcome, tries):
                if self._stopping.is_set():
                    return  # returned to the queue when the channel closes
                await _pause(lost)

    async def _settled(self, message: AbstractIncomingMessage, outcome: HandlingOutcome, tries: int) -> bool:
        try:
            await self._pass_on(message, outcome, tries)
            # Acknowledge last: a crash before this line repeats the message, it never loses it.
            async with reaching(PATIENCE):
                await message.ack()
        except Temporary as error:
            _log.warning("message not settled", queue=self._queue.name, reason=error.detail)
            return False
        return True

    async def _pass_on(self, message: AbstractIncomingMessage, outcome: HandlingOutcome, tries: int) -> None:
        match outcome:
            case Done():
                return
            case PutOff(delay, step):
                copy, target = put_off(message, tries, delay), retry_name(self._queue.name, step)
            case Dead(reason):
                copy, target = buried(message, reason, self._clock()), dead_name(self._queue.name)
        await self._connection.publish(copy, exchange="", routing_key=target, mandatory=True)


class LiveConsumer(_Consumer):
    """Passes live events to one handler, through a temporary queue that is deleted with its connection."""

    def __init__(self, connection: RabbitConnection, bindings: Sequence[str], handler: Handler) -> None:
        super().__init__(connection, "live events")
        self._bindings = bindings
        self._feed = LiveFeed(handler)

    async def stop(self) -> None:
        """Passes on no more events."""
        await super().stop()
        await self._feed.stop()

    async def _set_up(self, channel: AbstractChannel) -> tuple[AbstractQueue, str]:
        await declare_exchange(channel)
        arguments: dict[str, int | str] = {"x-max-length": LIVE_EVENTS_MAX, "x-overflow": "drop-head"}
        queue = await channel.declare_queue(exclusive=True, auto_delete=True, arguments=dict(arguments))
        for binding in self._bindings:
            await queue.bind(EXCHANGE, binding)

        async def take(message: AbstractIncomingMessage) -> None:
            if event := parse(message.body):
                self._feed.offer(event)

        return queue, await queue.consume(take, no_ack=True)

    async def _wind_down(self) -> None:
        """Nothing to wait for: live events are not acknowledged."""


async def _watch(channel: AbstractChannel, lost: asyncio.Event) -> None:
    """Sets `lost` when the channel closes or RabbitMQ cancels its consumer (the queue was deleted)."""

    async def gone(*_: object) -> None:
        lost.set()

    channel.close_callbacks.add(gone)
    (await channel.get_underlay_channel()).on_consumer_cancel_callbacks.add(gone)
    if channel.is_closed:
        lost.set()


async def _first(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def _pause(unless: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(RECONNECT_DELAY.total_seconds()):
            await unless.wait()
