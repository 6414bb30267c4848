"""PostgreSQL's NOTIFY, heard on a connection of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.platform.database import UNREACHABLE

AWAY = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""What using a PostgreSQL that is away raises, and our own mistakes with it, which `unexpected` tells apart: who goes
on after either logs those in full. A timeout is an OSError too."""

Heard = Callable[[str], None]
"""Takes a notification's payload. Called on the event loop, so it must not block."""


def unexpected(error: Exception) -> bool:
    """Whether it is more than PostgreSQL being away: most likely a mistake of ours, so log it with its traceback."""
    cut = isinstance(error, DBAPIError) and error.connection_invalidated
    return not cut and not isinstance(error, UNREACHABLE)


class Line:
    """A connection that listens. `lost` is set when it ends; what is notified from then on is not heard."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        """For statements of the listener's own; session locks taken on it last as long as the line."""
        self.lost = asyncio.Event()


@asynccontextmanager
async def listening(engine: AsyncEngine, channels: Mapping[str, Heard]) -> AsyncIterator[Line]:
    """Listen on the channels; everything notified after this is entered is heard, until `lost`.

    Holds one of the engine's connections. Raises one of `AWAY` where PostgreSQL is.
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
            # Never back into the pool: the next user would inherit the channels and the session's locks.
            await connection.invalidate()


async def _driver(connection: AsyncConnection) -> Any:
    # asyncpg's Connection, which comes without types.
    return (await connection.get_raw_connection()).driver_connection


def _callback(heard: Heard) -> Callable[..., None]:
    def callback(_connection: object, _pid: int, _channel: str, payload: str) -> None:
        heard(payload)

    return callback
