"""The interface of a sink, to which a relay delivers outbox rows, and the results that a sink reports."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Protocol, TypeAlias, TypeVar

import structlog

from services.contract.errors import BalieError, Temporary, sentence
from services.messaging.outbox import OutboxRow

DELIVER_TIMEOUT = timedelta(seconds=20)
"""How long a sink may take over a batch; rows not delivered by then are given up for this time."""

_log = structlog.get_logger()


class SinkAway(Temporary):
    """The sink itself cannot be reached: the row is not at fault, and other rows would fail as well."""


Result: TypeAlias = BalieError | None
"""The result for one row: None if it was delivered, `SinkAway` if the sink could not be reached. Any other error
concerns this row, which is then tried again with growing delays."""


class Sink(Protocol):
    """A destination of outbox rows. `name` is the value of the rows' column `sink`."""

    name: str

    async def deliver(self, rows: Sequence[OutboxRow]) -> Sequence[Result]:
        """Delivers the rows; returns one result per row, in their order. A delivered row may come again."""


Group = TypeVar("Group")


async def deliver_each(
    groups: Sequence[Group], deliver: Callable[[Group], Awaitable[Result]], *, at_once: int, limit: timedelta
) -> list[Result]:
    """Delivers each group by itself, `at_once` at a time; returns one result per group, in their order.

    A group that fails does not affect the others. Once one group finds that the sink is away, those not yet started are
    not tried. Groups not done within `limit` are cancelled and count as away; the others keep their result.
    """
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
