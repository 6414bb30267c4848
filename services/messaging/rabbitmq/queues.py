"""The RabbitMQ queues that make up one `Queue`, and the messages in them.

`Queue` `q` consists of these quorum queues:
- `q`, bound to the exchange. If a message is returned too often because its consumers died, RabbitMQ itself moves it
  to the dead letters.
- `q.retry.1`, `q.retry.2`…, one for each retry delay. A message to be tried again waits here until it expires, and then
  RabbitMQ moves it back to `q`. Each delay has its own queue, because a message only expires at the head of its queue.
- `q.dead`: the dead letters.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from services.contract.events import EXCHANGE, Event
from services.messaging.broker import DeadLetter, Queue
from services.messaging.handling import CONSUMER_DIED, parse
from services.messaging.rabbitmq.connection import declare_exchange

CONTENT_TYPE = "application/cloudevents+json"
UNLIMITED = 1_000_000_000
"""The delivery limit of dead letters. Reading them returns them, and RabbitMQ 4 drops a message after 20 returns by
default."""

_TRIES = "balie-tries"
_REASON = "balie-reason"
_DIED_AT = "balie-died-at"


async def declare(channel: AbstractChannel, queue: Queue) -> AbstractQueue:
    """Declares the queue with its retry queues and its dead letters, and binds it to the exchange."""
    await declare_exchange(channel)
    await _quorum(channel, dead_name(queue.name), {"x-delivery-limit": UNLIMITED})
    # RabbitMQ limits returns, we limit tries: a message tried n times was returned n - 1 times before.
    limit = {"x-delivery-limit": queue.delivery_limit - 1}
    declared = await _quorum(channel, queue.name, limit | _dying_into(dead_name(queue.name)))
    for step in range(len(queue.retry_delays)):
        await _quorum(channel, retry_name(queue.name, step), _dying_into(queue.name))
    for binding in queue.bindings:
        await declared.bind(EXCHANGE, binding)
    return declared


def dead_name(queue: str) -> str:
    """The name of the queue of dead letters."""
    return f"{queue}.dead"


def retry_name(queue: str, step: int) -> str:
    """The name of the queue in which messages wait for the retry delay with index `step`."""
    return f"{queue}.retry.{step + 1}"


def message_of(event: Event) -> Message:
    """The event as a message to publish."""
    return Message(
        event.model_dump_json().encode(),
        content_type=CONTENT_TYPE,
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=str(uuid4()),
        correlation_id=event.correlationid,
        type=event.type,
        app_id=event.source,
        timestamp=event.time,
    )


def tries_before(message: AbstractIncomingMessage) -> int:
    """How often this message was tried before: the failures that we counted, and the later deliveries that ended
    without an acknowledgement. RabbitMQ 4.3 counts a consumer's death in `x-acquired-count` only."""
    unanswered = max(_number(message.headers, "x-delivery-count"), _number(message.headers, "x-acquired-count"))
    return _number(message.headers, _TRIES) + unanswered


def put_off(message: AbstractIncomingMessage, tries: int, delay: timedelta) -> Message:
    """A copy for a retry queue, which expires after `delay`; it holds the number of tries."""
    return _copy(message, {_TRIES: tries}, delay)


def buried(message: AbstractIncomingMessage, reason: str, died_at: datetime) -> Message:
    """A copy for the dead letters, which holds the reason and the time."""
    return _copy(message, {_REASON: reason, _DIED_AT: died_at.isoformat()})


def revived(message: AbstractIncomingMessage) -> Message:
    """A copy as if it had never been tried."""
    return _copy(message, {})


def dead_letter(queue: str, message: AbstractIncomingMessage) -> DeadLetter:
    """The `DeadLetter` for a message in the dead letters, whether we put it there or RabbitMQ did."""
    reason, died_at = _burial(message.headers)
    return DeadLetter(
        id=letter_id(message),
        queue=queue,
        event=parse(message.body),
        reason=reason,
        died_at=died_at,
        body=message.body.decode(errors="replace"),
    )


def letter_id(message: AbstractIncomingMessage) -> str:
    """The id by which a person replays or discards it: the message's own, or for another program's message without an
    id, a hash of its body."""
    return message.message_id or sha256(message.body).hexdigest()[:32]


async def _quorum(channel: AbstractChannel, name: str, arguments: Mapping[str, int | str]) -> AbstractQueue:
    return await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum", **arguments})


def _dying_into(queue: str) -> dict[str, int | str]:
    # At least once: a dead or expired message leaves this queue only when the other one has stored it. RabbitMQ
    # requires this overflow setting for that.
    return {
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def _copy(
    message: AbstractIncomingMessage, headers: dict[str, int | str], expiration: timedelta | None = None
) -> Message:
    # RabbitMQ's own headers are not copied: its count of returns and its record of deaths start again.
    return Message(
        message.body,
        headers=dict(headers),
        content_type=message.content_type,
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=letter_id(message),
        correlation_id=message.correlation_id,
        type=message.type,
        app_id=message.app_id,
        timestamp=message.timestamp,
        expiration=expiration,
    )


def _number(headers: Mapping[str, object], name: str) -> int:
    value = headers.get(name, 0)
    return value if isinstance(value, int) else 0


def _burial(headers: Mapping[str, object]) -> tuple[str, datetime | None]:
    reason, died_at = headers.get(_REASON), headers.get(_DIED_AT)
    if isinstance(reason, str) and isinstance(died_at, str):
        return reason, datetime.fromisoformat(died_at)
    deaths = headers.get("x-death")
    death = deaths[0] if isinstance(deaths, list) and deaths and isinstance(deaths[0], dict) else {}
    died, why = death.get("time"), death.get("reason")
    reason = CONSUMER_DIED if why == "delivery_limit" else f"RabbitMQ buried it: {why}."
    return reason, died.astimezone(UTC) if isinstance(died, datetime) else None
