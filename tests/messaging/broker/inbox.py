"""A handler for tests: it remembers its events, and a test can wait for them."""

import asyncio
from collections import Counter
from collections.abc import Callable
from uuid import UUID

from services.contract.events import Event
from services.platform.telemetry import correlation_id
from tests.patience import PATIENCE_SECONDS


class Inbox:
    """Takes every event. `opens` decides which ones it lets through; it holds the others until that changes."""

    def __init__(self, *failures: Exception, open_: bool = True) -> None:
        self._failures = list(failures)
        self._changed = asyncio.Condition()
        self._open = open_
        self.begun: list[Event] = []
        """Every event received, in the order in which handling began."""
        self.begun_at: list[float] = []
        """When the handling of each began, on the event loop's clock."""
        self.taken: list[Event] = []
        """The events handled to the end."""
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
        """Return once each of these events has been handled at least once."""
        wanted = {event.id for event in events}
        await self._wait(lambda: wanted <= {event.id for event in self.taken})

    async def until_begun(self, tries: int) -> None:
        """Return once the handler has been called this often."""
        await self._wait(lambda: len(self.begun) >= tries)

    async def open(self) -> None:
        """Let through the held events and all later ones."""
        self._open = True
        async with self._changed:
            self._changed.notify_all()

    @property
    def times(self) -> "Counter[UUID]":
        """How often each event was handled."""
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
