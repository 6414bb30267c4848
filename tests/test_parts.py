"""The private servers: up when they say so, gone with their starter, and startable again whatever happened."""

import os
import signal
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import aio_pika
import aiosmtplib
import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from services.cli.embedded.child_process import ChildProcess, PartFailed, free_port
from services.cli.embedded.postgres_server import PostgresServer
from tests.smtp_server import SmtpServer

pytestmark = pytest.mark.own_parts


async def test_postgres_answers_in_utf8(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        assert (await connection.execute(text("select lower('ÀÉ')"))).scalar() == "àé"


async def test_each_test_has_a_database_of_its_own(database_url: str, empty_database_url: str) -> None:
    assert database_url != empty_database_url


async def test_rabbitmq_takes_a_quorum_queue(rabbitmq_url: str) -> None:
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("parts.test", durable=True, arguments={"x-queue-type": "quorum"})
        await queue.delete(if_unused=False, if_empty=False)


async def test_temporal_knows_its_namespace(temporal_address: str) -> None:
    client = await Client.connect(temporal_address)
    assert (await client.count_workflows("WorkflowType = 'NobodyStartsThis'")).count == 0


async def test_time_skipping_server_answers(time_skipping: WorkflowEnvironment) -> None:
    assert time_skipping.supports_time_skipping


async def test_smtp_server_keeps_what_it_takes_and_refuses_when_told(smtp: SmtpServer) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.org", "b@example.org", "Grüße"
    port = int(smtp.url.rpartition(":")[2])

    smtp.refuse_permanently("b@example.org")
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await aiosmtplib.send(message, hostname="127.0.0.1", port=port)
    smtp.accept()
    await aiosmtplib.send(message, hostname="127.0.0.1", port=port)

    assert [taken["Subject"] for taken in smtp.messages] == ["Grüße"]
    assert smtp.attempts == 2


async def test_postgres_keeps_its_data_from_start_to_start(tmp_path: Path) -> None:
    first = PostgresServer(tmp_path, throw_away=True)
    first.start()
    await _execute(first.url, "create table kept (id int)")
    first.stop()
    assert not first.running

    second = PostgresServer(tmp_path, throw_away=True)
    second.start()
    await _execute(second.url, "insert into kept values (1)")
    second.stop()


_STARTER = """
import sys, time
from pathlib import Path
from services.cli.embedded.postgres_server import PostgresServer
server = PostgresServer(Path(sys.argv[1]))
server.start()
print(server.url, flush=True)
sys.stdin.read()
"""


async def test_postgres_goes_with_a_killed_starter_and_starts_again(tmp_path: Path) -> None:
    with subprocess.Popen(  # noqa: ASYNC220 - the test has nothing else to do meanwhile
        [sys.executable, "-c", _STARTER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as starter:
        assert starter.stdout
        url = starter.stdout.readline().decode().strip()
        await _execute(url, "create table kept (id int)")
        starter.kill()

    again = PostgresServer(tmp_path, throw_away=True)
    again.start()  # waits for the first one to be gone: the folder's lock says when
    await _execute(again.url, "insert into kept values (1)")
    again.stop()


async def test_postgres_starts_again_when_its_guard_was_killed_too(tmp_path: Path) -> None:
    first = PostgresServer(tmp_path)
    first.start()
    guard, _orphan = (int(pid) for pid in (tmp_path / "postgres.lock").read_text().split())
    os.kill(guard, signal.SIGKILL)
    first.stop()
    await _execute(first.url, "create table kept (id int)")  # nobody stopped it

    again = PostgresServer(tmp_path)
    again.start()
    await _execute(again.url, "insert into kept values (1)")
    with pytest.raises(ConnectionRefusedError):
        await _execute(first.url, "insert into kept values (2)")
    again.stop()


def test_a_server_that_ends_at_once_is_reported_with_its_last_words(tmp_path: Path) -> None:
    child = ChildProcess("teller", [sys.executable, "-c", "print('no room left'); exit(3)"], tmp_path)
    with pytest.raises(PartFailed, match=r"teller stopped while starting(.|\n)*no room left"):
        child.start(lambda: False)


def test_a_server_that_is_never_ready_is_stopped(tmp_path: Path) -> None:
    child = ChildProcess("sleeper", ["sleep", "600"], tmp_path)
    with pytest.raises(PartFailed, match="sleeper was not ready within 0 s"):
        child.start(lambda: False, within=0.1)
    assert not child.running


def test_a_server_that_ignores_its_stop_signal_is_killed(tmp_path: Path) -> None:
    ignore = (
        "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(99)"
    )
    child = ChildProcess("mule", [sys.executable, "-c", ignore], tmp_path, grace=0.1)
    child.start(lambda: "up" in child.log.read_text())
    child.stop()
    assert not child.running


async def test_free_ports_are_free() -> None:
    assert free_port() != free_port()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
