"""Names of our modules and files that stand in strings, settings and texts name something that is there.

Whoever moves a file is not told by Python that such a name misses: a mutation run that mutates nothing passes.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.architecture import ROOT

DOTTED = re.compile(r"(services|tests)(\.\w+)+")
IN_TEXT = re.compile(r"(?<![\w./-])(?:services|tests|deploy|docs)/[\w./*-]*\w")
NAMED_FILE = re.compile(r"`((?:[\w-]+/)*[\w-]+\.(?:py|toml|md|css|js))`")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)[^)]*\)")
IDENTIFIER = re.compile(r"`([A-Za-z_]+(?:\.(?!py\b|md\b)[a-z_]+)*)`")
MADE_LATER = ("services/web/static/vendor", "services/web/node_modules", "deploy/.env")
OF_OTHERS = {"schema.py", "pyproject.toml", "page.js", "keys.js"}
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())


def _sources() -> Iterator[Path]:
    for room in ("services", "tests"):
        yield from (file for file in (ROOT / room).rglob("*.py") if "node_modules" not in file.parts)


def _texts() -> Iterator[Path]:
    yield from _pages()
    named = ("Makefile", "pyproject.toml", ".dockerignore", ".gitignore", ".editorconfig", ".pre-commit-config.yaml")
    yield from (ROOT / name for name in named)
    yield from (
        file for file in (ROOT / "deploy").rglob("*") if file.is_file() and file.suffix not in (".json", ".png")
    )


def _pages() -> Iterator[Path]:
    yield from (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md"))
    yield from (ROOT / "docs").rglob("*.md")


def _rows_of_the_map() -> list[str]:
    rows = (ROOT / "docs" / "README.md").read_text(encoding="utf-8").splitlines()
    return [row for row in rows if row.startswith("| ") and "`services/" in row]


def _strings(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_each_dotted_name_in_a_string_is_a_module_or_what_a_module_holds() -> None:
    named = {text for file in _sources() for text in _strings(file) if DOTTED.fullmatch(text)}
    assert len(named) > 20  # those of monkeypatch and `python -m` among them
    assert {name for name in named if not _is_there(name)} == set()


def test_each_module_that_a_child_process_runs_is_there() -> None:
    run = {
        words[at + 1]
        for file in _sources()
        for words in _sequences(file)
        for at, word in enumerate(words[:-1])
        if word == "-m"
    }
    assert {"tests.messaging.relay.doomed_relay", "tests.notify.one_delivery"} <= run
    assert {name for name in run if DOTTED.fullmatch(name) and not _is_there(name)} == set()


@pytest.mark.parametrize("pattern", SETTINGS["tool"]["mutmut"]["only_mutate"])
def test_each_place_that_is_mutated_is_there(pattern: str) -> None:
    assert list(ROOT.glob(pattern)) != []


@pytest.mark.parametrize("file", SETTINGS["tool"]["mutmut"]["pytest_add_cli_args_test_selection"])
def test_each_test_that_judges_mutants_is_there(file: str) -> None:
    assert (ROOT / file).is_file()


@pytest.mark.parametrize("pattern", SETTINGS["tool"]["setuptools"]["package-data"]["*"])
def test_each_kind_of_file_that_is_installed_is_there(pattern: str) -> None:
    assert list((ROOT / "services").rglob(pattern)) != []


@pytest.mark.parametrize("command", SETTINGS["project"]["scripts"].values())
def test_the_command_is_there(command: str) -> None:
    module, _, function = command.partition(":")
    assert callable(getattr(import_module(module), function))


def test_each_path_in_settings_and_texts_is_there() -> None:
    named = {path for file in _texts() for path in IN_TEXT.findall(file.read_text(encoding="utf-8"))}
    assert len(named) > 20
    assert {path for path in named if not path.startswith(MADE_LATER) and not list(ROOT.glob(path))} == set()


def test_each_file_that_a_comment_or_a_text_names_is_there() -> None:
    named = {name for file in (*_sources(), *_texts()) for name in NAMED_FILE.findall(file.read_text(encoding="utf-8"))}
    assert len(named) > 20
    assert {name for name in named - OF_OTHERS if not list(ROOT.glob(f"{name}")) and not _lies_somewhere(name)} == set()


def test_each_link_of_a_page_leads_to_a_file() -> None:
    links = {(page, link) for page in _pages() for link in LINK.findall(page.read_text(encoding="utf-8"))}
    assert len(links) > 80  # the decisions are linked, each from their index
    assert {(page.name, link) for page, link in links if not (page.parent / link).exists()} == set()


def test_each_decision_stands_in_their_index() -> None:
    decisions = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    index = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    assert [int(file.name[:4]) for file in decisions] == list(range(1, len(decisions) + 1))
    assert [file.name for file in decisions] == re.findall(r"\((\d{4}-[\w-]+\.md)\)", index)


@pytest.mark.parametrize("row", _rows_of_the_map())
def test_what_a_row_of_the_map_names_is_in_a_file_that_it_names(row: str) -> None:
    files = [file for path in IN_TEXT.findall(row) for file in ROOT.glob(path.replace("<language>", "en"))]
    texts = "".join(file.read_text(encoding="utf-8") for file in files if file.is_file())
    assert {name for name in IDENTIFIER.findall(row) if not re.search(rf"\b{_in_code(name)}\b", texts)} == set()


def _in_code(name: str) -> str:
    setting = name.startswith("BALIE_")  # `services/platform/settings.py` reads it into a field of its name
    return name.removeprefix("BALIE_").lower() if setting else name.split(".")[-1]


def _lies_somewhere(name: str) -> bool:
    return any(list((ROOT / room).rglob(name)) for room in ("services", "tests", "deploy", "docs"))


def _sequences(file: Path) -> Iterator[list[str]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        parts = node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.Tuple | ast.List) else []
        yield [part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "" for part in parts]


def _is_there(name: str) -> bool:
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        place = ROOT.joinpath(*parts[:end])
        if place.with_suffix(".py").is_file() or (place / "__init__.py").is_file():
            found: object = import_module(".".join(parts[:end]))
            for part in parts[end:]:
                if not hasattr(found, part):
                    return False
                found = getattr(found, part)
            return True
    return False


def test_the_example_of_a_move_is_the_move_as_it_is() -> None:
    page = (ROOT / "docs/adding-a-move.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert example == (ROOT / "services/intake/rules/moves/thank.py").read_text(encoding="utf-8")
