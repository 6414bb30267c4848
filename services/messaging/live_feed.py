"""What `Broker.listen` gives: live events, one after the other, kept nowhere."""

import asyncio
from collections.abc import Sequence

import structlog

from services.contract.errors import sentence
from services.contract.events import Event
from services.messaging.broker import HANDLE_TIMEOUT, LIVE_EVENTS_MAX, Handler, matches
from services.platform.telemetry import correlated

_log = structlog.get_logger()


class LiveFeed:
    """Hands events to the handler one after the other; drops those that come while too many wait."""

    def __init__(self, handler: Handler, bindings: Sequence[str] = ("#",)) -> None:
        self._handler = handler
        self._bindings = tuple(bindings)
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(LIVE_EVENTS_MAX)
        self._task = asyncio.ensure_future(self._run())

    @property
    def running(self) -> bool:
        """Whether it has not been stopped."""
        return not self._task.done()

    def offer(self, event: Event) -> None:
        """Take the event in if it is wanted, unless too many wait already."""
        if not any(matches(binding, event.type) for binding in self._bindings):
            return
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            _log.warning("live event dropped", event_id=str(event.id), event_type=event.type)

    async def stop(self) -> None:
        """Hand over no more."""
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
