"""Each service's migrations make exactly the tables its code describes, and can be run again."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import AsyncEngine

import services
from services.intake.tables.tables import metadata as intake_metadata
from services.kb.tables import metadata as kb_metadata
from services.notify.tables import metadata as notify_metadata
from services.platform.database import SERVICES_WITH_TABLES, connect, newest_revision, transaction

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


@pytest.mark.parametrize("service", SERVICES_WITH_TABLES)
@pytest.mark.parametrize(
    ("at", "said"),
    [
        (
            "0008",
            "The schema {} in this database was made by an unreleased Balie (revision 0008). Nothing was changed. Start"
            " with an empty database or, for a Balie that runs whole, another state folder: balie up --state DIR.",
        ),
        (
            "0099_from_the_future",
            "The schema {} in this database was made by a newer Balie (revision 0099_from_the_future). Nothing was"
            " changed. Run that Balie, or a newer one.",
        ),
    ],
    ids=["unreleased", "newer"],
)
async def test_a_schema_nobody_can_upgrade_is_refused_in_words_and_nothing_is_changed(
    empty_database_url: str, service: str, at: str, said: str
) -> None:
    await _pretend(empty_database_url, service, at)
    before = await _tables(empty_database_url)

    done = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("balie"),
        "migrate",
        env={**os.environ, "BALIE_DATABASE_URL": empty_database_url, "BALIE_SECRET": "-" * 32},
        stderr=PIPE,
        stdout=PIPE,
    )
    out, err = await done.communicate()

    assert (done.returncode, out.decode(), err.decode()) == (1, "", said.format(service) + "\n")
    assert await _tables(empty_database_url) == before == [f"{service}.schema_version"]


async def _pretend(url: str, service: str, at: str) -> None:
    """As if another Balie had migrated it."""
    engine = connect(url)
    async with transaction(engine) as connection:
        await connection.exec_driver_sql(f"create schema {service}")
        await connection.exec_driver_sql(f"create table {service}.schema_version (version_num varchar(32) primary key)")
        await connection.exec_driver_sql(f"insert into {service}.schema_version select $1", (at,))
    await engine.dispose()


async def _tables(url: str) -> list[str]:
    engine = connect(url)
    of_ours = "select schemaname || '.' || tablename from pg_tables where schemaname = any ($1) order by 1"
    async with engine.connect() as connection:
        tables = (await connection.exec_driver_sql(of_ours, ([*SERVICES_WITH_TABLES],))).scalars().all()
    await engine.dispose()
    return list(tables)


FIRST = {"intake": "0001_tickets", "notify": "0001_notifications", "kb": "0001_articles"}


@pytest.mark.parametrize("service", SERVICES_WITH_TABLES)
def test_a_schema_begins_with_what_0_1_0_made_and_each_revision_is_named_like_its_file(service: str) -> None:
    revisions = list(ScriptDirectory(str(Path(services.__path__[0]) / service / "migrations")).walk_revisions())

    assert [each.revision for each in revisions if each.down_revision is None] == [FIRST[service]]
    assert all(each.revision == Path(each.path).stem for each in revisions)
