"""Each process alone, as in production: seven programs that meet over HTTP, RabbitMQ, PostgreSQL and Temporal only."""

import os
import signal
import sys
from asyncio import gather
from asyncio.subprocess import DEVNULL, Process, create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.cli.embedded.child_process import LOOPBACK, free_port
from services.intake.people.demonstration import add_demonstration_people
from services.platform.clock import wall_clock
from tests.patience import until
from tests.smtp_server import SmtpServer

PASSWORD = "a password for tests"
MARIEKE = "marieke@devries.example"
BALIE = str(Path(sys.executable).with_name("balie"))
WORKERS = ("intake-worker", "workflows", "notify", "kb-worker")


@pytest.fixture
def ports() -> dict[str, int]:
    return {"web": free_port(), "intake-api": free_port(), "kb-api": free_port()}


@pytest.fixture
async def environment(
    ports: dict[str, int], database_url: str, temporal_address: str, smtp: SmtpServer
) -> dict[str, str]:
    """Settings for every process, with no broker where they look for one."""
    return os.environ | {
        "BALIE_DATABASE_URL": database_url,
        "BALIE_BROKER_URL": f"amqp://{LOOPBACK}:{free_port()}/",
        "BALIE_TEMPORAL_ADDRESS": temporal_address,
        "BALIE_SECRET": "a secret for tests that is long enough",
        "BALIE_PUBLIC_URL": f"http://{LOOPBACK}:{ports['web']}",
        "BALIE_INTAKE_URL": f"http://{LOOPBACK}:{ports['intake-api']}",
        "BALIE_KB_URL": f"http://{LOOPBACK}:{ports['kb-api']}",
        "BALIE_SMTP_URL": smtp.url,
        "BALIE_LOG_LEVEL": "warning",
    }


@asynccontextmanager
async def running(
    environment: dict[str, str], ports: dict[str, int], *workers: str
) -> AsyncIterator[dict[str, Process]]:
    """These processes, started at once in no order; killed where the test has not stopped them."""
    words = {name: [name, "--port", str(port)] for name, port in ports.items()} | {name: [name] for name in workers}
    started = {name: await create_subprocess_exec(BALIE, *each, env=environment) for name, each in words.items()}
    try:
        yield started
    finally:
        for process in started.values():
            if process.returncode is None:
                process.kill()
        await gather(*(process.wait() for process in started.values()))


async def test_a_ticket_is_confirmed_by_mail_with_articles_and_all_stop_when_told(
    environment: dict[str, str], ports: dict[str, int], rabbitmq_url: str, engine: AsyncEngine, smtp: SmtpServer
) -> None:
    environment |= {"BALIE_BROKER_URL": rabbitmq_url}
    migrating = await create_subprocess_exec(BALIE, "migrate", env=environment, stdout=DEVNULL)
    assert await migrating.wait() == 0
    await add_demonstration_people(engine, PASSWORD, wall_clock)

    async with running(environment, ports, *WORKERS) as processes, httpx.AsyncClient(timeout=30) as http:
        await _all_answer(http, ports)
        await _ask_what_parked_means(http, f"http://{LOOPBACK}:{ports['intake-api']}")
        await until(lambda: bool(_to_marieke(smtp)), "the confirmation")
        assert len(_to_marieke(smtp)) == 1

        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        codes = await gather(*(process.wait() for process in processes.values()))
        assert dict(zip(processes, codes, strict=True)) == dict.fromkeys(processes, 0)


async def test_what_people_use_answers_while_the_broker_is_away(
    environment: dict[str, str], ports: dict[str, int]
) -> None:
    async with running(environment, ports), httpx.AsyncClient(timeout=30) as http:
        await _all_answer(http, ports)


async def _all_answer(http: httpx.AsyncClient, ports: dict[str, int]) -> None:
    for name, port in ports.items():
        await until(partial(_answers, http, f"http://{LOOPBACK}:{port}/readyz"), f"{name} answers")


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).is_success
    except httpx.TransportError:
        return False


async def _ask_what_parked_means(http: httpx.AsyncClient, intake: str) -> None:
    """Marieke submits a ticket, and sees the articles that kb suggested for it."""
    session = await http.post(f"{intake}/api/v1/sessions", json={"email": MARIEKE, "password": PASSWORD})
    who = {"Authorization": f"Bearer {session.json()['token']}"}
    body = {"subject": "Wat betekent geparkeerd?", "text": "Dat zie ik bij mijn ticket staan."}
    ticket = await http.post(f"{intake}/api/v1/tickets", json=body, headers=who)
    assert ticket.status_code == 201

    async def has_suggestions() -> bool:
        seen = await http.get(f"{intake}/api/v1/tickets/{ticket.json()['number']}", headers=who)
        return bool(seen.json()["suggestions"])

    await until(has_suggestions, "kb's suggestion reaches intake")


def _to_marieke(smtp: SmtpServer) -> list[str]:
    return [mail["Subject"] for mail in smtp.messages if mail["X-Envelope-To"] == MARIEKE]
