"""`balie receive-mail`: receives mails from files, or one mail that a mail server writes to standard input."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from services.cli.state_folder import DEFAULT

EXIT_REFUSED = 1
STANDARD_INPUT = Path("-")

app = typer.Typer()


def _readable(files: list[Path]) -> list[Path]:
    for file in files:
        if file != STANDARD_INPUT and not file.is_file():
            raise typer.BadParameter(f"there is no file {file}.")
    return files


Mails = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", callback=_readable, help="Mails; - reads one from standard input."),
]
AnyStateFolder = Annotated[Path, typer.Option(envvar="BALIE_STATE", help="The folder of a Balie that runs whole.")]


@app.command("receive-mail")
def receive(files: Mails, state: AnyStateFolder = DEFAULT) -> None:
    """Bring mails in as tickets and replies; one that came before changes nothing. Exit code 1 where one is refused."""
    # Imported here, so that `balie --help` need not load a database driver.
    from services.cli.mail_files import receive_files

    if not receive_files(((str(file), _content(file)) for file in files), state):
        raise typer.Exit(EXIT_REFUSED)


def _content(file: Path) -> bytes:
    return sys.stdin.buffer.read() if file == STANDARD_INPUT else file.read_bytes()
