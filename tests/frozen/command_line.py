"""The help texts of `balie` and of each of its subcommands."""

from collections.abc import Iterator

from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from services.cli.main import app

SURROUNDINGS = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}


def helps() -> str:
    """The help of `balie` and of all its subcommands, ordered by name."""
    return "\n".join(f"$ {' '.join(path)} --help\n{_help(path)}" for path in _paths(("balie",), get_command(app)))


def _paths(path: tuple[str, ...], command: object) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, TyperGroup):
        for name in sorted(command.commands):
            yield from _paths((*path, name), command.commands[name])


def _help(path: tuple[str, ...]) -> str:
    name, *words = path
    result = CliRunner().invoke(app, [*words, "--help"], prog_name=name, env=SURROUNDINGS)
    if result.exit_code != 0:
        raise RuntimeError(f"{' '.join(path)} --help failed: {result.output}")
    return "".join(f"{line.rstrip()}\n" for line in result.output.splitlines())
