"""The `balie` command: the whole desk on one machine, each process of it alone, and what an operator asks.

A subcommand imports what it runs when it runs: `balie --help` need not load a database driver.
"""

import asyncio
import importlib
import socket
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console

from services import dead_letters
from services.errors import BalieError, Permanent
from services.intake import mail_command
from services.settings import SECRET_CHARACTERS_MIN, Settings, load
from services.state_folder import DEFAULT, reach
from services.telemetry import configure_logging
from services.vocabulary import Language

if TYPE_CHECKING:
    from services.broker import Broker
    from services.kb.help_centre import Loaded
    from services.process import Job

EXIT_TROUBLE = 1
LOOPBACK = "127.0.0.1"

Chosen = TypeVar("Chosen", bound=Settings)

# Typer's own traceback would show the values of variables, secrets among them.
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Balie: a support desk in which time never gets lost.",
)
Host = Annotated[str, typer.Option(envvar="BALIE_HOST", help="The address to listen on.")]
Port = Annotated[int, typer.Option(envvar="BALIE_PORT", help="The port to listen on; 0 takes a free one.")]
State = Annotated[Path, typer.Option(envvar="BALIE_STATE", help="The folder of a Balie that runs whole.")]


def main() -> None:
    """The console script. An error a person can act on is one sentence and exit code 1."""
    try:
        app()
    except BalieError as error:
        print(error.detail, file=sys.stderr)
        raise SystemExit(EXIT_TROUBLE) from None


@app.command()
def up(
    state: State = DEFAULT,
    port: Annotated[int, typer.Option(help="The port people come to; taken: a free one.")] = 8080,
    smtp_url: Annotated[
        str | None,
        typer.Option(envvar="BALIE_SMTP_URL", help="Send mail out here; without it mails land in the desk's mailbox."),
    ] = None,
    log_level: Annotated[
        str, typer.Option(envvar="BALIE_LOG_LEVEL", help="debug, info, warning or error.")
    ] = "warning",
) -> None:
    """The whole of Balie in one process, on loopback, with demonstration people to log in as."""
    from services.embedded_run import run

    configure_logging("console", log_level)
    run(state, port, smtp_url, Console())


@app.command("intake-api")
def intake_api(host: Host = LOOPBACK, port: Port = 8081) -> None:
    """Tickets, people and organisations over HTTP."""
    from services.intake.main import IntakeSettings, api

    _run(load(IntakeSettings), lambda settings, broker: api(settings, broker, _listen(host, port)), needs_broker=False)


@app.command("intake-worker")
def intake_worker() -> None:
    """Tells clocks and broker what happened, and meets deadlines."""
    from services.intake.main import IntakeSettings, worker

    _run(load(IntakeSettings), worker, needs_broker=False)


@app.command()
def workflows() -> None:
    """Runs the tickets' clocks."""
    from services.process import run_until_stopped
    from services.workflows.main import WorkflowsSettings, worker

    settings = load(WorkflowsSettings)
    configure_logging(settings.log_format, settings.log_level)
    # Not by `_run`: it makes a broker, for which this process is given no address and no database.
    asyncio.run(run_until_stopped(worker(settings)))


@app.command()
def notify() -> None:
    """Mails people what they should hear."""
    from services.notify.main import NotifySettings, worker

    _run(load(NotifySettings), worker)


@app.command("kb-api")
def kb_api(host: Host = LOOPBACK, port: Port = 8082) -> None:
    """Articles and suggestions over HTTP."""
    from services.kb.main import KbSettings, api

    _run(load(KbSettings), lambda settings, broker: api(settings, broker, _listen(host, port)), needs_broker=False)


@app.command("kb-worker")
def kb_worker() -> None:
    """Suggests articles for new tickets."""
    from services.kb.main import KbSettings, worker

    _run(load(KbSettings), worker)


@app.command()
def web(host: Host = LOOPBACK, port: Port = 8080) -> None:
    """Portal and desk."""
    from services.web.main import WebSettings
    from services.web.main import web as pages

    _run(load(WebSettings), lambda settings, broker: pages(settings, broker, _listen(host, port)))


@app.command()
def migrate(state: State = DEFAULT) -> None:
    """Bring every service's tables, and the help centre that ships, to their newest form."""
    from services.database import SERVICES_WITH_TABLES
    from services.database import migrate as upgrade

    settings = reach(Settings, state)
    for service in SERVICES_WITH_TABLES:
        upgrade(settings.database_url.get_secret_value(), service)
        print(f"{service}: its tables are of the newest form.")
    loaded = asyncio.run(_load_help_centre(settings))
    print(f"Help centre: {loaded.written} texts written; left alone because somebody edited them: {len(loaded.kept)}.")


@app.command()
def doctor(state: State = DEFAULT) -> None:
    """Say in sentences what is wrong; exit code 1 where anything is."""
    from services.doctor import DoctorSettings, examine

    findings = asyncio.run(examine(reach(DoctorSettings, state)))
    console = Console(soft_wrap=True, highlight=False)
    for finding in findings:
        console.print("[green]✓[/]" if finding.well else "[red]✗[/]", finding.sentence, markup=True)
    if not all(finding.well for finding in findings):
        raise typer.Exit(EXIT_TROUBLE)


