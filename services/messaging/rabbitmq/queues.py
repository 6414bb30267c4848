"""How a `Queue` is laid out in RabbitMQ, and the messages that lie in it.

Queue `q` is three things, all quorum queues:
- `q`, bound to the exchange. What its consumers' deaths return too often goes to the dead letters by RabbitMQ itself.
- `q.retry.1`, `q.retry.2`…, one for each retry delay. A message put off lies here until it expires, which brings it
  back to `q`; one queue for each delay, because a message can only expire at the head of its queue.
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
"""Looking at dead letters returns them; RabbitMQ 4 would throw them away after its default of 20 returns."""

_TRIES = "balie-tries"
_REASON = "balie-reason"
_DIED_AT = "balie-died-at"


async def declare(channel: AbstractChannel, queue: Queue) -> AbstractQueue:
    """Make the queue exist with all that belongs to it, and bind it."""
    await declare_exchange(channel)
    await _quorum(channel, dead_name(queue.name), {"x-delivery-limit": UNLIMITED})
    # RabbitMQ counts returns, we count tries: the last try allowed is the one whose return is one too many.
    limit = {"x-delivery-limit": queue.delivery_limit - 1}
    declared = await _quorum(channel, queue.name, limit | _dying_into(dead_name(queue.name)))
    for step in range(len(queue.retry_delays)):
        await _quorum(channel, retry_name(queue.name, step), _dying_into(queue.name))
    for binding in queue.bindings:
        await declared.bind(EXCHANGE, binding)
    return declared


def dead_name(queue: str) -> str:
    """Where the queue's dead letters lie."""
    return f"{queue}.dead"


def retry_name(queue: str, step: int) -> str:
    """Where messages wait for the retry delay with that index."""
    return f"{queue}.retry.{step + 1}"


def message_of(event: Event) -> Message:
    """The event as it goes out."""
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
    """How often a consumer had this message before: the failures we counted, and the deliveries since that ended
    without an answer. RabbitMQ 4.3 counts a consumer's death in `x-acquired-count` only."""
    unanswered = max(_number(message.headers, "x-delivery-count"), _number(message.headers, "x-acquired-count"))
    return _number(message.headers, _TRIES) + unanswered


def put_off(message: AbstractIncomingMessage, tries: int, delay: timedelta) -> Message:
    """A copy that comes back after `delay`."""
    return _copy(message, {_TRIES: tries}, delay)


def buried(message: AbstractIncomingMessage, reason: str, died_at: datetime) -> Message:
    """A copy for the dead letters."""
    return _copy(message, {_REASON: reason, _DIED_AT: died_at.isoformat()})


def revived(message: AbstractIncomingMessage) -> Message:
    """A copy as if it had never been tried."""
    return _copy(message, {})


def dead_letter(queue: str, message: AbstractIncomingMessage) -> DeadLetter:
    """What lies in the dead letters, buried by us or by RabbitMQ."""
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
    """What a person replays or discards it by. Every message we send has one; a stranger's is made of its body."""
    return message.message_id or sha256(message.body).hexdigest()[:32]


async def _quorum(channel: AbstractChannel, name: str, arguments: Mapping[str, int | str]) -> AbstractQueue:
    return await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum", **arguments})


def _dying_into(queue: str) -> dict[str, int | str]:
    # At least once: what dies or expires is gone from here only when it is safe there. RabbitMQ asks for this overflow.
    return {
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def _copy(
    message: AbstractIncomingMessage, headers: dict[str, int | str], expiration: timedelta | None = None
) -> Message:
    # RabbitMQ's own headers stay behind: its count of returns and its record of deaths start anew.
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
