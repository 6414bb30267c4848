"""Each service's migrations make exactly the tables its code describes, and can be run again."""

import asyncio
import os
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.tables.tables import metadata as intake_metadata
from services.kb.tables import metadata as kb_metadata
from services.notify.tables import metadata as notify_metadata
from services.platform.database import SERVICES_WITH_TABLES, connect, newest_revision

METADATA: dict[str, MetaData] = {"intake": intake_metadata, "notify": notify_metadata, "kb": kb_metadata}


@pytest.mark.parametrize("service", SERVICES_WITH_TABLES)
async def test_the_migrations_make_the_tables_the_code_describes(engine: AsyncEngine, service: str) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {
            "include_schemas": True,
            "include_name": lambda name, kind, _parents: kind != "schema" or name == service,
            "version_table": "schema_version",
            "version_table_schema": service,
            "compare_type": True,
        }
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA[service]))

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_from_several_places_at_once_is_migrating_once(empty_database_url: str) -> None:
    words = "import os; from services.platform.database import migrate; migrate(os.environ['URL'], 'intake')"
    environment = {**os.environ, "URL": empty_database_url}
    places = [await asyncio.create_subprocess_exec(sys.executable, "-c", words, env=environment) for _ in range(3)]
    assert await asyncio.gather(*(place.wait() for place in places)) == [0, 0, 0]

    engine = connect(empty_database_url)
    async with engine.connect() as connection:
        versions = await connection.exec_driver_sql("select version_num from intake.schema_version")
        assert versions.scalars().all() == [newest_revision("intake")]
    await engine.dispose()
