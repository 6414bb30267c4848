"""Each process alone, as in production: seven programs that meet over HTTP, RabbitMQ, PostgreSQL and Temporal only."""

import os
import signal
import sys
from asyncio import gather
from asyncio.subprocess import DEVNULL, Process, create_subprocess_exec
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.child_process import LOOPBACK, free_port
from services.clock import wall_clock
from services.intake.demonstration import add_demonstration_people
from tests.patience import until
from tests.smtp_server import SmtpServer

PASSWORD = "a password for tests"
MARIEKE = "marieke@devries.example"
WORKERS = ("intake-worker", "workflows", "notify", "kb-worker")


@pytest.fixture
def ports() -> dict[str, int]:
    return {"web": free_port(), "intake-api": free_port(), "kb-api": free_port()}


@pytest.fixture
async def processes(
    ports: dict[str, int],
    database_url: str,
    rabbitmq_url: str,
    temporal_address: str,
    smtp: SmtpServer,
    engine: AsyncEngine,
    tmp_path: Path,
) -> AsyncIterator[dict[str, Process]]:
    """All seven, started at once in no order, stopped by SIGTERM."""
    environment = os.environ | {
        "BALIE_DATABASE_URL": database_url,
        "BALIE_BROKER_URL": rabbitmq_url,
        "BALIE_TEMPORAL_ADDRESS": temporal_address,
        "BALIE_SECRET": "a secret for tests that is long enough",
        "BALIE_PUBLIC_URL": f"http://{LOOPBACK}:{ports['web']}",
        "BALIE_INTAKE_URL": f"http://{LOOPBACK}:{ports['intake-api']}",
        "BALIE_KB_URL": f"http://{LOOPBACK}:{ports['kb-api']}",
        "BALIE_SMTP_URL": smtp.url,
        "BALIE_LOG_LEVEL": "warning",
    }
    balie = str(Path(sys.executable).with_name("balie"))
    migrating = await create_subprocess_exec(balie, "migrate", env=environment, stdout=DEVNULL)
    assert await migrating.wait() == 0
    await add_demonstration_people(engine, PASSWORD, wall_clock)

    words = {name: [name, "--port", str(port)] for name, port in ports.items()} | {name: [name] for name in WORKERS}
    running = {name: await create_subprocess_exec(balie, *each, env=environment) for name, each in words.items()}
    yield running
    for process in running.values():
        if process.returncode is None:
            process.kill()
    await gather(*(process.wait() for process in running.values()))


async def test_a_ticket_is_confirmed_by_mail_with_articles_and_all_stop_when_told(
    processes: dict[str, Process], ports: dict[str, int], smtp: SmtpServer
) -> None:
    async with httpx.AsyncClient(timeout=30) as http:
        intake = f"http://{LOOPBACK}:{ports['intake-api']}"
        for name, port in ports.items():
            await until(partial(_answers, http, f"http://{LOOPBACK}:{port}/readyz"), f"{name} answers")
        session = await http.post(f"{intake}/api/v1/sessions", json={"email": MARIEKE, "password": PASSWORD})
        who = {"Authorization": f"Bearer {session.json()['token']}"}
        body = {"subject": "Wat betekent geparkeerd?", "text": "Dat zie ik bij mijn ticket staan."}
        ticket = await http.post(f"{intake}/api/v1/tickets", json=body, headers=who)
        assert ticket.status_code == 201

        async def has_suggestions() -> bool:
            seen = await http.get(f"{intake}/api/v1/tickets/{ticket.json()['number']}", headers=who)
            return bool(seen.json()["suggestions"])

        await until(has_suggestions, "kb's suggestion reaches intake")

    def confirmations() -> list[str]:
        return [mail["Subject"] for mail in smtp.messages if mail["X-Envelope-To"] == MARIEKE]

    await until(lambda: bool(confirmations()), "the confirmation")
    assert len(confirmations()) == 1

    for process in processes.values():
        process.send_signal(signal.SIGTERM)
    codes = await gather(*(process.wait() for process in processes.values()))
    assert dict(zip(processes, codes, strict=True)) == dict.fromkeys(processes, 0)


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url)).is_success
    except httpx.TransportError:
        return False
