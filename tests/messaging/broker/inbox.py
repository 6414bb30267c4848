"""A handler that remembers, and waits with a test until something has come."""

import asyncio
from collections import Counter
from collections.abc import Callable
from uuid import UUID

from services.contract.events import Event
from services.platform.telemetry import correlation_id
from tests.patience import PATIENCE_SECONDS


class Inbox:
    """Takes every event handed to it. `opens` says which it lets through; the rest is held until it changes."""

    def __init__(self, *failures: Exception, open_: bool = True) -> None:
        self._failures = list(failures)
        self._changed = asyncio.Condition()
        self._open = open_
        self.begun: list[Event] = []
        """Every event handed over, in the order in which handling began."""
        self.begun_at: list[float] = []
        """When, on the event loop's clock."""
        self.taken: list[Event] = []
        """Those dealt with."""
        self.correlation_ids: list[str] = []
        self.inside = 0
        self.most_inside = 0

    async def __call__(self, event: Event) -> None:
        await self._enter(event)
        try:
            await self._wait(lambda: self._open)
            if self._failures:
                raise self._failures.pop(0)
            self.taken.append(event)
        finally:
            await self._leave()

    async def until_taken(self, *events: Event) -> None:
        """Return once each of the events has been dealt with, however often."""
        wanted = {event.id for event in events}
        await self._wait(lambda: wanted <= {event.id for event in self.taken})

    async def until_begun(self, tries: int) -> None:
        """Return once that many handovers began."""
        await self._wait(lambda: len(self.begun) >= tries)

    async def open(self) -> None:
        """Let through what is held, and whatever comes."""
        self._open = True
        async with self._changed:
            self._changed.notify_all()

    @property
    def times(self) -> "Counter[UUID]":
        """How often each event was dealt with."""
        return Counter(event.id for event in self.taken)

    async def _enter(self, event: Event) -> None:
        self.begun.append(event)
        self.begun_at.append(asyncio.get_running_loop().time())
        self.correlation_ids.append(correlation_id())
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        async with self._changed:
            self._changed.notify_all()

    async def _leave(self) -> None:
        self.inside -= 1
        async with self._changed:
            self._changed.notify_all()

    async def _wait(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS), self._changed:
            await self._changed.wait_for(true)
