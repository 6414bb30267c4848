"""Queries for the tables that administrators edit (contracts, calendars, products, teams).

Each row has a unique name, and a version by which two people who change it at the same time notice each other.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, Table, func, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Conflict, NotFound, VersionMismatch

UNIQUE_NAME = "_name"
"""End of the name of each table's unique index on the lower-case name."""


async def find_rows(
    connection: AsyncConnection, table: Table, after: tuple[str, UUID] | None, limit: int
) -> list[Row[Any]]:
    """The table's rows by name, at most `limit`, beginning after the (lower-case name, id) given."""
    lower = func.lower(table.c.name)
    query = select(table).order_by(lower, table.c.id).limit(limit)
    if after:
        query = query.where(tuple_(lower, table.c.id) > after)
    return list(await connection.execute(query))


async def get_row(connection: AsyncConnection, table: Table, row_id: UUID) -> Row[Any]:
    """The row with this id. Raises NotFound."""
    row = (await connection.execute(select(table).where(table.c.id == row_id))).first()
    if row is None:
        raise NotFound(f"There is no such {table.name}.")
    return row


async def add_row(connection: AsyncConnection, table: Table, values: dict[str, Any], now: datetime) -> UUID:
    """Add a row at version 1 and return its new id. Raises Conflict where the name is taken."""
    row_id = uuid4()
    await _execute(connection, table, insert(table).values(**values, id=row_id, version=1, changed_at=now), values)
    return row_id


async def replace_row(
    connection: AsyncConnection, table: Table, row_id: UUID, version: int | None, values: dict[str, Any], now: datetime
) -> None:
    """Set these values and raise the row's version. A `version` of None skips the check of the version.

    Raises NotFound, Conflict where the name is taken, and VersionMismatch where the row is not at `version` any more.
    """
    row = (await connection.execute(select(table).where(table.c.id == row_id).with_for_update())).first()
    if row is None:
        raise NotFound(f"There is no such {table.name}.")
    if version is not None and row.version != version:
        raise VersionMismatch(
            f"The {table.name} {row.name} is at version {row.version}, not {version}: read it again.",
            version=row.version,
        )
    changed = update(table).where(table.c.id == row_id)
    await _execute(connection, table, changed.values(**values, version=row.version + 1, changed_at=now), values)


async def _execute(connection: AsyncConnection, table: Table, statement: Any, values: dict[str, Any]) -> None:
    try:
        await connection.execute(statement)
    except IntegrityError as error:
        if f"{table.name}{UNIQUE_NAME}" not in str(error.orig):
            raise
        raise Conflict(f"There is a {table.name} named {values['name']} already.") from error
