"""The relay: what stands in the outbox is told to its sink, at least once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from pydantic import ValidationError
from sqlalchemy import Row, Table, bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.broker import Broker
from services.clock import Clock
from services.database import transaction
from services.errors import Temporary
from services.events import Event
from services.notifications import AWAY, listening
from services.outbox import BROKER_SINK, NOTIFY_CHANNEL, OutboxRow
from services.telemetry import correlated

log = structlog.get_logger(__name__)

RELAY_BATCH_MAX = 100
POLL_EVERY = timedelta(seconds=1)
"""A wake-up lost, or a row put off, is noticed after this long."""
RETRY_DELAYS = tuple(timedelta(seconds=s) for s in (1, 5, 15, 60, 300, 900, 3600))
"""The wait after each failure of one row; the last one repeats, for a row is never given up."""
SENT_KEPT_FOR = timedelta(days=7)
PRUNE_EVERY = timedelta(minutes=10)
PRUNE_BATCH_MAX = 5_000
ERROR_CHARACTERS_MAX = 500
CONCURRENT_PUBLISHES_MAX = 8
"""A confirm takes a broker's disk some milliseconds; several at once share them."""


@dataclass(frozen=True)
class Refusal:
    """Why one row could not be told this time."""

    row_id: int
    reason: str


@dataclass(frozen=True)
class Lag:
    """What a sink has not been told yet."""

    unsent: int
    oldest_created_at: datetime | None


class Sink(Protocol):
    """Where a kind of message goes."""

    name: str

    async def deliver(self, rows: Sequence[OutboxRow]) -> Sequence[Refusal]:
        """Returns once all rows but those refused are safely told. Raises errors.Temporary where the sink is
        away altogether: then none of the rows is held against itself."""


class BrokerSink:
    """Publishes events, under the correlation id of the act that made them."""

    name = BROKER_SINK

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._turns = asyncio.Semaphore(CONCURRENT_PUBLISHES_MAX)

    async def deliver(self, rows: Sequence[OutboxRow]) -> Sequence[Refusal]:
        """As `Sink`. All publishes have ended on return, the failed ones too."""
        outcomes = await asyncio.gather(*(self._publish(row) for row in rows), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return [outcome for outcome in outcomes if isinstance(outcome, Refusal)]

    async def _publish(self, row: OutboxRow) -> Refusal | None:
        try:
            event = Event.model_validate(row.payload)
        except ValidationError as error:
            return Refusal(row.id, f"no event: {error.error_count()} fields are wrong")
        async with self._turns:
            with correlated(row.correlation_id):
                await self._broker.publish(event)
        return None


class Relay:
    """Tells one sink what one outbox holds for it. Several replicas may run: rows are claimed."""

    def __init__(self, engine: AsyncEngine, outbox: Table, sink: Sink, clock: Clock) -> None:
        self._engine, self._outbox, self._sink, self._clock = engine, outbox, sink, clock
        self._woken = asyncio.Event()
        self._log = log.bind(sink=sink.name, schema=outbox.schema)

    async def run(self) -> None:
        """Relay until cancelled, whatever is away meanwhile."""
        pruning = asyncio.create_task(self._prune())
        try:
            while True:
                try:
                    async with listening(self._engine, {NOTIFY_CHANNEL: lambda _: self._woken.set()}) as line:
                        while not line.lost.is_set():
                            await self._relay_all()
                            await self._rest()
                except AWAY as error:
                    self._log.warning("database is away", error=type(error).__name__)
                    await asyncio.sleep(POLL_EVERY.total_seconds())
        finally:
            pruning.cancel()
            await asyncio.gather(pruning, return_exceptions=True)

    async def relay_batch(self) -> int:
        """Tell the sink what is due, at most a batch; gives how many rows were claimed.

        Raises errors.Temporary where the sink is away.
        """
        async with transaction(self._engine) as connection:
            rows = await self._claim(connection)
            if not rows:
                return 0
            refusals = await self._sink.deliver(rows)
            # Tell before mark: a crash here repeats the messages, it never loses them.
            await self._mark(connection, rows, refusals)
            return len(rows)

    async def _relay_all(self) -> None:
        self._woken.clear()
        try:
            while await self.relay_batch() == RELAY_BATCH_MAX:
                continue
        except Temporary as error:
            self._log.warning("sink is away", reason=error.detail)
            self._woken.clear()

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), POLL_EVERY.total_seconds())
        except TimeoutError:
            return

    async def _claim(self, connection: AsyncConnection) -> list[OutboxRow]:
        columns = self._outbox.c
        due = columns.sink == self._sink.name, columns.sent_at.is_(None), columns.due_at <= self._clock()
        claim = (
            select(self._outbox)
            .where(*due)
            .order_by(columns.id)
            .limit(RELAY_BATCH_MAX)
            .with_for_update(skip_locked=True)
        )
        return [_row(row) for row in await connection.execute(claim)]

    async def _mark(self, connection: AsyncConnection, rows: Sequence[OutboxRow], refusals: Sequence[Refusal]) -> None:
        refused = {refusal.row_id: refusal.reason for refusal in refusals}
        columns, now = self._outbox.c, self._clock()
        told = [row.id for row in rows if row.id not in refused]
        if told:
            await connection.execute(update(self._outbox).where(columns.id.in_(told)).values(sent_at=now))
        put_off = [
            {
                "row_id": row.id,
                "attempts": row.attempts + 1,
                "due_at": now + RETRY_DELAYS[min(row.attempts, len(RETRY_DELAYS) - 1)],
                "last_error": refused[row.id][:ERROR_CHARACTERS_MAX],
            }
            for row in rows
            if row.id in refused
        ]
        if put_off:
            again = update(self._outbox).where(columns.id == bindparam("row_id"))
            values: dict[str, Any] = {name: bindparam(name) for name in ("attempts", "due_at", "last_error")}
            await connection.execute(again.values(values), put_off)
            self._log.warning("rows put off", count=len(put_off), reason=put_off[0]["last_error"])

    async def _prune(self) -> None:
        while True:
            try:
                while await self._prune_batch() == PRUNE_BATCH_MAX:
                    continue
            except AWAY as error:
                self._log.warning("pruning put off", error=type(error).__name__)
            await asyncio.sleep(PRUNE_EVERY.total_seconds())

    async def _prune_batch(self) -> int:
        columns = self._outbox.c
        old = columns.sink == self._sink.name, columns.sent_at < self._clock() - SENT_KEPT_FOR
        some = select(columns.id).where(*old).limit(PRUNE_BATCH_MAX).scalar_subquery()
        async with transaction(self._engine) as connection:
            return int((await connection.execute(delete(self._outbox).where(columns.id.in_(some)))).rowcount)


async def lag(engine: AsyncEngine, outbox: Table, sink: str) -> Lag:
    """How much the sink has not been told, and since when."""
    unsent = outbox.c.sink == sink, outbox.c.sent_at.is_(None)
    async with engine.connect() as connection:
        query = select(func.count(), func.min(outbox.c.created_at)).where(*unsent)
        count, oldest = (await connection.execute(query)).one()
    return Lag(count, oldest)


def _row(row: Row[Any]) -> OutboxRow:
    return OutboxRow(
        id=row.id,
        sink=row.sink,
        key=row.key,
        payload=row.payload,
        correlation_id=row.correlation_id,
        created_at=row.created_at,
        attempts=row.attempts,
    )
