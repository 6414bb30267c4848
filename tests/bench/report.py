"""Writes the bench's figures as tables for people and as JSON for machines."""

import json
from collections.abc import Iterator
from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from tests.bench.figures import Figures

SENTENCES_SHOWN = 20


def show(figures: Figures, console: Console) -> None:
    """Print the tables that have figures, and the disagreements in the books."""
    machine = figures.machine
    console.print(
        f"{machine.cores} cores ({machine.processor}), {machine.memory_gb} GB, {machine.system}, Python"
        f" {machine.python}. Load of the last minute: {machine.load[0]} before, {figures.load_at_end} at the end."
    )
    for table in _tables(figures):
        if table.row_count:
            console.print(table)
    for sentence in figures.disagreements[:SENTENCES_SHOWN]:
        console.print(f"[red]{sentence}[/]")
    if figures.storms or figures.killings:
        wrong = len(figures.disagreements)
        console.print(f"[red]The books disagree {wrong} times.[/]" if wrong else "The books agree.")


def as_json(figures: Figures) -> str:
    """Every figure as JSON, including those calculated from others."""
    whole = asdict(figures)
    for shown, rates in zip(whole["rates"], figures.rates, strict=True):
        shown |= {"raw": rates.raw, "ours": rates.ours, "ratio": rates.ratio}
    for shown, storm in zip(whole["storms"], figures.storms, strict=True):
        shown |= {"rate": storm.rate, "ratio": storm.ratio}
    return json.dumps(whole, indent=2)


def _tables(figures: Figures) -> Iterator[Table]:
    yield _rates(figures)
    yield _storms(figures)
    yield _killings(figures)
    yield _asleep(figures)


def _rates(figures: Figures) -> Table:
    table = _table("Telling clocks through the relay", "clocks", "directly /s", "ours /s", "ratio", "least to most")
    for rates in figures.rates:
        ratios = sorted(pair.ratio for pair in rates.pairs)
        spread = f"{ratios[0]:.2f}-{ratios[-1]:.2f}"
        table.add_row(rates.what, f"{rates.raw:.0f}", f"{rates.ours:.0f}", f"{rates.ratio:.2f}", spread)
    return table


def _storms(figures: Figures) -> Table:
    programs = sorted({name for storm in figures.storms for name in storm.cpu_ms})
    table = _table(
        "Deadlines due at the same instant",
        *("met", "deadlines", "asleep", "drained in", "a second", "÷ raw starts", "late p50", "p99", "worst"),
        *(f"{name}\nms each" for name in programs),
    )
    for storm in figures.storms:
        late = storm.lateness
        table.add_row(
            _MET[storm.meeting],
            f"{storm.met:,} of {storm.deadlines:,}",
            f"{storm.asleep:,}",
            f"{storm.drained_seconds:.1f} s",
            f"{storm.rate:.0f}",
            f"{storm.ratio:.2f}",
            *(f"{seconds:.1f} s" for seconds in (late.p50, late.p99, late.worst)),
            *(f"{storm.cpu_ms.get(name, 0):.1f}" for name in programs),
        )
    return table


def _killings(figures: Figures) -> Table:
    table = _table(
        "Killed in mid-storm (kill -9), started again at once",
        *("met", "killed", "at", "restarted in", "longest standstill"),
    )
    for killing in figures.killings:
        for recovery in killing.recoveries:
            table.add_row(
                _MET[killing.meeting],
                recovery.killed,
                f"{recovery.met_before:,} of {killing.deadlines:,}",
                f"{recovery.restarted_seconds:.1f} s",
                f"{recovery.standstill_seconds:.1f} s",
            )
        table.add_row(
            _MET[killing.meeting],
            f"drained in {killing.drained_seconds:.1f} s",
            f"{killing.submitted:,} submitted meanwhile",
            "",
            f"{len(killing.disagreements)} disagreements",
        )
    return table


def _asleep(figures: Figures) -> Table:
    table = _table(
        "Sleeping tickets",
        *("tickets", "worker", "server", "server's file", "worker idle", "server idle", "told and asleep in"),
    )
    for asleep in figures.asleep:
        table.add_row(
            f"{asleep.tickets:,}",
            *(f"{size:.0f} MB" for size in (asleep.worker_mb, asleep.server_mb, asleep.file_mb)),
            *(f"{percent:.1f} %" for percent in (asleep.worker_idle_percent, asleep.server_idle_percent)),
            f"{asleep.told_seconds:.0f} s",
        )
    return table


def _table(title: str, first: str, *others: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


_MET = {"direct": "over HTTP", "queue": "by queue"}