@app.command()
def token(name: Annotated[str, typer.Argument(metavar="NAME")], state: State = DEFAULT) -> None:
    """A token with which another service, NAME, may do what an agent may. Shown once, kept nowhere."""
    print(asyncio.run(_service_token(reach(Settings, state), name)))


@app.command()
def admin(
    email: Annotated[str, typer.Argument(metavar="EMAIL")],
    name: Annotated[str, typer.Option(help="For somebody new; the address where left out.")] = "",
    language: Annotated[Language, typer.Option(help="For somebody new.")] = Language.ENGLISH,
    state: State = DEFAULT,
) -> None:
    """Make somebody an administrator, and show the link with which they choose their password."""
    settings = reach(Settings, state)
    code = asyncio.run(_appoint(settings, email, name or email, language))
    print(f"{email} is an administrator. A link to choose a password, good for two hours and once:")
    print(f"{settings.public_url.rstrip('/')}/password?code={code}")


@app.command()
def contract(
    folder: Annotated[Path, typer.Argument(help="Where the documents are.")] = Path("deploy/contract"),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 where code and documents differ.")
    ] = False,
    breaking: Annotated[bool, typer.Option("--breaking", help="Write even what breaks who builds on it.")] = False,
) -> None:
    """Write what others build on: OpenAPI of both HTTP APIs and AsyncAPI of the events."""
    from services.contract_documents import check_documents, documents, write_documents

    if check:
        check_documents(folder, documents(_apis()))
    else:
        write_documents(folder, documents(_apis()), breaking=breaking)


app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(mail_command.app)
if find_spec("services.demo"):
    app.add_typer(importlib.import_module("services.demo").app)


def _run(settings: Chosen, job: "Callable[[Chosen, Broker], Job]", *, needs_broker: bool = True) -> None:
    """One process of one service, until SIGINT or SIGTERM. One that can do without the broker for a while connects
    to it by itself."""
    from services.broker import until_connected
    from services.chosen_broker import chosen_broker
    from services.process import run_until_stopped

    configure_logging(settings.log_format, settings.log_level)
    broker = chosen_broker(settings.broker_url.get_secret_value(), settings.database_url.get_secret_value())

    async def work() -> None:
        try:
            if needs_broker:
                await until_connected(broker)
            await job(settings, broker)
        finally:
            await broker.close()

    asyncio.run(run_until_stopped(work()))


def _listen(host: str, port: int) -> socket.socket:
    from services.process import listen

    try:
        return listen(host, port)
    except OSError as error:
        raise Permanent(
            f"Cannot listen on {host} port {port}: {error.strerror}. Choose another with --port."
        ) from error


async def _load_help_centre(settings: Settings) -> "Loaded":
    from services.clock import wall_clock
    from services.database import connect
    from services.kb.help_centre import load as load_help_centre

    engine = connect(settings.database_url.get_secret_value())
    try:
        return await load_help_centre(engine, wall_clock, settings.public_url)
    finally:
        await engine.dispose()


async def _appoint(settings: Settings, email: str, name: str, language: Language) -> str:
    from services.clock import wall_clock
    from services.database import connect, transaction
    from services.identity import Signer
    from services.intake.administrators import appoint

    engine, signer = connect(settings.database_url.get_secret_value()), Signer(settings.secret.get_secret_value())
    try:
        async with transaction(engine) as connection:
            return await appoint(connection, signer, email=email, name=name, language=language, now=wall_clock())
    finally:
        await engine.dispose()


def _apis() -> dict[str, dict[str, Any]]:
    from services.clock import wall_clock
    from services.contract import Policy
    from services.database import connect
    from services.identity import Signer
    from services.intake.app import build_api as intake_api
    from services.intake.attachments import PostgresBlobs
    from services.intake.desk import Desk
    from services.kb.app import build_api as kb_api
    from services.kb.catalogue import Catalogue
    from services.kb.library import Library

    # Made of nothing that is ever reached: only their descriptions are wanted.
    engine, signer = connect("postgresql:///"), Signer("-" * SECRET_CHARACTERS_MIN)
    desk = Desk(engine, PostgresBlobs(), Policy(), signer, wall_clock)
    library = Library(engine, Catalogue(engine), "", signer, wall_clock)
    return {"intake": intake_api(desk).openapi(), "kb": kb_api(library).openapi()}


async def _service_token(settings: Settings, name: str) -> str:
    from services.clock import wall_clock
    from services.database import connect, transaction
    from services.identity import Signer
    from services.intake.sessions import issue_service_token

    engine = connect(settings.database_url.get_secret_value())
    try:
        async with transaction(engine) as connection:
            return await issue_service_token(connection, Signer(settings.secret.get_secret_value()), name, wall_clock())
    finally:
        await engine.dispose()
