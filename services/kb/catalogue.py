"""Keeps the search index of one process up to date with the tables, which any replica may change."""

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.errors import Temporary
from services.kb.articles import Article
from services.kb.index import SearchIndex
from services.kb.queries import changed_since
from services.platform.postgres_listen import AWAY, unexpected

BATCH_MAX = 1000
"""Most texts read and indexed at a time; this limits the memory that building the index needs."""
POLL_INTERVAL = timedelta(seconds=5)
"""The longest time until a replica notices a change; `article.published` usually wakes it at once."""

log = structlog.get_logger(__name__)


class Catalogue:
    """The search index, and the number of the last change in it."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._index = SearchIndex()
        self._known_change = 0
        self._complete = False
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()

    @property
    def index(self) -> SearchIndex:
        """The search index. Raises Temporary until it has been built once."""
        self.must_be_complete()
        return self._index

    def must_be_complete(self) -> None:
        """Raises Temporary until the index has been built once."""
        if not self._complete:
            raise Temporary("The search index is still being built; try again in a moment.", retry_after=1)

    async def refresh(self) -> None:
        """Index what has changed since the last call; the first call indexes everything. Cheap if nothing changed."""
        async with self._turn:
            while changed := await self._changed():
                # In a thread: a batch takes a fraction of a second, too long for the event loop.
                await asyncio.to_thread(self._index.put, changed)
                self._known_change = changed[-1].change
            self._complete = True

    async def keep_fresh(self) -> None:
        """Refresh when woken, and every `POLL_INTERVAL`, until cancelled. Goes on while the database is down."""
        while True:
            self._woken.clear()
            try:
                await self.refresh()
            except AWAY as error:
                log.warning(
                    "articles cannot be read; searching what is known",
                    error=type(error).__name__,
                    exc_info=unexpected(error),
                )
            try:
                async with asyncio.timeout(POLL_INTERVAL.total_seconds()):
                    await self._woken.wait()
            except TimeoutError:
                continue

    def wake(self) -> None:
        """Refresh soon, because an article was published. A change without this call is found at the next poll."""
        self._woken.set()

    async def _changed(self) -> list[Article]:
        async with self._engine.connect() as connection:
            return await changed_since(connection, self._known_change, BATCH_MAX)
