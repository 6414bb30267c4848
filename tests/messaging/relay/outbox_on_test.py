"""An outbox for one test, and a sink that remembers what it was told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import MetaData, Table, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.errors import BalieError
from services.contract.events import Event
from services.contract.temporal import Snapshot
from services.contract.vocabulary import Status
from services.messaging.outbox import OutboxRow, append_events, append_snapshot, outbox_table
from services.messaging.relay import Relay
from services.messaging.sink import Result
from services.platform.database import connect, transaction
from services.platform.telemetry import correlated
from tests.outbox_lag import lag
from tests.patience import PATIENCE_SECONDS, until

OUTBOX: Table = outbox_table(MetaData())


class Outbox:
    """The outbox table, and the ways in which services write to it."""

    def __init__(self, engine: AsyncEngine, url: str) -> None:
        self.engine = engine
        self.url = url

    async def writes(self, *events: Event, correlation_id: str = "") -> None:
        """Write events in one transaction, with this correlation id."""
        with correlated(correlation_id):
            async with transaction(self.engine) as connection:
                await append_events(connection, OUTBOX, list(events))

    async def snaps(self, *snapshots: Snapshot) -> None:
        """Write snapshots in one transaction."""
        async with transaction(self.engine) as connection:
            for snapshot in snapshots:
                await append_snapshot(connection, OUTBOX, snapshot)

    async def holds(self, sink: str, key: str, payload: dict[str, Any]) -> None:
        """Write a row with any payload."""
        async with transaction(self.engine) as connection:
            await connection.execute(OUTBOX.insert().values(sink=sink, key=key, payload=payload))

    async def rows(self) -> list[Any]:
        """All rows, in the order written."""
        async with self.engine.connect() as connection:
            return list(await connection.execute(select(OUTBOX).order_by(OUTBOX.c.id)))

    async def all_sent(self, sink: str) -> None:
        """Return once all rows of the sink are marked as sent."""

        async def sent() -> bool:
            return (await lag(self.engine, OUTBOX, sink)).unsent == 0

        await until(sent, f"everything told to the {sink} sink")

    async def tried(self, key: str, attempts: int) -> Any:
        """Wait until the row with this key has failed this often; returns the row."""
        seen: list[Any] = []

        async def so() -> bool:
            seen[:] = [row for row in await self.rows() if row.key == key and row.attempts >= attempts]
            return bool(seen)

        await until(so, f"{attempts} failures of {key}")
        return seen[0]


class Told:
    """A sink that remembers the rows it was told. `says` decides the result of each row."""

    def __init__(self, name: str = "broker", says: Callable[[OutboxRow], BalieError | None] = lambda _: None) -> None:
        self.name = name
        self.says = says
        self.keys: list[str] = []
        self.calls = 0
        self._changed = asyncio.Condition()

    async def deliver(self, rows: Sequence[OutboxRow]) -> Sequence[Result]:
        results = [self.says(row) for row in rows]
        self.keys += [row.key for row, result in zip(rows, results, strict=True) if result is None]
        self.calls += 1
        async with self._changed:
            self._changed.notify_all()
        return results

    async def until_told(self, *keys: str) -> None:
        """Return once it has been told rows with all these keys."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._changed:
            await self._changed.wait_for(lambda: set(keys) <= set(self.keys))

    async def until_called(self, times: int) -> None:
        """Return once it has been called this often."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._changed:
            await self._changed.wait_for(lambda: self.calls >= times)

    @property
    def times(self) -> "Counter[str]":
        """How often it was told a row with each key."""
        return Counter(self.keys)


@asynccontextmanager
async def relaying(*relays: Relay) -> AsyncIterator[None]:
    """Run the relays while the block runs; then stop them as a process does."""
    tasks = [asyncio.ensure_future(relay.run()) for relay in relays]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends


@asynccontextmanager
async def outbox_in(url: str) -> AsyncIterator[Outbox]:
    """An empty outbox in the database."""
    engine = connect(url)
    async with engine.begin() as connection:
        await connection.run_sync(OUTBOX.metadata.create_all)
    yield Outbox(engine, url)
    await engine.dispose()


def event(type_: str = "ticket.noted.v1", ticket: str | None = None) -> Event:
    """A new event."""
    return Event(
        id=uuid4(), source="/balie/tests", type=type_, time=datetime.now(UTC), subject=ticket, data={"about": ticket}
    )


def snapshot(number: int, version: int, status: Status = Status.OPEN) -> Snapshot:
    """A ticket's snapshot, as its clock gets it."""
    return Snapshot(number=number, version=version, status=status)
