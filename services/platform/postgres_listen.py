"""Listening to PostgreSQL's NOTIFY, on a separate connection."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.platform.database import UNREACHABLE

AWAY = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""What using PostgreSQL may raise, because it is unreachable or because of our own mistake (a wrong statement).

Code that catches these and goes on logs the traceback of a mistake; `unexpected` says whether it is one. A timeout is
an OSError too.
"""

Heard = Callable[[str], None]
"""Takes a notification's payload. Called on the event loop, so it must not block."""


def unexpected(error: Exception) -> bool:
    """Whether it is something else than PostgreSQL being unreachable: most likely our mistake, so log its traceback."""
    cut = isinstance(error, DBAPIError) and error.connection_invalidated
    return not cut and not isinstance(error, UNREACHABLE)


class Line:
    """A connection that listens. `lost` is set when it ends; notifications sent after that are missed."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        """The listener may also run statements on it; session locks taken on it last until it ends."""
        self.lost = asyncio.Event()


@asynccontextmanager
async def listening(engine: AsyncEngine, channels: Mapping[str, Heard]) -> AsyncIterator[Line]:
    """Listens on the channels during the block: every notification sent since its start arrives, until `lost` is set.

    Uses one connection of the engine's pool. Raises one of `AWAY` if PostgreSQL is unreachable.
    """
    async with engine.connect() as connection:
        line = Line(await connection.execution_options(isolation_level="AUTOCOMMIT"))
        driver = await _driver(connection)
        driver.add_termination_listener(lambda _: line.lost.set())
        try:
            for channel, heard in channels.items():
                await driver.add_listener(channel, _callback(heard))
            yield line
        finally:
            # Do not return it to the pool: its next user would inherit the channels and the session's locks.
            await connection.invalidate()


async def _driver(connection: AsyncConnection) -> Any:
    # asyncpg's Connection, which has no type hints.
    return (await connection.get_raw_connection()).driver_connection


def _callback(heard: Heard) -> Callable[..., None]:
    def callback(_connection: object, _pid: int, _channel: str, payload: str) -> None:
        heard(payload)

    return callback
