"""`balie receive-mail`: bring mails in from files, or from a mail server that hands one over on standard input."""

from pathlib import Path
from typing import Annotated

import typer

from services.state_folder import DEFAULT

EXIT_REFUSED = 1

app = typer.Typer()
Mails = Annotated[
    list[Path],
    typer.Argument(metavar="FILE...", exists=True, dir_okay=False, allow_dash=True, help="Mails; - reads one."),
]
State = Annotated[Path, typer.Option(envvar="BALIE_STATE", help="The folder of a Balie that runs whole.")]


@app.command("receive-mail")
def receive(files: Mails, state: State = DEFAULT) -> None:
    """Bring mails in as tickets and replies; one that came before changes nothing. Exit code 1 where one is refused."""
    # Here, because `balie --help` need not load a database driver.
    from services.intake.mail_files import receive_files

    if not receive_files(files, state):
        raise typer.Exit(EXIT_REFUSED)
