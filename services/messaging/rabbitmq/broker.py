"""The broker on RabbitMQ: one topic exchange, quorum queues, publisher confirms (`docs/design.md §5`)."""

import asyncio
from collections.abc import Sequence

from aio_pika.abc import AbstractIncomingMessage

from services.contract.events import EXCHANGE, Event
from services.messaging.broker import DeadLetter, Handler, Queue, Subscription
from services.messaging.rabbitmq.connection import PATIENCE, RabbitConnection, existing, reaching
from services.messaging.rabbitmq.consumer import LiveConsumer, QueueConsumer
from services.messaging.rabbitmq.letters import LookingGlass
from services.messaging.rabbitmq.queues import (
    dead_letter,
    dead_name,
    declare,
    letter_id,
    message_of,
    retry_name,
    revived,
)
from services.platform.clock import Clock, wall_clock


class RabbitBroker:
    """`Broker` on RabbitMQ 3.10 or later, at `url` (amqp://…)."""

    def __init__(self, url: str, clock: Clock = wall_clock) -> None:
        self._connection = RabbitConnection(url)
        self._clock = clock
        self._consumers: list[QueueConsumer | LiveConsumer] = []
        self._letters = LookingGlass(self._connection)

    async def connect(self) -> None:
        """Connects. Raises errors.Temporary if RabbitMQ cannot be reached. Calling it again does nothing."""
        await self._connection.open()

    async def close(self) -> None:
        """Stops every subscription and closes the connection."""
        await asyncio.gather(*(consumer.stop() for consumer in self._consumers))
        self._consumers.clear()
        await self._connection.close()

    async def declare(self, queue: Queue) -> None:
        """Creates the queue if it is missing. From then on, it stores the published events that match its bindings.

        Bindings are only added: if `queue` no longer names one, a person must remove it in RabbitMQ.
        """
        async with self._connection.channel() as channel, reaching(PATIENCE):
            await declare(channel, queue)

    async def publish(self, event: Event) -> None:
        """Returns once every bound queue has stored the event. Raises errors.Temporary if that is not confirmed."""
        # Not mandatory: it is no error if no queue is bound to this event.
        await self._connection.publish(message_of(event), exchange=EXCHANGE, routing_key=event.type, mandatory=False)

    async def subscribe(self, queue: Queue, handler: Handler) -> Subscription:
        """Declares the queue and passes its events to `handler`, at most `queue.prefetch` at a time."""
        await self.declare(queue)
        return await self._started(QueueConsumer(self._connection, queue, handler, self._clock))

    async def listen(self, bindings: Sequence[str], handler: Handler) -> Subscription:
        """Passes each matching event from now on to `handler`, in this process only, without storing it. Events during
        a lost connection are missed."""
        return await self._started(LiveConsumer(self._connection, bindings, handler))

    async def depth(self, queue: str) -> int:
        """How many events wait in the queue, including those waiting for another try."""
        waiting, step = await self._count(queue), 0
        while (put_off := await self._count(retry_name(queue, step))) is not None:
            waiting, step = (waiting or 0) + put_off, step + 1
        return waiting or 0

    async def dead_letters(self, queue: str, limit: int = 100) -> list[DeadLetter]:
        """The queue's dead letters, oldest first."""
        async with self._letters.at(dead_name(queue), limit) as messages:
            letters = [dead_letter(queue, message) for message in messages]
        return sorted(letters, key=lambda letter: letter.died_at.timestamp() if letter.died_at else 0)

    async def replay(self, queue: str, letter_id: str) -> bool:
        """Puts a dead letter back into its queue as if new; False if it is no longer there."""
        async with self._letters.at(dead_name(queue)) as messages:
            letter = _found(messages, letter_id)
            if letter is None:
                return False
            await self._connection.publish(revived(letter), exchange="", routing_key=queue, mandatory=True)
            # Acknowledge last: a crash before this line leaves the letter twice, it never loses it.
            async with reaching(PATIENCE):
                await letter.ack()
            return True

    async def discard(self, queue: str, letter_id: str) -> bool:
        """Deletes a dead letter; False if it is no longer there."""
        async with self._letters.at(dead_name(queue)) as messages:
            letter = _found(messages, letter_id)
            if letter is None:
                return False
            async with reaching(PATIENCE):
                await letter.ack()
            return True

    async def _started(self, consumer: QueueConsumer | LiveConsumer) -> Subscription:
        await consumer.start()
        self._consumers.append(consumer)
        return consumer

    async def _count(self, queue: str) -> int | None:
        async with self._connection.channel() as channel:
            declared = await existing(channel, queue)
        return None if declared is None else declared.declaration_result.message_count or 0


def _found(messages: Sequence[AbstractIncomingMessage], wanted: str) -> AbstractIncomingMessage | None:
    return next((message for message in messages if letter_id(message) == wanted), None)
