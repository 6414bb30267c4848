"""Tests by their name alone, wherever their file is: files of tests move as well."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.faults.fault import Fault

_TEST = re.compile(r"^(?:async )?def (test_\w+)\(", re.MULTILINE)
NodeIds = Mapping[str, Sequence[str]]
"""Of each name, the tests there are, as pytest knows them."""


def known_tests(root: Path) -> NodeIds:
    """Every test function below `root`/tests."""
    found: dict[str, list[str]] = {}
    for file in sorted((root / "tests").rglob("test_*.py")):
        for name in _TEST.findall(file.read_text()):
            found.setdefault(name, []).append(f"{file.relative_to(root)}::{name}")
    return found


def node_id(test: str, known: NodeIds) -> str:
    """The test as pytest takes it; `[…]` behind a name chooses one set of its parameters. Raises LookupError."""
    path, _, called = test.rpartition("::")
    name, bracket, parameters = called.partition("[")
    found = [each for each in known.get(name, ()) if not path or each == f"{path}::{name}"]
    if len(found) != 1:
        raise LookupError(f"{test} is {len(found)} tests, not one" + (f": {', '.join(found)}" if found else ""))
    return f"{found[0]}{bracket}{parameters}"


def node_ids(faults: Iterable[Fault], known: NodeIds) -> list[str]:
    """Every test that some fault names, each once, in the order of their files. Raises LookupError."""
    return sorted({node_id(test, known) for fault in faults for test in fault.tests})


def unknown_tests(faults: Iterable[Fault], known: NodeIds) -> Iterator[str]:
    """A sentence for each test that is not there."""
    for fault in faults:
        for test in fault.tests:
            try:
                node_id(test, known)
            except LookupError as error:
                yield f"{fault.id}: {error.args[0]}"
