"""What both brokers do with one message: parse it, pass it to its handler, and decide what happens to it then."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

import structlog
from pydantic import ValidationError

from services.contract.errors import Permanent, sentence
from services.contract.events import Event
from services.messaging.broker import Handler, Queue
from services.platform.telemetry import correlated

CONSUMER_DIED = "Tried up to the delivery limit; the consumer died during the last try."

_log = structlog.get_logger()


@dataclass(frozen=True)
class Done:
    """The message was handled and can be deleted."""


@dataclass(frozen=True)
class PutOff:
    """The message must be tried again after `delay`."""

    delay: timedelta
    step: int
    """The index of `delay` in the queue's retry delays."""


@dataclass(frozen=True)
class Dead:
    """The message goes to the dead letters."""

    reason: str


HandlingOutcome: TypeAlias = Done | PutOff | Dead


async def handle(queue: Queue, handler: Handler, body: bytes | str, tries: int) -> HandlingOutcome:
    """Tries the message once; `tries` counts this try too, so it is 1 the first time.

    A try during which the consumer died counts too: no message is tried more than `queue.delivery_limit` times.
    """
    if tries > queue.delivery_limit:
        return Dead(CONSUMER_DIED)
    try:
        event = Event.model_validate_json(body)
    except ValidationError as error:
        return Dead(f"This is not an event: {_complaint(error)}")
    with correlated(event.correlationid):
        return await _hand_over(queue, handler, event, tries)


def parse(body: bytes | str) -> Event | None:
    """The event in a message; None if the message is not a valid event."""
    try:
        return Event.model_validate_json(body)
    except ValidationError:
        return None


async def _hand_over(queue: Queue, handler: Handler, event: Event, tries: int) -> HandlingOutcome:
    log = _log.bind(queue=queue.name, event_id=str(event.id), event_type=event.type, tries=tries)
    try:
        async with asyncio.timeout(queue.handle_timeout.total_seconds()):
            await handler(event)
    except Permanent as error:
        log.warning("event refused", reason=sentence(error))
        return Dead(sentence(error))
    except Exception as error:
        if tries >= queue.delivery_limit:
            log.error("event given up", reason=sentence(error), exc_info=True)
            return Dead(f"Tried {tries} times, lastly: {sentence(error)}")
        step = min(tries, len(queue.retry_delays)) - 1
        put_off = PutOff(queue.retry_delays[step], step)
        log.warning("event put off", reason=sentence(error), delay=put_off.delay.total_seconds(), exc_info=True)
        return put_off
    return Done()


def _complaint(error: ValidationError) -> str:
    # The field and the problem, without the value: the dead letter's body already shows it.
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, problem['loc'])) or 'body'}: {problem['msg']}" for problem in problems[:3])


class UnderWay:
    """The tasks that are handling messages now."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Runs `work` as a new task."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def finish(self) -> None:
        """Returns once all tasks are done."""
        while self._tasks:
            await asyncio.wait(self._tasks)
