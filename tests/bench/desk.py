"""The desk that the bench measures: real parts, and Balie's processes as in production, each its own program."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from services.cli.embedded.child_process import LOOPBACK, ChildProcess, answers, free_port
from services.cli.embedded.postgres_server import PostgresServer
from services.cli.embedded.temporal_server import NAMESPACE, TemporalServer
from services.intake.people.demonstration import add_demonstration_people
from services.platform.clock import wall_clock
from services.platform.database import connect, migrate
from services.platform.temporal_client import connect_temporal
from tests.bench.patience import LOOK_EVERY, Say, until_counted
from tests.bench.processes import Program

BALIE = Path(sys.executable).with_name("balie")
POSTGRES, SERVER, API, RELAY, WORKER = "postgres", "temporal", "intake-api", "intake-worker", "workflows"
"""Names of programs; Balie's own are the subcommands of `balie`. The relay runs in intake's worker."""

QUIET_WITHIN_SECONDS = 60.0
QUIET_LOOK_SECONDS = 0.4
QUIET_SHARE = 0.15
"""The share of a core below which the server counts as quiet; while idle it takes about half of this."""

Server = TypeVar("Server", PostgresServer, TemporalServer)


@dataclass(frozen=True)
class Desk:
    """A desk with its database and Temporal running. The bench decides which of Balie's programs run."""

    engine: AsyncEngine
    temporal: Client
    programs: dict[str, Program]
    timers: Path
    """The Temporal server's database file, for `sleepers`."""

    async def start(self, *names: str) -> None:
        """Start those of these programs that do not run, all at once."""
        waiting = [each for each in map(self.programs.__getitem__, names) if not each.running]
        await asyncio.gather(*(asyncio.to_thread(each.start) for each in waiting))

    async def until_counted(
        self, count: Callable[[], Awaitable[int]], goal: int, what: str, say: Say, *, every: timedelta = LOOK_EVERY
    ) -> int:
        """Like `patience.until_counted`, but raises PartFailed at once if a program has died."""

        async def counted() -> int:
            for program in self.programs.values():
                program.must_live()
            return await count()

        return await until_counted(counted, goal, what, say, every=every)

    async def quiet(self) -> None:
        """Return once the Temporal server is idle, at the latest after `QUIET_WITHIN_SECONDS`."""
        server = self.programs[SERVER]
        for _ in range(int(QUIET_WITHIN_SECONDS / QUIET_LOOK_SECONDS)):
            before = server.usage().cpu_seconds
            await asyncio.sleep(QUIET_LOOK_SECONDS)
            if server.usage().cpu_seconds - before < QUIET_LOOK_SECONDS * QUIET_SHARE:
                return

    async def stop(self, *names: str) -> None:
        """Stop these programs cleanly."""
        await asyncio.gather(*(asyncio.to_thread(self.programs[name].stop) for name in names))


@asynccontextmanager
async def desk_in(folder: Path, database_url: str | None = None) -> AsyncIterator[Desk]:
    """A desk in this empty folder, on the given migrated database, or else on a PostgreSQL of its own."""
    async with AsyncExitStack() as stack:
        programs = {}
        if database_url is None:
            postgres = PostgresServer(folder)
            programs[POSTGRES] = Program(POSTGRES, folder, lambda: _started(postgres))
            stack.callback(programs[POSTGRES].stop)
            await asyncio.to_thread(programs[POSTGRES].start)
            database_url = postgres.url
            await asyncio.to_thread(migrate, database_url, "intake")
        port = free_port()
        # A new object at each start, on the same port: its clients must find it again.
        programs[SERVER] = Program(SERVER, folder, lambda: _started(TemporalServer(folder, port=port)))
        stack.callback(programs[SERVER].stop)
        await asyncio.to_thread(programs[SERVER].start)
        programs |= _balie(folder, database_url, f"{LOOPBACK}:{port}")
        for name in (API, RELAY, WORKER):
            stack.callback(programs[name].stop)
        engine = connect(database_url)
        stack.push_async_callback(engine.dispose)
        await add_demonstration_people(engine, "a password for the bench", wall_clock)
        temporal = await connect_temporal(f"{LOOPBACK}:{port}", NAMESPACE)
        yield Desk(engine, temporal, programs, folder / "temporal.db")


def _balie(folder: Path, database_url: str, temporal_address: str) -> dict[str, Program]:
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BALIE_")} | {
        "BALIE_DATABASE_URL": database_url,
        "BALIE_TEMPORAL_ADDRESS": temporal_address,
        "BALIE_SECRET": "a secret for the bench that is long enough",
        "BALIE_INTAKE_URL": f"http://{LOOPBACK}:{port}",
        "BALIE_LOG_LEVEL": "error",
    }

    def program(name: str, *words: str, ready: Callable[[], bool] = lambda: True) -> Program:
        def start() -> ChildProcess:
            process = ChildProcess(name, [BALIE, name, *words], folder, environment=environment)
            process.start(ready)
            return process

        return Program(name, folder, start)

    return {
        API: program(API, "--port", str(port), ready=lambda: answers(port)),
        RELAY: program(RELAY),
        WORKER: program(WORKER),
    }


def _started(server: Server) -> Server:
    server.start()
    return server
