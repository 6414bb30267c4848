"""The worked example of `docs/changing-a-schema.md`: a column is replaced while old and new code write.

Minutes become seconds. The revisions lie in `expanding/versions` and are run by the same machinery as the services'.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from random import Random

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.platform import database
from services.platform.database import LOCK_TIMEOUT_IN_MIGRATIONS, connect, transaction
from tests.patience import until

ROWS = 5_000
WRITES_MIN = 20

OLD_ADDS = text("insert into expanding.work (minutes) values (:n) returning id, minutes * 60")
OLD_CHANGES = text("update expanding.work set minutes = :n where id = :id returning id, minutes * 60")
NEW_ADDS = text("insert into expanding.work (seconds) values (:n * 60 + 30) returning id, seconds")
NEW_CHANGES = text("update expanding.work set seconds = :n * 60 + 30 where id = :id returning id, seconds")
NEW_READS = text("select id, coalesce(seconds, minutes * 60) from expanding.work")
READS_AFTERWARDS = text("select id, seconds from expanding.work")
OLD, NEW = (OLD_ADDS, OLD_CHANGES), (NEW_ADDS, NEW_CHANGES)

Code = tuple[TextClause, TextClause]
"""How a version of the code adds a row and changes one."""


class Work:
    """The table as those who write it know it. A write that waits longer for a lock than a migration may fails."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.seconds: dict[int, int] = {}
        """What each row must say."""
        self.writes = 0
        self._engine, self._numbers = engine, count(1)
        self._random = Random(7)  # noqa: S311 - any row will do

    async def fill(self) -> None:
        rows = text("insert into expanding.work (minutes) select n from generate_series(1, :rows) n returning *")
        async with transaction(self._engine) as connection:
            self.seconds = {row.id: row.minutes * 60 for row in await connection.execute(rows, {"rows": ROWS})}
        self._numbers = count(ROWS + 1)

    @asynccontextmanager
    async def written_by(self, *codes: Code) -> AsyncIterator[None]:
        """During the block these versions of the code write, in turns, and are heard to have done so."""
        before, done = self.writes, asyncio.Event()
        writing = asyncio.ensure_future(self._write(codes, done))
        try:
            await until(lambda: self.writes > before or writing.done(), "the writer writes")
            yield
            during = self.writes
            await until(lambda: self.writes > during + WRITES_MIN or writing.done(), "the writer still writes")
        finally:
            done.set()
            await writing

    async def reads(self, query: TextClause) -> dict[int, int]:
        async with self._engine.connect() as connection:
            return {number: seconds for number, seconds in await connection.execute(query)}

    async def _write(self, codes: tuple[Code, ...], done: asyncio.Event) -> None:
        async with self._engine.connect() as connection:
            await connection.execute(text(f"set lock_timeout = '{LOCK_TIMEOUT_IN_MIGRATIONS.total_seconds()}s'"))
            await connection.commit()
            while not done.is_set():
                for adds, changes in codes:
                    await self._save(connection, adds, {"n": next(self._numbers)})
                    known = self._random.choice(list(self.seconds))
                    await self._save(connection, changes, {"n": next(self._numbers), "id": known})

    async def _save(self, connection: AsyncConnection, statement: TextClause, values: dict[str, int]) -> None:
        ((number, seconds),) = await connection.execute(statement, values)
        await connection.commit()
        self.seconds[number] = seconds
        self.writes += 1


Migrate = Callable[[str], Awaitable[None]]


@pytest.fixture
def migrate(empty_database_url: str) -> Migrate:
    """Bring the example's schema to a revision, as `database.migrate` brings a service's to the newest."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "expanding"))
    config.attributes.update(url=empty_database_url, schema="expanding")
    return lambda revision: asyncio.to_thread(command.upgrade, config, revision)


@pytest.fixture
async def engine(empty_database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = connect(empty_database_url)
    yield engine
    await engine.dispose()


async def test_a_column_is_replaced_while_old_and_new_code_write(migrate: Migrate, engine: AsyncEngine) -> None:
    await migrate("0001_before")
    work = Work(engine)
    await work.fill()

    async with work.written_by(OLD):
        await migrate("0002_expand")
    assert await work.reads(NEW_READS) == work.seconds
    async with work.written_by(OLD, NEW):
        await migrate("0003_migrate")
    assert await work.reads(READS_AFTERWARDS) == work.seconds
    async with work.written_by(NEW):
        await migrate("0004_contract")

    assert await work.reads(READS_AFTERWARDS) == work.seconds
    assert await _columns(engine) == {"id": "NO", "seconds": "NO"}


@pytest.mark.parametrize("revision", ["0002_expand", "0004_contract"])
async def test_a_step_that_does_not_get_its_lock_gives_up_and_is_run_again(
    migrate: Migrate, engine: AsyncEngine, revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_TIMEOUT_IN_MIGRATIONS", LOCK_TIMEOUT_IN_MIGRATIONS / 20)
    await migrate("0001_before" if revision == "0002_expand" else "0003_migrate")
    work = Work(engine)
    await work.fill()

    async with transaction(engine) as somebody:
        await somebody.execute(text("select count(*) from expanding.work"))
        with pytest.raises(DBAPIError, match="lock timeout"):
            await migrate(revision)
        # Nobody queues behind a migration that has given up.
        await somebody.execute(text("select count(*) from expanding.work"))
        async with work.written_by(OLD):
            pass

    await migrate(revision)
    assert await work.reads(READS_AFTERWARDS if revision == "0004_contract" else NEW_READS) == work.seconds


async def test_rows_are_moved_in_batches_and_from_where_it_was_stopped(migrate: Migrate, engine: AsyncEngine) -> None:
    await migrate("0001_before")
    work = Work(engine)
    await work.fill()
    await migrate("0002_expand")
    held = min(work.seconds) + ROWS // 2

    async with transaction(engine) as somebody:
        await somebody.execute(text("select from expanding.work where id = :id for update"), {"id": held})
        migrating = asyncio.ensure_future(migrate("0003_migrate"))

        async def halfway() -> bool:
            async with engine.connect() as connection:
                moved = text("select max(id) from expanding.work where seconds is not null")
                return (await connection.execute(moved)).scalar() == held - 1

        await until(halfway, "the batches before the held row are moved")
    await migrating

    assert await work.reads(READS_AFTERWARDS) == work.seconds


async def _columns(engine: AsyncEngine) -> dict[str, str]:
    query = text("select column_name, is_nullable from information_schema.columns where table_schema = 'expanding'")
    async with engine.connect() as connection:
        rows = await connection.execute(query)
        return {name: nullable for name, nullable in rows if name != "version_num"}
