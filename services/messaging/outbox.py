"""The outbox: what a service must tell others, written in the transaction that made it true.

One row is one message to one sink; sinks are independent (the broker away does not stop clocks).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.events import Event
from services.contract.temporal import BulkOrder, Snapshot, bulk_workflow_id
from services.platform.telemetry import correlation_id

BROKER_SINK = "broker"
CLOCK_SINK = "clock"
BULK_SINK = "bulk"
NOTIFY_CHANNEL = "balie_outbox"
"""PostgreSQL's NOTIFY wakes the relay at commit; a lost one costs a poll interval, nothing else."""


def outbox_table(metadata: MetaData) -> Table:
    """The outbox of the schema that `metadata` describes."""
    return Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("sink", Text, nullable=False),
        Column("key", Text, nullable=False, doc="what the message is about; the clock sink coalesces by it"),
        Column("payload", JSONB, nullable=False),
        Column("correlation_id", Text, nullable=False, server_default=""),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("due_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
        Column("attempts", Integer, nullable=False, server_default="0"),
        Column("last_error", Text),
        Column("sent_at", DateTime(timezone=True)),
        Index("outbox_unsent", "sink", "due_at", "id", postgresql_where=text("sent_at is null")),
        Index("outbox_sent", "sink", "sent_at", postgresql_where=text("sent_at is not null")),
    )


def consumed_table(metadata: MetaData) -> Table:
    """Which events a service has dealt with, marked in the transaction that did the work."""
    return Table(
        "consumed_event",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("event_id", Uuid, primary_key=True),
        Column("consumed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


@dataclass(frozen=True)
class OutboxRow:
    """A message on its way."""

    id: int
    sink: str
    key: str
    payload: dict[str, Any]
    correlation_id: str
    created_at: datetime
    attempts: int


async def append_events(connection: AsyncConnection, outbox: Table, events: list[Event]) -> None:
    """Tell the broker, at least once, after this transaction commits."""
    rows = [_row(BROKER_SINK, event.subject or str(event.id), event.model_dump(mode="json")) for event in events]
    await _append(connection, outbox, rows)


async def append_snapshot(connection: AsyncConnection, outbox: Table, snapshot: Snapshot) -> None:
    """Tell the ticket's clock, at least once, after this transaction commits."""
    await _append(connection, outbox, [_row(CLOCK_SINK, str(snapshot.number), snapshot.model_dump(mode="json"))])


async def append_bulk(connection: AsyncConnection, outbox: Table, order: BulkOrder) -> None:
    """Have the bulk's workflow look at it, at least once, after this transaction commits."""
    await _append(connection, outbox, [_row(BULK_SINK, bulk_workflow_id(order.bulk_id), order.model_dump(mode="json"))])


async def first_time(connection: AsyncConnection, consumed: Table, consumer: str, event: Event) -> bool:
    """Mark the event as dealt with by `consumer`; False where it was already: then do nothing.

    The mark commits with the work. Two deliveries at once: the second waits here for the first's commit.
    """
    mark = insert(consumed).values(consumer=consumer, event_id=event.id).on_conflict_do_nothing()
    return (await connection.execute(mark.returning(consumed.c.event_id))).first() is not None


def _row(sink: str, key: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {"sink": sink, "key": key, "payload": payload, "correlation_id": correlation_id()}


async def _append(connection: AsyncConnection, outbox: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        await connection.execute(outbox.insert(), rows)
        await connection.execute(text(f"notify {NOTIFY_CHANNEL}"))
