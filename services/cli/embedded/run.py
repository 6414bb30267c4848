"""`balie up`: runs the embedded Balie from its start to Ctrl-C, and prints its addresses."""

import asyncio
import os
import signal
import time
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from services.cli.embedded.whole import USUAL_PORTS, Embedded, Ports, running
from services.intake.people.demonstration import PEOPLE

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EXIT_IMPATIENT = 130
PATIENCE_SECONDS = 2.0


def run(state: Path, port: int, smtp_url: str | None, console: Console) -> None:
    """Runs until Ctrl-C or SIGTERM, which stop everything cleanly. Raises what `running` raises."""
    os.umask(0o077)  # other users of this machine may not read mails and attachments
    usual = USUAL_PORTS
    ports = Ports(port, usual.intake, usual.kb, usual.temporal, usual.temporal_ui)
    asyncio.run(_until_told(state, ports, smtp_url, console))


async def _until_told(state: Path, ports: Ports, smtp_url: str | None, console: Console) -> None:
    running_task = asyncio.ensure_future(_run(state, ports, smtp_url, console))
    told = _Told(running_task, console)
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, told.stop)
    try:
        await running_task
    except asyncio.CancelledError:
        console.print("Stopped; everything is kept for the next start.")


class _Told:
    def __init__(self, running_task: "asyncio.Task[None]", console: Console) -> None:
        self._running_task = running_task
        self._console = console
        self._first: float | None = None

    def stop(self) -> None:
        """Stops cleanly at the first signal, and at once at a later one: the guards then stop the parts."""
        now = time.monotonic()
        if self._first is None:
            self._first = now
            self._console.print("\nStopping…")
            self._running_task.cancel()
        # One Ctrl-C may come twice: from the terminal and through `make`.
        elif now - self._first > PATIENCE_SECONDS:
            os._exit(EXIT_IMPATIENT)


async def _run(state: Path, ports: Ports, smtp_url: str | None, console: Console) -> None:
    console.print(f"Starting PostgreSQL, Temporal and Balie on {state}…")
    async with running(state, ports=ports, smtp_url=smtp_url) as balie:
        for sentence in balie.moved:
            console.print(f"[yellow]{sentence}[/]")
        console.print(Panel(_welcome(balie), title="Balie is open", expand=False))
        await balie.run_on()


def _welcome(balie: Embedded) -> Table:
    welcome = Table.grid(padding=(0, 2))
    for name, value in _addresses(balie).items():
        welcome.add_row(f"[bold]{name}[/]", value)
    welcome.add_row("")
    welcome.add_row("[bold]Log in as[/]", f"anyone below, password [bold]{balie.password}[/]")
    for somebody in PEOPLE:
        where = f"{somebody.role}, {somebody.organisation}" if somebody.organisation else str(somebody.role)
        welcome.add_row("", f"{somebody.email:<26} {somebody.name} ({where}, {somebody.language})")
    welcome.add_row("")
    welcome.add_row("[bold]State[/]", f"{balie.state}   (Ctrl-C stops; nothing is lost)")
    return welcome


def _addresses(balie: Embedded) -> dict[str, str]:
    addresses = {"Portal": balie.web_url, "Desk": f"{balie.web_url}/desk"}
    if balie.mail_folder:
        addresses["Mailbox"] = f"{balie.web_url}/desk/mailbox   (also as files in {balie.mail_folder})"
    return addresses | {
        "Tickets API": f"{balie.intake_url}/api/v1/docs",
        "Articles API": f"{balie.kb_url}/api/v1/docs",
        "Temporal": balie.temporal_ui_url,
    }
