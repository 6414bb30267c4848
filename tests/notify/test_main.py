"""The composition root: settings that say what is wrong, and a worker that runs until cancelled."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.vocabulary import Status
from services.messaging.local.broker import LocalBroker
from services.notify.consumer import CONSUMER, QUEUE
from services.notify.forgetting import EVENTS_KEPT_FOR
from services.notify.main import NotifySettings, worker
from services.notify.rendering import MailIdentity
from services.notify.smtp import FolderTransport, SmtpTransport
from services.notify.tables import consumed_event
from services.platform.database import transaction
from services.platform.settings import PREFIX, load
from tests.notify.happenings import BY_LUCIA, SECRET, happened, replied
from tests.patience import until
from tests.smtp_server import SmtpServer


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("BALIE_DATABASE_URL", "postgresql://localhost/balie")
    monkeypatch.setenv("BALIE_SECRET", SECRET)
    monkeypatch.setenv("BALIE_PUBLIC_URL", "https://balie.example/")
    for name in ("BALIE_SMTP_URL", "BALIE_MAILBOX_DIR", "BALIE_MAIL_FROM", "BALIE_MAIL_DOMAIN"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_with_a_mail_server_mail_goes_there(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("BALIE_SMTP_URL", "smtp://127.0.0.1:2525")
    settings = load(NotifySettings)
    assert isinstance(settings.transport(), SmtpTransport)
    assert settings.desk() == MailIdentity("Balie", "support@balie.example", "balie.example", "https://balie.example")


def test_with_a_folder_mail_goes_there(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.setenv("BALIE_SMTP_URL", "")  # as a compose file gives what is not set
    environment.setenv("BALIE_MAILBOX_DIR", str(tmp_path))
    assert isinstance(load(NotifySettings).transport(), FolderTransport)
    assert NotifySettings.model_config["env_prefix"] == PREFIX


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "give exactly one of balie_smtp_url and balie_mailbox_dir"),
        (
            {"BALIE_SMTP_URL": "smtp://127.0.0.1:25", "BALIE_MAILBOX_DIR": "mail"},
            "give exactly one of balie_smtp_url and balie_mailbox_dir",
        ),
        ({"BALIE_SMTP_URL": "http://mail.example"}, "give smtp://host:port or smtps://host:port"),
        ({"BALIE_MAILBOX_DIR": "mail", "BALIE_MAIL_FROM": "Balie"}, "give it as name <mailbox@domain>"),
        ({"BALIE_MAILBOX_DIR": "mail", "BALIE_AUTOMATIC_MAILS_MAX": "0"}, "BALIE_AUTOMATIC_MAILS_MAX"),
    ],
)
def test_bad_settings_stop_the_process_and_say_which(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variables: dict[str, str], sentence: str
) -> None:
    for name, value in variables.items():
        environment.setenv(name, value)
    with pytest.raises(SystemExit) as stopped:
        load(NotifySettings)
    assert stopped.value.code == 2
    assert sentence in capsys.readouterr().err


def test_a_refused_setting_is_said_without_its_value(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("BALIE_SECRET", "hunter2")
    with pytest.raises(SystemExit):
        load(NotifySettings)
    said = capsys.readouterr().err
    assert "BALIE_SECRET" in said
    assert "hunter2" not in said


async def test_the_worker_mails_what_the_broker_brings_and_forgets_what_is_old_until_it_is_cancelled(
    database_url: str, engine: AsyncEngine, smtp: SmtpServer
) -> None:
    settings = NotifySettings(
        database_url=SecretStr(database_url),
        secret=SecretStr(SECRET),
        smtp_url=SecretStr(smtp.url),
        mail_domain="tickets.example",
    )
    broker = LocalBroker(database_url)
    await broker.connect()
    await broker.declare(QUEUE)
    long_ago = datetime.now(UTC) - EVENTS_KEPT_FOR - timedelta(hours=1)
    async with transaction(engine) as connection:
        old = {"consumer": CONSUMER, "event_id": uuid4(), "consumed_at": long_ago}
        await connection.execute(consumed_event.insert().values(old))
    running = asyncio.create_task(worker(settings, broker))
    try:
        event = happened(replied(BY_LUCIA, Status.OPEN, Status.NEW))
        await broker.publish(event)
        await until(lambda: bool(smtp.messages), "the worker mailed the answer")
        await until(lambda: _remembers_only(engine, event.id), "the worker forgot the old event")
    finally:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await broker.close()
    [mail] = smtp.messages
    assert mail["X-Balie-Correlation-Id"] == event.correlationid
    assert mail["Message-ID"].endswith("@tickets.example>")


async def _remembers_only(engine: AsyncEngine, event_id: UUID) -> bool:
    async with engine.connect() as connection:
        return list((await connection.execute(select(consumed_event.c.event_id))).scalars()) == [event_id]
