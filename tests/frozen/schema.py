"""The database schema that the migrations make, as SQL."""

import asyncio
import subprocess
import tempfile
from pathlib import Path

from services.cli.embedded.postgres_server import PostgresServer, _programs
from services.messaging.local import message_table
from services.platform.database import SERVICES_WITH_TABLES, connect, migrate

DUMP_TIMEOUT_SECONDS = 60
_NEW_EACH_TIME = ("\\restrict", "\\unrestrict")
"""Beginnings of lines with a token that is new at each run of pg_dump."""


def schema() -> str:
    """The tables of every service and of the local transport, as pg_dump writes them."""
    with tempfile.TemporaryDirectory(prefix="balie-frozen-", ignore_cleanup_errors=True) as folder:
        server = PostgresServer(Path(folder), throw_away=True)
        server.start()
        try:
            for service in SERVICES_WITH_TABLES:
                migrate(server.url, service)
            asyncio.run(_prepare(server.url))
            return _dumped(server.url)
        finally:
            server.stop()


async def _prepare(url: str) -> None:
    engine = connect(url)
    async with engine.begin() as connection:
        await message_table.prepare(connection)
    await engine.dispose()


def _dumped(url: str) -> str:
    words = ["--schema-only", "--no-owner", "--no-privileges", "--dbname", url]
    dump = subprocess.run(
        [str(_programs() / "pg_dump"), *words], capture_output=True, text=True, check=True, timeout=DUMP_TIMEOUT_SECONDS
    )
    return "".join(line for line in dump.stdout.splitlines(keepends=True) if not line.startswith(_NEW_EACH_TIME))
