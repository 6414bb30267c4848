"""The outbox: messages to other services, written in the same transaction as the change that they report.

One row is one message to one sink. Sinks are independent: while the broker is down, clocks still get their snapshots.
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
"""A NOTIFY on it wakes the relay at commit. If one is lost, the message only waits for the relay's next poll."""


def outbox_table(metadata: MetaData) -> Table:
    """The outbox table, in the schema of `metadata`."""
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
    """The table of events that a service has handled; each is marked in the transaction that did the work."""
    return Table(
        "consumed_event",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("event_id", Uuid, primary_key=True),
        Column("consumed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    )


@dataclass(frozen=True)
class OutboxRow:
    """A message to be delivered."""

    id: int
    sink: str
    key: str
    payload: dict[str, Any]
    correlation_id: str
    created_at: datetime
    attempts: int


async def append_events(connection: AsyncConnection, outbox: Table, events: list[Event]) -> None:
    """Writes the events into the outbox: after this transaction commits, the broker gets them at least once."""
    rows = [_row(BROKER_SINK, event.subject or str(event.id), event.model_dump(mode="json")) for event in events]
    await _append(connection, outbox, rows)


async def append_snapshot(connection: AsyncConnection, outbox: Table, snapshot: Snapshot) -> None:
    """Writes the snapshot into the outbox: after this transaction commits, the ticket's clock gets it at least once."""
    await _append(connection, outbox, [_row(CLOCK_SINK, str(snapshot.number), snapshot.model_dump(mode="json"))])


async def append_bulk(connection: AsyncConnection, outbox: Table, order: BulkOrder) -> None:
    """Writes a signal to the bulk's workflow into the outbox: it is sent at least once, after this transaction
    commits."""
    await _append(connection, outbox, [_row(BULK_SINK, bulk_workflow_id(order.bulk_id), order.model_dump(mode="json"))])


async def first_time(connection: AsyncConnection, consumed: Table, consumer: str, event: Event) -> bool:
    """Marks the event as handled by `consumer`. False if it was marked before: then the caller must do nothing.

    The mark commits with the work. If the event is delivered twice at once, the second waits here until the first
    commits.
    """
    mark = insert(consumed).values(consumer=consumer, event_id=event.id).on_conflict_do_nothing()
    return (await connection.execute(mark.returning(consumed.c.event_id))).first() is not None


def _row(sink: str, key: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {"sink": sink, "key": key, "payload": payload, "correlation_id": correlation_id()}


async def _append(connection: AsyncConnection, outbox: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        await connection.execute(outbox.insert(), rows)
        await connection.execute(text(f"notify {NOTIFY_CHANNEL}"))
