"""A seeded fault as `faults.toml` holds it, and where in the code it belongs. Reads files, changes none."""

import ast
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

FAULTS = Path(__file__).with_name("faults.toml")


class Fault(BaseModel):
    """One mistake. It names no file of the code, for files move: its snippet is looked for in all of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]
    breaks: Annotated[str, Field(min_length=1)]
    """What goes wrong with it, in a sentence."""
    find: Annotated[str, Field(min_length=1)]
    """As it stands in the code, exactly once."""
    replace: str
    tests: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names of tests, or `file::test` where a name alone is not unique; the first that fails has caught it."""


def read_faults(file: Path = FAULTS) -> tuple[Fault, ...]:
    """Every fault, in the order written down. Raises pydantic.ValidationError, and ValueError for an id given twice."""
    faults = TypeAdapter(tuple[Fault, ...]).validate_python(tomllib.loads(file.read_text())["fault"])
    known: set[str] = set()
    for fault in faults:
        if fault.id in known:
            raise ValueError(f"two faults are called {fault.id}")
        known.add(fault.id)
    return faults


def file_of(fault: Fault, services: Path) -> Path:
    """The file that holds the fault's snippet. Raises LookupError where it is not found exactly once."""
    found = [file for file, text in _sources(services) for _ in range(text.count(fault.find))]
    if len(found) != 1:
        places = ", ".join(str(file.relative_to(services.parent)) for file in found) or "nowhere"
        raise LookupError(f"{fault.id}: its snippet must be found once, and is found {len(found)} times: {places}")
    return found[0]


def seeded(fault: Fault, text: str) -> str:
    """The file's text with the fault in it."""
    return text.replace(fault.find, fault.replace)


def complaints(faults: Sequence[Fault], services: Path) -> Iterator[str]:
    """A sentence for each fault that cannot be seeded."""
    for fault in faults:
        try:
            file = file_of(fault, services)
            ast.parse(seeded(fault, file.read_text()))
        except LookupError as error:
            yield str(error.args[0])
        except SyntaxError as error:
            yield f"{fault.id}: with it in, {file.relative_to(services.parent)} is no Python any more: {error}"
        if fault.find == fault.replace:
            yield f"{fault.id}: it changes nothing"


@cache
def _sources(services: Path) -> tuple[tuple[Path, str], ...]:
    files = (file for file in sorted(services.rglob("*.py")) if "node_modules" not in file.parts)
    return tuple((file, file.read_text()) for file in files)
