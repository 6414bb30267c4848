"""`balie simulate`: shows what another policy would have done to the existing tickets, as a table, JSON or CSV."""

import csv
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TextIO

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli.state_folder import DEFAULT, StateFolder, reach
from services.contract.errors import Invalid, NotFound
from services.platform.settings import EXIT_USAGE, Settings

if TYPE_CHECKING:
    from services.intake.rules.simulation.outcome import SimulationOutcome

POLICY_BYTES_MAX = 1_000_000
TABLE_COLUMNS = 110
"""The width, in characters, of a table that is written to a file."""

app = typer.Typer()


class OutputFormat(StrEnum):
    """How the outcome is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def _writable(out: Path | None) -> Path | None:
    if out is not None and not out.parent.is_dir():
        raise typer.BadParameter(f"{out} cannot be written: there is no folder {out.parent}.")
    return out


def _text(file: Path) -> Path:
    if file.stat().st_size > POLICY_BYTES_MAX:
        raise typer.BadParameter(f"{file} is too large for a policy.")
    return file


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no day or instant; write 2026-03-31, or 2026-03-31T09:00+02:00."
        ) from None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


PolicyFile = Annotated[
    Path,
    typer.Option(
        "--policy", metavar="FILE", exists=True, dir_okay=False, callback=_text, help="TOML: what is promised instead."
    ),
]
Since = Annotated[
    datetime,
    typer.Option("--from", parser=_instant, metavar="DAY", help="Automatic acts from this day or instant on (UTC)."),
]
Until = Annotated[
    datetime | None, typer.Option("--to", parser=_instant, metavar="DAY", help="Up to this one, exclusive; else now.")
]


@app.command()
def simulate(
    policy: PolicyFile,
    since: Since,
    until: Until = None,
    organisation: Annotated[str | None, typer.Option(help="Only this one's tickets, by name or id.")] = None,
    form: Annotated[OutputFormat, typer.Option("--format", help="How to write the outcome.")] = OutputFormat.TABLE,
    out: Annotated[
        Path | None,
        typer.Option(dir_okay=False, writable=True, callback=_writable, help="Write it here."),
    ] = None,
    processes: Annotated[int, typer.Option(min=1, max=64, help="How many at a time; else one for each core.")] = (
        os.cpu_count() or 1
    ),
    state: StateFolder = DEFAULT,
) -> None:
    """How often the clock would have acted under other promises: the tickets' recorded lives, lived again.

    People do what they did; changes nothing. deploy/policy.example.toml shows what a policy file may say.
    """
    from services.intake.simulation.simulation import Order, simulate
    from services.platform.clock import wall_clock

    now = wall_clock()
    order_until = until or now
    if not since < order_until <= now + timedelta(seconds=1):
        _refuse("Give a --to after --from that has been already: what is to come has no history.")
    settings = reach(Settings, state)
    try:
        order = Order(policy.read_text(encoding="utf-8"), since, order_until, organisation, processes)
        outcome = simulate(settings.database_url.get_secret_value(), order)
    except Invalid as error:
        _refuse(f"{policy}: {error.detail}")
    except UnicodeDecodeError:
        _refuse(f"{policy}: that is no text in UTF-8.")
    except NotFound as error:
        _refuse(error.detail)
    if out is None:
        _write(outcome, form, sys.stdout)
        return
    with out.open("w", encoding="utf-8", newline="") as file:
        _write(outcome, form, file)


def _refuse(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    raise typer.Exit(EXIT_USAGE)


def _write(outcome: "SimulationOutcome", form: OutputFormat, file: TextIO) -> None:
    match form:
        case OutputFormat.JSON:
            json.dump(outcome.document(), file, indent=2, ensure_ascii=False)
            file.write("\n")
        case OutputFormat.CSV:
            from services.intake.rules.simulation.outcome import CSV_HEAD

            csv.writer(file).writerows([CSV_HEAD, *outcome.rows()])
        case OutputFormat.TABLE:
            _show(outcome, Console(file=file, width=None if file.isatty() else TABLE_COLUMNS, highlight=False))


def _show(outcome: "SimulationOutcome", console: Console) -> None:
    table = Table("organisation", "act", *(f"{name}" for name in ("recorded", "before", "after", "difference")))
    for column in table.columns[2:]:
        column.justify = "right"
    last = ""
    for name, act, recorded, before, after, difference in outcome.rows():
        if not (recorded or before or after):
            continue
        if name != last:
            table.add_section()
        shown = [f"{number:,}" for number in (recorded, before, after)]
        table.add_row("" if name == last else Text(name), act, *shown, f"{difference:+,}" if difference else "")
        last = name
    console.print(table)
    for _, name, tally in outcome.organisations:
        console.print(f"{name}: {tally.sentence()}", markup=False)
    console.print(outcome.total.sentence(), style="bold", markup=False)
    console.print(outcome.truth(), markup=False)
