"""`python -m tests.bench`: measures Balie's performance on real parts. It asserts no times.

Exits 1 only if the books disagree: a deadline met twice or never, or an acknowledged ticket lost.
"""

import asyncio
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.platform.telemetry import configure_logging
from tests.bench.clock import PARTS, QUICK, Plan, measure, new_figures
from tests.bench.report import as_json, show
from tests.bench.storm import MEETINGS

EXIT_BOOKS_DISAGREE = 1
WIDTH = 170

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def bench() -> None:
    """What Balie costs and withstands, as ratios within one run; compare nothing across runs."""


@app.command()
def clock(
    quick: Annotated[bool, typer.Option(help="Small numbers: to see that the bench itself works.")] = False,
    json: Annotated[Path | None, typer.Option(dir_okay=False, help="Write the figures here too.")] = None,
    only: Annotated[str, typer.Option(help=f"Of {','.join(PARTS)}; rates always.")] = ",".join(PARTS),
    storm: Annotated[int | None, typer.Option(min=1, help="Deadlines due at the same instant.")] = None,
    killing: Annotated[int | None, typer.Option(min=20, help="Deadlines in the storm with the kills.")] = None,
    asleep: Annotated[str | None, typer.Option("--sleepers", help="Sleeping tickets, as in 1000,10000,50000.")] = None,
    meetings: Annotated[str, typer.Option(help="How deadlines are met.")] = ",".join(MEETINGS),
) -> None:
    """Tickets' clocks: rates, storms, kills, and what sleepers take."""
    usual = QUICK if quick else Plan()
    plan = replace(
        usual,
        storm=storm or usual.storm,
        killing=killing or usual.killing,
        asleep=tuple(sorted(int(each) for each in asleep.split(","))) if asleep else usual.asleep,
        meetings=_of(meetings, MEETINGS),
    )
    configure_logging("console", "error")
    figures = new_figures()
    try:
        asyncio.run(measure(plan, _of(only, PARTS), figures, _Said()))
    finally:
        figures.load_at_end = round(os.getloadavg()[0], 2)
        show(figures, Console(width=WIDTH))
        if json:
            json.write_text(as_json(figures))
    if figures.disagreements:
        raise typer.Exit(EXIT_BOOKS_DISAGREE)


class _Said:
    def __init__(self) -> None:
        self._since = time.monotonic()

    def __call__(self, line: str) -> None:
        print(f"[{time.monotonic() - self._since:5.0f} s] {line}", file=sys.stderr, flush=True)


def _of(words: str, known: tuple[str, ...]) -> tuple[str, ...]:
    chosen = tuple(words.split(","))
    if unknown := set(chosen) - set(known):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: choose from {', '.join(known)}.")
    return chosen


if __name__ == "__main__":
    app()
