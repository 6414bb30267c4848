"""The relay: delivers the rows of an outbox to one sink, at least once, in the background."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from pydantic import ValidationError
from sqlalchemy import ColumnElement, Interval, Table, bindparam, delete, func, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contract.errors import BalieError, Permanent, Temporary, sentence
from services.contract.events import Event
from services.messaging.broker import Broker
from services.messaging.outbox import BROKER_SINK, NOTIFY_CHANNEL, OutboxRow
from services.messaging.sink import DELIVER_TIMEOUT, Result, Sink, SinkAway, deliver_each
from services.platform.clock import Clock
from services.platform.database import transaction
from services.platform.postgres_listen import AWAY, listening, unexpected
from services.platform.telemetry import correlated

RELAY_BATCH_MAX = 100
POLL_INTERVAL = timedelta(seconds=1)
"""The longest that a row waits to be seen if its notification was lost."""
HANG_TIMEOUT = timedelta(seconds=30)
"""A sink that takes longer over a batch is taken to hang, and the batch is given up: its rows are locked meanwhile.
Longer than `DELIVER_TIMEOUT`, after which a sink can still report which rows it has delivered."""
RETRY_DELAYS = tuple(timedelta(seconds=s) for s in (1, 5, 15, 60, 300, 900, 3600))
"""The wait before each further try of a row that failed although the sink could be reached; the last one repeats."""
BACK_OFF = tuple(timedelta(seconds=s) for s in (1, 2, 4, 8, 15))
"""The wait before each further try of a sink that cannot be reached; the last one repeats."""
KEPT_FOR = timedelta(days=7)
PRUNE_INTERVAL = timedelta(minutes=10)
PRUNE_BATCH_MAX = 1000
PUBLISH_AT_ONCE = 20

Passed = TypeVar("Passed")

_log = structlog.get_logger()


class Relay:
    """Delivers the rows of one sink. Several relays may run on one outbox: each claims different rows.

    Rows are delivered roughly in the order in which they were written; in any order after a failure or with several
    relays.
    """

    def __init__(self, engine: AsyncEngine, outbox: Table, sink: Sink, clock: Clock) -> None:
        self._engine = engine
        self._outbox = outbox
        self._sink = sink
        self._clock = clock
        self._written = asyncio.Event()
        self._log = _log.bind(sink=sink.name, schema=outbox.schema)

    async def run(self) -> None:
        """Relays until cancelled; then finishes the current batch first."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._relay())
            group.create_task(self._listen())
            group.create_task(self._prune())

    async def _relay(self) -> None:
        outages = 0
        while True:
            self._written.clear()
            rows, results = await _finished(self._batch())
            if any(isinstance(result, SinkAway) for result in results):
                await asyncio.sleep(BACK_OFF[min(outages, len(BACK_OFF) - 1)].total_seconds())
                outages += 1
                continue
            outages = 0
            if len(rows) < RELAY_BATCH_MAX:
                await self._pause()

    async def _batch(self) -> tuple[Sequence[OutboxRow], Sequence[Result]]:
        try:
            async with transaction(self._engine) as connection:
                rows = await self._claim(connection)
                results = await self._deliver(rows)
                # Confirm before mark: a crash here repeats the batch, it never loses it.
                await self._mark(connection, rows, results)
        except AWAY as error:
            self._log.warning("outbox cannot be read or marked", reason=sentence(error), exc_info=unexpected(error))
            return [], [SinkAway("The outbox itself is away.")]
        return rows, results

    async def _claim(self, connection: AsyncConnection) -> Sequence[OutboxRow]:
        columns = self._outbox.c
        due = (columns.sink == self._sink.name, columns.sent_at.is_(None), columns.due_at <= self._now())
        fields = [columns[name] for name in OutboxRow.__dataclass_fields__]
        claim = select(*fields).where(*due).order_by(columns.due_at, columns.id).limit(RELAY_BATCH_MAX)
        rows = await connection.execute(claim.with_for_update(skip_locked=True))
        return [OutboxRow(**row) for row in rows.mappings()]

    async def _deliver(self, rows: Sequence[OutboxRow]) -> Sequence[Result]:
        if not rows:
            return []
        try:
            async with asyncio.timeout(HANG_TIMEOUT.total_seconds()):
                results = await self._sink.deliver(rows)
        except (Temporary, TimeoutError) as error:
            results = [SinkAway(sentence(error))] * len(rows)
        except Exception as error:
            # It is unknown which row caused it: put off the whole batch, so that it does not block the other rows.
            self._log.error("sink failed", exc_info=True)
            results = [Temporary(sentence(error))] * len(rows)
        self._report(rows, results)
        return results

    async def _mark(self, connection: AsyncConnection, rows: Sequence[OutboxRow], results: Sequence[Result]) -> None:
        columns = self._outbox.c
        if sent := [row.id for row, result in zip(rows, results, strict=True) if result is None]:
            await connection.execute(update(self._outbox).where(columns.id.in_(sent)).values(sent_at=self._now()))
        failed = [
            {"row_id": row.id, "delay": _delay(row.attempts), "error": sentence(result)}
            for row, result in _failed(rows, results)
        ]
        if failed:
            put_off = update(self._outbox).where(columns.id == bindparam("row_id"))
            later = self._now() + bindparam("delay", type_=Interval)
            values = {"attempts": columns.attempts + 1, "due_at": later, "last_error": bindparam("error")}
            await connection.execute(put_off.values(values), failed)

    def _report(self, rows: Sequence[OutboxRow], results: Sequence[Result]) -> None:
        away = [result for result in results if isinstance(result, SinkAway)]
        if away:
            self._log.warning("sink is away", reason=away[0].detail, rows=len(away))
        for row, result in zip(rows, results, strict=True):
            if result is not None and not isinstance(result, SinkAway):
                self._log.warning(
                    "row put off", row=row.id, key=row.key, reason=sentence(result), tries=row.attempts + 1
                )

    def _now(self) -> ColumnElement[datetime]:
        # The later of the two clocks: new rows have the database's time, retries have ours.
        return func.greatest(literal(self._clock()), func.clock_timestamp())

    async def _pause(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_INTERVAL.total_seconds()):
                await self._written.wait()

    async def _listen(self) -> None:
        while True:
            try:
                async with listening(self._engine, {NOTIFY_CHANNEL: lambda _: self._written.set()}) as line:
                    await line.lost.wait()
            except AWAY as error:
                self._log.warning("outbox cannot be listened to", reason=sentence(error), exc_info=unexpected(error))
            await asyncio.sleep(POLL_INTERVAL.total_seconds())

    async def _prune(self) -> None:
        while True:
            try:
                before = self._clock() - KEPT_FOR
                while await prune(self._engine, self._outbox, self._sink.name, before) == PRUNE_BATCH_MAX:
                    continue
            except AWAY as error:
                self._log.warning("outbox not pruned", reason=sentence(error), exc_info=unexpected(error))
            await asyncio.sleep(PRUNE_INTERVAL.total_seconds())


