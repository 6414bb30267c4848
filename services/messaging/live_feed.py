"""The subscription that `Broker.listen` returns: live events, passed on one after the other and not stored."""

import asyncio
from collections.abc import Sequence

import structlog

from services.contract.errors import sentence
from services.contract.events import Event
from services.messaging.broker import HANDLE_TIMEOUT, LIVE_EVENTS_MAX, Handler, matches
from services.platform.telemetry import correlated

_log = structlog.get_logger()


class LiveFeed:
    """Passes events to the handler one after the other; drops new events while `LIVE_EVENTS_MAX` are waiting."""

    def __init__(self, handler: Handler, bindings: Sequence[str] = ("#",)) -> None:
        self._handler = handler
        self._bindings = tuple(bindings)
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(LIVE_EVENTS_MAX)
        self._task = asyncio.ensure_future(self._run())

    @property
    def running(self) -> bool:
        """False once it was stopped."""
        return not self._task.done()

    def offer(self, event: Event) -> None:
        """Queues the event if one of the bindings matches it. If the queue is full, drops it and logs a warning."""
        if not any(matches(binding, event.type) for binding in self._bindings):
            return
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            _log.warning("live event dropped", event_id=str(event.id), event_type=event.type)

    async def stop(self) -> None:
        """Passes on no more events."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            event = await self._waiting.get()
            with correlated(event.correlationid):
                try:
                    async with asyncio.timeout(HANDLE_TIMEOUT.total_seconds()):
                        await self._handler(event)
                except Exception as error:
                    _log.warning("live event not shown", event_id=str(event.id), reason=sentence(error), exc_info=True)
