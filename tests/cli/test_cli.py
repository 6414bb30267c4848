"""The `balie` command as an operator meets it."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from services.cli.embedded.child_process import LOOPBACK
from services.cli.main import app
from services.contract.errors import NotFound, Permanent
from services.contract.events import Event
from services.intake.people.sessions import must_be_valid_service
from services.kb.consumer import SUGGEST_QUEUE
from services.messaging.broker import Queue
from services.messaging.local.broker import LocalBroker
from services.platform.clock import wall_clock
from services.platform.identity import Signer
from services.platform.process import listen
from services.platform.telemetry import configure_logging
from tests.patience import until

SECRET = "a secret for tests that is long enough"
QUEUE = Queue(SUGGEST_QUEUE.name, ("ticket.noted.v1",))
EVENT = Event(id=UUID(int=7), source="/balie/test", type="ticket.noted.v1", time=wall_clock(), subject="42", data={})


async def balie(*words: str) -> Result:
    """What the command says, in a thread: it runs a loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, app, list(words))


@pytest.fixture
def environment(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BALIE_DATABASE_URL", database_url)
    monkeypatch.setenv("BALIE_BROKER_URL", "local:")
    monkeypatch.setenv("BALIE_SECRET", SECRET)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def logs_as_before() -> Iterator[None]:
    """A process configures its logs, here onto a stream that is gone afterwards."""
    yield
    configure_logging("console", "warning")


@pytest.fixture
async def dead_letter(database_url: str) -> str:
    """The id of a message that nobody could deal with."""

    async def refuse(_event: Event) -> None:
        raise Permanent("it makes no sense")

    broker = LocalBroker(database_url)
    await broker.connect()
    await broker.subscribe(QUEUE, refuse)
    await broker.publish(EVENT)

    async def is_dead() -> bool:
        return bool(await broker.dead_letters(QUEUE.name))

    await until(is_dead, "the message is a dead letter")
    (letter,) = await broker.dead_letters(QUEUE.name)
    await broker.close()
    return letter.id


def test_a_missing_setting_is_named_and_nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BALIE_DATABASE_URL", raising=False)
    result = CliRunner().invoke(app, ["intake-worker"])
    assert result.exit_code == 2
    assert "BALIE_DATABASE_URL (PostgreSQL, as in postgresql://user:password@host:5432/balie)" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["up", "--port", "99999"], "less than or equal to 65535"),
        (["web", "--port", "-1"], "greater than or equal to 0"),
        (["up", "--log-level", "zzz"], "'zzz' is not one of 'debug', 'info', 'warning', 'error'"),
        (["up", "--smtp-url", "nonsense:hunter2"], "that is no address of a mail server"),
        (["up", "--smtp-url", "smtp://me:hunter2@host:port"], "that is no address of a mail server"),
        (["up", "--state", __file__], "is a file"),
        (["admin", "notanaddress"], "that is no mail address"),
        (["token", ""], "give a name"),
        (["token", "  "], "give a name"),
        (
            ["dead-letters", "list", "nosuch"],
            "there is no queue nosuch; there are intake.suggestions, kb.suggest, notify.mail.",
        ),
    ],
)
def test_bad_input_is_a_sentence_and_nothing_starts(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rich.console.Console.is_terminal", False)
    monkeypatch.setattr("typer.rich_utils.MAX_WIDTH", 400)
    result = CliRunner().invoke(app, words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert "hunter2" not in result.stderr


def test_where_nothing_runs_the_way_to_start_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("BALIE_DATABASE_URL", raising=False)
    result = CliRunner().invoke(app, ["doctor", "--state", str(tmp_path)])
    assert result.exit_code == 2
    assert result.stderr == (
        f"No Balie runs on {tmp_path}. Start it with `make run`, or set BALIE_DATABASE_URL and the other settings"
        " to reach one that runs elsewhere.\n"
    )


def test_a_state_that_cannot_be_made_is_a_sentence() -> None:
    result = CliRunner().invoke(app, ["up", "--state", f"{__file__}/state"])
    assert isinstance(result.exception, Permanent)
    assert result.exception.detail.endswith("Not a directory. Choose another folder with --state.")


@pytest.mark.usefixtures("environment", "logs_as_before")
async def test_a_taken_port_is_said_with_the_way_out() -> None:
    with closing(listen(LOOPBACK, 0)) as taken:
        result = await balie("intake-api", "--port", str(taken.getsockname()[1]))
    assert isinstance(result.exception, Permanent)
    assert result.exception.detail.endswith("Choose another with --port.")


@pytest.mark.usefixtures("environment")
async def test_a_service_token_is_one_intake_takes(engine: AsyncEngine) -> None:
    result = await balie("token", "monitoring")
    caller = Signer(SECRET).caller(result.stdout.strip(), wall_clock())
    assert (caller.name, caller.person_id, caller.is_staff) == ("monitoring", None, True)
    async with engine.connect() as connection:
        await must_be_valid_service(connection, caller)


@pytest.mark.usefixtures("environment")
async def test_a_dead_letter_is_listed_and_shown(dead_letter: str) -> None:
    listed = (await balie("dead-letters", "list", QUEUE.name)).stdout
    assert re.search(rf"{dead_letter}\s.*ticket\.noted\.v1\s.*42\s.*Permanent: it makes no sense", listed)
    shown = (await balie("dead-letters", "show", QUEUE.name, dead_letter)).stdout
    assert f'"id": "{EVENT.id}"' in shown


@pytest.mark.usefixtures("environment")
async def test_a_dead_letter_is_replayed_into_its_queue(dead_letter: str, database_url: str) -> None:
    result = await balie("dead-letters", "replay", QUEUE.name, "all")
    assert result.stdout == "1 replayed.\n"

    seen: list[Event] = []

    async def take(event: Event) -> None:
        seen.append(event)

    broker = LocalBroker(database_url)
    await broker.connect()
    await broker.subscribe(QUEUE, take)
    await until(lambda: bool(seen), "the message comes again")
    await broker.close()
    assert seen == [EVENT]


@pytest.mark.usefixtures("environment")
async def test_a_dead_letter_is_discarded_once(dead_letter: str) -> None:
    assert (await balie("dead-letters", "discard", QUEUE.name, dead_letter)).stdout == "1 discarded.\n"
    again = await balie("dead-letters", "discard", QUEUE.name, dead_letter)
    assert isinstance(again.exception, NotFound)
    assert again.exception.detail == f"No dead letter {dead_letter} lies in {QUEUE.name}."


@pytest.mark.usefixtures("environment")
async def test_an_unknown_dead_letter_is_said_to_be_unknown() -> None:
    result = await balie("dead-letters", "show", QUEUE.name, str(uuid4()))
    assert isinstance(result.exception, NotFound)
