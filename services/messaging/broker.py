"""The interface of a message broker; implemented on RabbitMQ (`rabbitmq/`) and on PostgreSQL (`local/`).

At least once, in no promised order. `tests/messaging/broker/` runs one suite on both.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from services.contract.errors import Temporary
from services.contract.events import Event

log = structlog.get_logger(__name__)

CONNECT_RETRY_EVERY = timedelta(seconds=2)
PREFETCH_COUNT = 20
DELIVERY_LIMIT = 8
HANDLE_TIMEOUT = timedelta(seconds=60)
"""A handler that takes longer is cancelled and counts as failed: it must not occupy one of the places for ever."""
PUBLISH_TIMEOUT = timedelta(seconds=5)
"""How long `publish` waits for the broker's confirmation before it raises errors.Temporary."""
LIVE_EVENTS_MAX = 1000
"""Most events that may wait for the handler of one `listen`; when there are more, some are dropped."""
RETRY_DELAYS = tuple(timedelta(seconds=s) for s in (1, 5, 15, 60, 300, 900, 3600))
"""The wait before each further try of a message whose handler failed; the last one repeats."""

Handler = Callable[[Event], Awaitable[None]]
"""Handles one event; returning means that it is done. If it raises, the event is tried again later.

`errors.Permanent` sends the event to the dead letters at once, and so does the last failure that `delivery_limit`
allows. A consumer that dies while handling counts as a failure.
"""


@dataclass(frozen=True)
class Queue:
    """A queue for one consumer and one purpose, such as `notify.mail`. `bindings` are routing-key patterns
    (`ticket.*.v1`, `#`): `*` stands for one word, `#` for any number."""

    name: str
    bindings: tuple[str, ...]
    prefetch: int = PREFETCH_COUNT
    delivery_limit: int = DELIVERY_LIMIT
    retry_delays: tuple[timedelta, ...] = field(default=RETRY_DELAYS)
    handle_timeout: timedelta = HANDLE_TIMEOUT

    def __post_init__(self) -> None:
        if not self.retry_delays or self.prefetch < 1 or self.delivery_limit < 1:
            raise ValueError(f"queue {self.name} needs a retry delay, a prefetch and a delivery limit")


@dataclass(frozen=True)
class DeadLetter:
    """A message that could not be handled, kept until a person replays or discards it."""

    id: str
    """Stays the same as long as the letter is kept; `replay` and `discard` take it."""
    queue: str
    event: Event | None
    """None if the message is not a valid event; `body` shows what it is."""
    reason: str
    died_at: datetime | None
    body: str
    """The message as it was received."""


class Subscription(Protocol):
    """A running consumer."""

    async def stop(self) -> None:
        """Takes no more messages, finishes those being handled, returns the others to the queue."""


class Broker(Protocol):
    """The one exchange `events.EXCHANGE` and its queues."""

    async def connect(self) -> None:
        """Connects. Raises errors.Temporary if the broker cannot be reached. Calling it again does nothing."""

    async def close(self) -> None:
        """Stops every subscription and closes the connection."""

    async def declare(self, queue: Queue) -> None:
        """Creates the queue if it is missing. From then on, it stores the published events that match its bindings."""

    async def publish(self, event: Event) -> None:
        """Returns once every bound queue has stored the event. Raises errors.Temporary if that is not confirmed."""

    async def subscribe(self, queue: Queue, handler: Handler) -> Subscription:
        """Declares the queue and passes its events to `handler`, at most `queue.prefetch` at a time.
        Continues after a lost connection."""

    async def listen(self, bindings: Sequence[str], handler: Handler) -> Subscription:
        """Passes each matching event from now on to `handler`, in this process only, without storing it: for live
        updates of open pages."""

    async def depth(self, queue: str) -> int:
        """How many events wait in the queue, including those waiting for another try."""

    async def dead_letters(self, queue: str, limit: int = 100) -> list[DeadLetter]:
        """The queue's dead letters, oldest first."""

    async def replay(self, queue: str, letter_id: str) -> bool:
        """Puts a dead letter back into its queue as if new; False if it is no longer there."""

    async def discard(self, queue: str, letter_id: str) -> bool:
        """Deletes a dead letter; False if it is no longer there."""


async def until_connected(broker: Broker) -> None:
    """Connects; tries again, with warnings in the log, until the broker can be reached."""
    while True:
        try:
            return await broker.connect()
        except Temporary as error:
            log.warning("broker is away", reason=error.detail)
            await asyncio.sleep(CONNECT_RETRY_EVERY.total_seconds())


async def until_listening(broker: Broker, bindings: Sequence[str], handler: Handler) -> Subscription:
    """Connects and listens; tries again, with warnings in the log, until the broker can be reached."""
    while True:
        await until_connected(broker)
        try:
            return await broker.listen(bindings, handler)
        except Temporary as error:
            log.warning("cannot listen", reason=error.detail)
            await asyncio.sleep(CONNECT_RETRY_EVERY.total_seconds())


def matches(pattern: str, routing_key: str) -> bool:
    """Whether a topic pattern (`*` one word, `#` any number of words) matches the routing key."""
    return _matches(pattern.split("."), routing_key.split("."))


def _matches(pattern: list[str], words: list[str]) -> bool:
    if not pattern:
        return not words
    head, *rest = pattern
    if head == "#":
        return any(_matches(rest, words[skip:]) for skip in range(len(words) + 1))
    return bool(words) and head in ("*", words[0]) and _matches(rest, words[1:])
