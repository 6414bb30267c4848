"""`balie mail-outage`: an operator reports that mail could not come in, so that no ticket is closed because of it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from services.cli.state_folder import DEFAULT, StateFolder, reach
from services.platform.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from services.intake.tickets.mail_outages import Outage

SHOWN_MAX = 100

app = typer.Typer(no_args_is_help=True, help="When mail could not come in: closures wait as long again.")
Found = TypeVar("Found")


def _instant(given: str) -> datetime:
    try:
        instant = datetime.fromisoformat(given)
    except ValueError:
        raise typer.BadParameter("give an instant as in 2026-11-22T09:30 or 2026-11-22T09:30+01:00.") from None
    # Without a zone, the local time of the operator's machine is meant.
    return instant.astimezone(UTC)


def _when(given: str | None) -> str | None:
    if given is not None:
        _instant(given)
    return given


_LOCAL = "Without a zone, as in 2026-11-22T09:30, in that of this machine."
Since = Annotated[str | None, typer.Option("--from", callback=_when, help=f"Since when; now where left out. {_LOCAL}")]
Until = Annotated[str | None, typer.Option("--to", callback=_when, help=f"Until when, where it is over. {_LOCAL}")]


@app.command()
def begin(
    reason: Annotated[str, typer.Argument(metavar="REASON", help="For the ticket's history.")],
    since: Since = None,
    until: Until = None,
    state: StateFolder = DEFAULT,
) -> None:
    """Mail cannot come in, or could not between --from and --to."""
    from services.intake.tickets.mail_outages import report_outage
    from services.platform.clock import wall_clock

    now = wall_clock()
    began_at, ended_at = _instant(since) if since else now, _instant(until) if until else None
    added = _ask(state, lambda connection: report_outage(connection, began_at, ended_at, reason, now))
    for each in added:
        print(_told(each))
    if not added:
        print("All of that time was known already.")


@app.command()
def end(
    outage: Annotated[int, typer.Argument(metavar="ID", help="As `list` shows it.")],
    until: Until = None,
    state: StateFolder = DEFAULT,
) -> None:
    """Mail comes in again."""
    from services.intake.tickets.mail_outages import end_outage
    from services.platform.clock import wall_clock

    now = wall_clock()
    ended_at = _instant(until) if until else now
    print(_told(_ask(state, lambda connection: end_outage(connection, outage, ended_at, now))))


@app.command("list")
def list_all(state: StateFolder = DEFAULT) -> None:
    """The outages known, newest first."""
    from services.intake.tickets.mail_outages import list_outages

    found = _ask(state, lambda connection: list_outages(connection, None, SHOWN_MAX))
    for each in found:
        print(_told(each))
    if not found:
        print("No outage of mail is known.")


def _told(outage: "Outage") -> str:
    until = _shown(outage.ended_at) if outage.ended_at else "now"
    return f"{outage.id}: {_shown(outage.began_at)} until {until}: {outage.reason}"


def _shown(at: datetime) -> str:
    return f"{at.astimezone(UTC):%F %R} UTC"


def _ask(state: Path, work: "Callable[[AsyncConnection], Awaitable[Found]]") -> Found:
    from services.platform.database import connect, transaction

    settings = reach(Settings, state)

    async def ask() -> Found:
        engine = connect(settings.database_url.get_secret_value())
        try:
            async with transaction(engine) as connection:
                return await work(connection)
        finally:
            await engine.dispose()

    return asyncio.run(ask())
