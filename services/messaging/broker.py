"""What the services need of a message broker; RabbitMQ and the local transport both give it.

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
"""A handler that takes longer is given up and counts as failed: it must not hold its place for ever."""
PUBLISH_TIMEOUT = timedelta(seconds=5)
"""How long `publish` waits for the broker's word before it raises errors.Temporary."""
LIVE_EVENTS_MAX = 1000
"""Events one `listen` may be behind; what comes on top of that is dropped."""
RETRY_DELAYS = tuple(timedelta(seconds=s) for s in (1, 5, 15, 60, 300, 900, 3600))
"""The wait before each further try of a message whose handler failed; the last one repeats."""

Handler = Callable[[Event], Awaitable[None]]
"""Returns once the event is dealt with. Raising puts it back for a later try; `errors.Permanent`
sends it to the dead letters at once, as does the `delivery_limit`th failure, a consumer's death
while handling it included."""


@dataclass(frozen=True)
class Queue:
    """One consumer and one purpose, as in `notify.mail`. `bindings` are routing-key patterns (`ticket.*.v1`,
    `#`): `*` stands for one word, `#` for any number."""

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
    """A message nobody could deal with, kept until a person replays or discards it."""

    id: str
    """Stable while it lies there; what `replay` takes."""
    queue: str
    event: Event | None
    """None where the message is no event at all; `body` shows what it is."""
    reason: str
    died_at: datetime | None
    body: str
    """The message as it came."""


class Subscription(Protocol):
    """A running consumer."""

    async def stop(self) -> None:
        """Take no more messages, finish those under way, give back the rest."""


class Broker(Protocol):
    """The one exchange `events.EXCHANGE` and its queues."""

    async def connect(self) -> None:
        """Raises errors.Temporary where the broker cannot be reached. Calling it again does nothing."""

    async def close(self) -> None:
        """Stop every subscription and let go of the connection."""

    async def declare(self, queue: Queue) -> None:
        """Make the queue exist, so that what is published from now on is kept for it."""

    async def publish(self, event: Event) -> None:
        """Returns once every bound queue holds the event safely. Raises errors.Temporary otherwise."""

    async def subscribe(self, queue: Queue, handler: Handler) -> Subscription:
        """Declare the queue and hand its events to `handler`, at most `queue.prefetch` at a time.
        Survives lost connections."""

    async def listen(self, bindings: Sequence[str], handler: Handler) -> Subscription:
        """Events from now on, to this process only, kept nowhere: for live updates of open pages."""

    async def depth(self, queue: str) -> int:
        """How many events wait in the queue, those put off for a later try included."""

    async def dead_letters(self, queue: str, limit: int = 100) -> list[DeadLetter]:
        """What lies in the queue's dead letters, oldest first."""

    async def replay(self, queue: str, letter_id: str) -> bool:
        """Put a dead letter back into its queue as if new; False where it lies there no more."""

    async def discard(self, queue: str, letter_id: str) -> bool:
        """Throw a dead letter away; False where it lies there no more."""


async def until_connected(broker: Broker) -> None:
    """Connect; waits, saying so in the log, for a broker that is away."""
    while True:
        try:
            return await broker.connect()
        except Temporary as error:
            log.warning("broker is away", reason=error.detail)
            await asyncio.sleep(CONNECT_RETRY_EVERY.total_seconds())


async def until_listening(broker: Broker, bindings: Sequence[str], handler: Handler) -> Subscription:
    """Connect and listen; waits, saying so in the log, for a broker that is away."""
    while True:
        await until_connected(broker)
        try:
            return await broker.listen(bindings, handler)
        except Temporary as error:
            log.warning("cannot listen", reason=error.detail)
            await asyncio.sleep(CONNECT_RETRY_EVERY.total_seconds())


def matches(pattern: str, routing_key: str) -> bool:
    """Whether a topic pattern (`*` one word, `#` any number of words) takes the routing key."""
    return _matches(pattern.split("."), routing_key.split("."))


def _matches(pattern: list[str], words: list[str]) -> bool:
    if not pattern:
        return not words
    head, *rest = pattern
    if head == "#":
        return any(_matches(rest, words[skip:]) for skip in range(len(words) + 1))
    return bool(words) and head in ("*", words[0]) and _matches(rest, words[1:])
