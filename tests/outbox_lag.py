"""How far the relay of an outbox is behind."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncEngine


@dataclass(frozen=True)
class Lag:
    """What one sink has still to get."""

    unsent: int
    oldest_created_at: datetime | None


async def lag(engine: AsyncEngine, outbox: Table, sink: str) -> Lag:
    """How far the sink is behind."""
    columns = outbox.c
    unsent = select(func.count(), func.min(columns.created_at)).where(columns.sink == sink, columns.sent_at.is_(None))
    async with engine.connect() as connection:
        count, oldest = (await connection.execute(unsent)).one()
    return Lag(count, oldest)
