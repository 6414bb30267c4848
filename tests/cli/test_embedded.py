"""`balie up` as a person meets it: started, killed, started again, stopped; and what it says when it cannot."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process, create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from services.cli.embedded.child_process import LOOPBACK, PartFailed
from services.cli.embedded.whole import running
from services.cli.state_folder import environment, owned
from services.contract.errors import Permanent
from services.platform.database import connect, transaction, why_refused
from services.platform.process import listen
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.own_parts


async def test_it_serves_and_refuses_a_second_on_its_state(tmp_path: Path) -> None:
    async with running(tmp_path) as balie, httpx.AsyncClient(timeout=30) as http:
        for url in (f"{balie.intake_url}/readyz", f"{balie.kb_url}/readyz", balie.web_url):
            assert (await http.get(url, follow_redirects=True)).status_code == 200
        assert environment(tmp_path)["BALIE_DATABASE_URL"] == balie.database_url

        second = running(tmp_path)
        with pytest.raises(Permanent, match=f"runs on {tmp_path} already"):
            await second.__aenter__()
    assert environment(tmp_path) == {}


def test_a_state_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    with owned(tmp_path), pytest.raises(Permanent, match=f"process {os.getpid()}"), owned(tmp_path):
        pass
    with owned(tmp_path):
        pass


async def test_it_ends_when_a_part_ends_and_says_which(tmp_path: Path) -> None:
    with pytest.raises(PartFailed, match="Temporal stopped although nobody told it to"):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await _run_until_temporal_is_gone(tmp_path)
    assert not _lives(_server("postgres", tmp_path))


async def test_up_moves_from_a_taken_port_survives_a_kill_and_stops_cleanly(tmp_path: Path) -> None:
    with closing(listen(LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        async with _up(tmp_path, port) as (process, said):
            assert f"Port {port} is taken; a free one was chosen for web." in said
            first = _password(said)
            process.kill()

    async with _up(tmp_path, port) as (process, said):
        assert f"http://{LOOPBACK}:{port}" in said
        assert _password(said) == first
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    assert not any(_lives(_server(name, tmp_path)) for name in ("postgres", "temporal"))


async def test_a_state_folder_of_an_unreleased_balie_is_refused_and_kept_as_it_was(tmp_path: Path) -> None:
    async with running(tmp_path) as balie:
        await _set_revision(balie.database_url, "0008")

    process = await create_subprocess_exec(
        Path(sys.executable).with_name("balie"), "up", "--state", tmp_path, "--port", "0", stdout=PIPE, stderr=PIPE
    )
    _, said = await process.communicate()

    assert process.returncode == 1
    assert said.decode() == f"{why_refused('intake', '0008')}\n"
    assert not any(_lives(_server(name, tmp_path)) for name in ("postgres", "temporal"))


async def _set_revision(url: str, at: str) -> None:
    engine = connect(url)
    async with transaction(engine) as connection:
        await connection.execute(text("update intake.schema_version set version_num = :at"), {"at": at})
    await engine.dispose()


async def _run_until_temporal_is_gone(state: Path) -> None:
    async with running(state) as balie:
        os.kill(_server("temporal", state), signal.SIGKILL)
        await balie.run_on()


@asynccontextmanager
async def _up(state: Path, port: int) -> AsyncIterator[tuple[Process, str]]:
    """`balie up`, once it has said where everything is, and what it said."""
    balie = Path(sys.executable).with_name("balie")
    environ = {**os.environ, "COLUMNS": "200"}
    process = await create_subprocess_exec(
        balie,
        "up",
        "--state",
        state,
        "--port",
        str(port),
        stdout=PIPE,
        stderr=STDOUT,
        env=environ,
    )
    assert process.stdout
    said = ""
    while "╰" not in said:
        line = (await process.stdout.readline()).decode()
        assert line, f"it ended after saying:\n{said}"
        said += line
    try:
        yield process, said
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def _password(said: str) -> str:
    found = re.search(r"password (\S+)", said)
    assert found
    return found[1]


def _server(name: str, state: Path) -> int:
    """The process id of a part that runs, or ran, on the state."""
    return int((state / f"{name}.lock").read_text().split()[1])


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
