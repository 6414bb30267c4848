"""PostgreSQL: the engine, and each service's migrations in its own schema."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
from alembic import command, context
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from services.contract.errors import Permanent

POOL_SIZE = 10
STATEMENT_TIMEOUT = timedelta(seconds=30)
LOCK_TIMEOUT_IN_MIGRATIONS = timedelta(seconds=5)
"""A migration that does not get its lock within this time fails, instead of blocking all queries queued behind it."""
MIGRATION_POLL = timedelta(milliseconds=200)
"""How often a process checks whether another one has finished migrating."""
UNREACHABLE: tuple[type[Exception], ...] = (
    OperationalError,
    InterfaceError,
    PoolTimeout,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.ConnectionDoesNotExistError,
    OSError,
)
"""What a statement or a connection attempt raises if PostgreSQL is down, starting, full or unreachable."""
PASSING = ("08", "40", "53", "57")
"""Classes of SQLSTATE that a retry may cure: a lost connection (08), a deadlock or a serialisation failure (40),
insufficient resources (53), a timeout or a shutdown (57)."""
SERVICES_WITH_TABLES = ("intake", "notify", "kb")
_UNRELEASED = re.compile("[0-9]{4}")
"""How revisions were named before 0.1.0; since then each is named like its file, as in 0001_tickets."""


def connect(url: str, *, pool_size: int = POOL_SIZE) -> AsyncEngine:
    """An engine for `url` (postgresql://…). Connections are made on first use."""
    return create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        pool_size=pool_size,
        pool_pre_ping=True,
        # An error's text is logged; what people wrote and their password hashes must not be in it.
        hide_parameters=True,
        connect_args={
            "server_settings": {
                "timezone": "UTC",
                # Our queries are short: compiling one (jit) costs more than running it. And a generic plan, made
                # without the values (a limit, a rare status), reads whole tables.
                "jit": "off",
                "plan_cache_mode": "force_custom_plan",
                "statement_timeout": str(int(STATEMENT_TIMEOUT.total_seconds() * 1000)),
            }
        },
    )


def may_pass(error: BaseException) -> bool:
    """Whether the failed statement or connection attempt may succeed when it is retried unchanged."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, UNREACHABLE)
    code: str | None = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated or code is not None:
        return error.connection_invalidated or str(code)[:2] in PASSING
    # asyncpg also raises InterfaceError for a value that it cannot encode: a retry does not help there.
    return isinstance(error, UNREACHABLE) and not isinstance(error.orig and error.orig.__cause__, ValueError)


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that is committed at the end of the block, or rolled back if the block raises."""
    async with engine.begin() as connection:
        yield connection


def migrate(url: str, service: str) -> None:
    """Migrates the service's schema to its newest revision; does nothing if it is up to date.

    Safe to run from several places at once: an advisory lock lets one of them do it. Raises Permanent, and changes
    nothing, where any service's schema was made by an unreleased Balie or by a newer one.
    """
    config = _migrations_of(service)
    config.attributes["url"] = url
    config.attributes["schema"] = service
    command.upgrade(config, "head")


def newest_revision(service: str) -> str | None:
    """The service's newest revision: the content of its table `schema_version` once it is migrated."""
    return ScriptDirectory.from_config(_migrations_of(service)).get_current_head()


def revision(connection: Connection, service: str) -> str | None:
    """What the service's `schema_version` says; None where it has no tables yet."""
    table = f"{service}.schema_version"
    if connection.execute(select(func.to_regclass(table))).scalar() is None:
        return None
    return connection.execute(text(f"select version_num from {table}")).scalar()  # noqa: S608 - our own names


def why_refused(service: str, at: str) -> str | None:
    """Why a schema of this revision cannot be brought up to date, and what to do; None where it can."""
    known = ScriptDirectory.from_config(_migrations_of(service)).walk_revisions()
    if at in {each.revision for each in known}:
        return None
    if _UNRELEASED.fullmatch(at):
        return (
            f"The schema {service} in this database was made by an unreleased Balie (revision {at}). Nothing was"
            " changed. Start with an empty database or, for a Balie that runs whole, another state folder: balie up"
            " --state DIR."
        )
    return (
        f"The schema {service} in this database was made by a newer Balie (revision {at}). Nothing was changed. Run"
        " that Balie, or a newer one."
    )


def run_migrations(metadata: MetaData) -> None:
    """Runs the migrations; every service's `migrations/env.py` calls this. Alembic's offline mode is not supported."""
    attributes = context.config.attributes
    schema: str = attributes["schema"]
    url = make_url(attributes["url"]).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(url, poolclass=NullPool, hide_parameters=True)

    async def upgrade() -> None:
        try:
            async with engine.connect() as connection:
                await connection.run_sync(_upgrade, metadata, schema)
                await connection.commit()
        finally:
            await engine.dispose()

    asyncio.run(upgrade())


def _migrations_of(service: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent.parent / service / "migrations"))
    return config


def _upgrade(connection: Connection, metadata: MetaData, schema: str) -> None:
    lock_ms = int(LOCK_TIMEOUT_IN_MIGRATIONS.total_seconds() * 1000)
    _wait_for_others(connection)
    # Of all services, not of this one only: else another one's tables would be made before the refusal.
    for service in SERVICES_WITH_TABLES:
        if (at := revision(connection, service)) and (why := why_refused(service, at)):
            raise Permanent(why)
    connection.execute(text(f"set lock_timeout = {lock_ms}"))
    connection.execute(text(f'create schema if not exists "{schema}"'))
    # Alembic begins a transaction for each revision itself; with one open here, no revision could run without one.
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table="schema_version",
        version_table_schema=schema,
        include_schemas=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _wait_for_others(connection: Connection) -> None:
    """Takes the migration lock and keeps it until the connection ends: a second process waits until the first has run
    all its migrations."""
    # Poll, do not block: a blocked statement holds a snapshot, and `create index concurrently` in the other process
    # waits for every older snapshot to end, so both would wait for ever.
    while not connection.execute(text("select pg_try_advisory_lock(hashtext('balie.migrate'))")).scalar_one():
        connection.rollback()
        time.sleep(MIGRATION_POLL.total_seconds())
    connection.commit()
