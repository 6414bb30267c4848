"""`python -m tests.frozen DIR`: writes all that can be observed of Balie into DIR; same behaviour gives same bytes."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from services.cli.contract_documents import documents, write_documents
from services.platform.telemetry import configure_logging
from tests.frozen import apps
from tests.frozen.collected import Collecting
from tests.frozen.command_line import helps
from tests.frozen.mails import mails
from tests.frozen.published import events
from tests.frozen.schema import schema
from tests.frozen.told import sentences
from tests.frozen.words import words

FILES: dict[str, Callable[[], str]] = {
    "schema.sql": schema,
    "cli.txt": helps,
    "words.txt": words,
    "sentences.txt": sentences,
    "events.txt": events,
    "mails.txt": mails,
}


def freeze(folder: Annotated[Path, typer.Argument(metavar="DIR", file_okay=False)]) -> None:
    """Write what can be observed of Balie into DIR, to be compared with another commit's by `diff -r`."""
    configure_logging("console", "warning")
    collecting = Collecting()
    folder.mkdir(parents=True, exist_ok=True)
    described = {"intake": apps.intake().openapi(), "kb": apps.kb().openapi()}
    write_documents(folder, documents(described), breaking=True)
    for name, text in FILES.items():
        (folder / name).write_text(text())
    (folder / "test-ids.txt").write_text(collecting.ids())


if __name__ == "__main__":
    typer.run(freeze)
