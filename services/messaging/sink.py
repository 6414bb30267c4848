"""Where a relay brings outbox rows, and how a sink says what became of each."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Protocol, TypeAlias, TypeVar

import structlog

from services.contract.errors import BalieError, Temporary, sentence
from services.messaging.outbox import OutboxRow

DELIVER_TIMEOUT = timedelta(seconds=20)
"""How long a sink may take over a batch before it gives up what is left of it."""

_log = structlog.get_logger()


class SinkAway(Temporary):
    """The sink itself cannot be reached: no fault of the row, and the same for all others."""


Result: TypeAlias = BalieError | None
"""What became of one row: None where it was delivered, `SinkAway` where it was not even tried; any other error is
about this row, which is tried again later and later."""


class Sink(Protocol):
    """Somewhere to bring outbox rows to. `name` is the rows' `sink`."""

    name: str

    async def deliver(self, rows: Sequence[OutboxRow]) -> Sequence[Result]:
        """Bring the rows there; one result each, in their order. A row may come again though it was delivered."""


Group = TypeVar("Group")


async def deliver_each(
    groups: Sequence[Group], deliver: Callable[[Group], Awaitable[Result]], *, at_once: int, limit: timedelta
) -> list[Result]:
    """Deliver each by itself, a few at a time. One that fails fails alone; once the sink is away, nobody is sent there
    to wait for that again. What is not done within the limit is given up and counts as away; what is done, counts."""
    places, away = asyncio.Semaphore(at_once), list[SinkAway]()

    async def one(group: Group) -> Result:
        async with places:
            if away:
                return away[0]
            try:
                result = await deliver(group)
            except Exception as error:
                _log.error("row failed", exc_info=True)
                return Temporary(sentence(error))
            if isinstance(result, SinkAway):
                away.append(result)
            return result

    tasks = [asyncio.ensure_future(one(group)) for group in groups]
    await _finish(tasks, limit)
    late = SinkAway(f"Not done within {limit.total_seconds():g} seconds.")
    return [late if task.cancelled() else task.result() for task in tasks]


async def _finish(tasks: Sequence[asyncio.Task[Result]], limit: timedelta) -> None:
    if not tasks:
        return
    try:
        _, late = await asyncio.wait(tasks, timeout=limit.total_seconds())
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        raise
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late)
