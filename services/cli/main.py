"""The `balie` command: runs the whole desk on one machine, or one process of it; and the commands for operators.

A subcommand imports its code only when it runs, so that `balie --help` need not load a database driver.
"""

import asyncio
import socket
import sys
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console

from services.cli import dead_letters, mail_outage, operator_commands, receive_mail, simulate
from services.cli.demo import command as demo
from services.cli.state_folder import DEFAULT, StateFolder
from services.contract.errors import BalieError, Permanent
from services.platform.settings import Settings, load
from services.platform.telemetry import configure_logging

if TYPE_CHECKING:
    from services.messaging.broker import Broker
    from services.platform.process import Job

EXIT_TROUBLE = 1
LOOPBACK = "127.0.0.1"
PORT_MAX = 65535

Chosen = TypeVar("Chosen", bound=Settings)


class LogLevel(StrEnum):
    """The least level logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


# Typer's own traceback would show the values of variables, secrets among them.
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Balie: a support desk in which time never gets lost.",
)
Host = Annotated[str, typer.Option(envvar="BALIE_HOST", help="The address to listen on.")]
Port = Annotated[
    int, typer.Option(envvar="BALIE_PORT", min=0, max=PORT_MAX, help="The port to listen on; 0 takes a free one.")
]


def _smtp(url: str | None) -> str | None:
    from services.notify.smtp import SmtpTransport

    if url is not None:
        try:
            SmtpTransport(url)
        except ValueError:
            # Show neither the URL nor the error's text: they may hold a password.
            raise typer.BadParameter(
                "that is no address of a mail server; give it as smtp://user:password@host:587?starttls=required"
                " or smtps://host."
            ) from None
    return url


def main() -> None:
    """The console script. Prints a BalieError as one sentence, and exits with code 1."""
    try:
        app()
    except BalieError as error:
        print(error.detail, file=sys.stderr)
        raise SystemExit(EXIT_TROUBLE) from None


@app.command()
def up(
    state: StateFolder = DEFAULT,
    port: Annotated[int, typer.Option(min=0, max=PORT_MAX, help="The port people come to; taken: a free one.")] = 8080,
    smtp_url: Annotated[
        str | None,
        typer.Option(
            envvar="BALIE_SMTP_URL",
            callback=_smtp,
            help="Send mail out here; without it mails land in the desk's mailbox.",
        ),
    ] = None,
    log_level: Annotated[
        LogLevel, typer.Option(envvar="BALIE_LOG_LEVEL", help="The least level logged.")
    ] = LogLevel.WARNING,
) -> None:
    """The whole of Balie in one process, on loopback, with demonstration people to log in as."""
    from services.cli.embedded.run import run

    configure_logging("console", log_level)
    run(state, port, smtp_url, Console())


@app.command("intake-api")
def intake_api(host: Host = LOOPBACK, port: Port = 8081) -> None:
    """Tickets, people and organisations over HTTP."""
    from services.intake.main import IntakeSettings, api

    settings, listening = load(IntakeSettings), _listen(host, port)
    _run(settings, lambda settings, broker: api(settings, broker, listening), needs_broker=False)


@app.command("intake-worker")
def intake_worker() -> None:
    """Tells clocks and broker what happened, and meets deadlines."""
    from services.intake.main import IntakeSettings, worker

    _run(load(IntakeSettings), worker, needs_broker=False)


@app.command()
def workflows() -> None:
    """Runs the tickets' clocks."""
    from services.platform.process import run_until_stopped
    from services.workflows.main import WorkflowsSettings, worker

    settings = load(WorkflowsSettings)
    configure_logging(settings.log_format, settings.log_level)
    # Not by `_run`: that makes a broker, and this process has no settings for a broker or a database.
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

    settings, listening = load(KbSettings), _listen(host, port)
    _run(settings, lambda settings, broker: api(settings, broker, listening), needs_broker=False)


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

    settings, listening = load(WebSettings), _listen(host, port)
    _run(settings, lambda settings, broker: pages(settings, broker, listening), needs_broker=False)


app.add_typer(operator_commands.app)
app.add_typer(simulate.app)
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(receive_mail.app)
app.add_typer(mail_outage.app, name="mail-outage")
app.add_typer(demo.app)


def _run(settings: Chosen, job: "Callable[[Chosen, Broker], Job]", *, needs_broker: bool = True) -> None:
    """Runs one process of one service until SIGINT or SIGTERM. Without `needs_broker`, the job starts before the broker
    is connected, and connects to it by itself."""
    from services.cli.chosen_broker import chosen_broker
    from services.messaging.broker import until_connected
    from services.platform.process import run_until_stopped

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
    from services.platform.process import listen

    try:
        return listen(host, port)
    except OSError as error:
        raise Permanent(
            f"Cannot listen on {host} port {port}: {error.strerror}. Choose another with --port."
        ) from error