async def prune(engine: AsyncEngine, outbox: Table, sink: str, before: datetime) -> int:
    """Deletes rows sent before `before`, at most `PRUNE_BATCH_MAX`; returns how many it deleted."""
    columns = outbox.c
    old = select(columns.id).where(columns.sink == sink, columns.sent_at < before).limit(PRUNE_BATCH_MAX)
    async with transaction(engine) as connection:
        return (await connection.execute(delete(outbox).where(columns.id.in_(old)))).rowcount


class BrokerSink:
    """The sink that publishes events to the broker."""

    name = BROKER_SINK

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def deliver(self, rows: Sequence[OutboxRow]) -> Sequence[Result]:
        """Publishes each row's event; a row without a valid event does not affect the others."""
        return await deliver_each(rows, self._publish, at_once=PUBLISH_AT_ONCE, limit=DELIVER_TIMEOUT)

    async def _publish(self, row: OutboxRow) -> Result:
        try:
            event = Event.model_validate(row.payload)
        except ValidationError as error:
            return Permanent(f"The row holds no event: {error.error_count()} fields are wrong.")
        with correlated(row.correlation_id):
            try:
                await self._broker.publish(event)
            except Temporary as away:
                return SinkAway(away.detail)
        return None


async def _finished(batch: Coroutine[Any, Any, Passed]) -> Passed:
    # Finish the batch even when cancelled: rows delivered but not yet marked would be delivered again.
    task = asyncio.ensure_future(batch)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _failed(rows: Sequence[OutboxRow], results: Sequence[Result]) -> Iterator[tuple[OutboxRow, BalieError]]:
    for row, result in zip(rows, results, strict=True):
        if result is not None and not isinstance(result, SinkAway):
            yield row, result


def _delay(attempts: int) -> timedelta:
    return RETRY_DELAYS[min(attempts, len(RETRY_DELAYS) - 1)]
