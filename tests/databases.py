"""Databases for tests, made and dropped on one server over one connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.engine import make_url


class Databases:
    """The databases of a test run."""

    def __init__(self, server_url: str, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._server_url, self._connection = server_url, connection

    async def make(self, name: str, *, template: str = "template1") -> str:
        """A new database like the template, to which nobody may be connected; its address."""
        # A server given by its address may still hold what an earlier run left.
        await self.drop(name)
        # Copied file by file: written to the log page by page, as is usual, it takes twice the time.
        await self._connection.execute(f'create database "{name}" template "{template}" strategy file_copy')
        return make_url(self._server_url).set(database=name).render_as_string(hide_password=False)

    async def drop(self, name: str) -> None:
        """Drop it, whoever is connected to it; where there is none nothing happens."""
        await self._connection.execute(f'drop database if exists "{name}" with (force)')


@asynccontextmanager
async def databases_on(server_url: str) -> AsyncIterator[Databases]:
    """On the server at this address."""
    connection = await asyncpg.connect(server_url)
    try:
        yield Databases(server_url, connection)
    finally:
        await connection.close()
