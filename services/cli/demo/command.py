"""`balie demo`: real mails become tickets and live through weeks in seconds, and the books are checked at the end."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

EXIT_TROUBLE = 1
EXIT_INTERRUPTED = 130
DAY_SECONDS = 3.0
DAY_SECONDS_MIN, DAY_SECONDS_MAX = 0.2, 60.0
SAMPLES = Path(__file__).parents[4] / "shared" / "data" / "mail"

app = typer.Typer()


class Parts(StrEnum):
    """Which broker carries the events."""

    LOCAL = "local"
    RABBITMQ = "rabbitmq"
    GIVEN = "given"
    """The broker of a Balie that is already running, which the environment names."""


def _with_mails(folder: Path) -> Path:
    if not folder.is_dir():
        raise typer.BadParameter(f"there is no folder {folder}.")
    if not any(folder.glob("*.eml")):
        raise typer.BadParameter(f"there is no mail (*.eml) in {folder}.")
    return folder


@app.command()
def demo(
    mail: Annotated[
        Path,
        typer.Option(
            envvar="BALIE_MAIL_SAMPLES", callback=_with_mails, show_default=False, help="A folder of mails (*.eml)."
        ),
    ] = SAMPLES,
    parts: Annotated[
        Parts,
        typer.Option(
            help="local: events go through PostgreSQL; rabbitmq: a real one; "
            "given: play on the Balie that the environment names, which must be empty."
        ),
    ] = Parts.LOCAL,
    tickets: Annotated[int | None, typer.Option(min=1, help="Bring in at most so many mails.")] = None,
    day: Annotated[
        float, typer.Option(min=DAY_SECONDS_MIN, max=DAY_SECONDS_MAX, help="How many seconds a day takes.")
    ] = DAY_SECONDS,
) -> None:
    """Bring real mails in, run their tickets through a fast life, check the books. Exit code 1 where they disagree."""
    # Imported here, so that `balie --help` need not load a database driver.
    import asyncio

    from services.cli.demo.given import GivenSettings
    from services.cli.demo.post import letters
    from services.cli.demo.run import demonstrate
    from services.platform.settings import load
    from services.platform.telemetry import configure_logging

    configure_logging("console", "error")
    telling = demonstrate(
        letters(mail, tickets),
        rabbitmq=parts is Parts.RABBITMQ,
        day_seconds=day,
        console=Console(),
        on=load(GivenSettings) if parts is Parts.GIVEN else None,
    )
    try:
        well = asyncio.run(telling)
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if not well:
        raise typer.Exit(EXIT_TROUBLE)
