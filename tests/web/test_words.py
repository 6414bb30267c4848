"""The catalogues: complete, alike, and without leftovers."""

import re
from pathlib import Path
from string import Formatter

import pytest

from services.contract.vocabulary import ALERTS, DeadlineKind, Kind, Language
from services.web.words import FOLDER, Said, catalogues
from tests.moved_clock import START

WEB = FOLDER.parent
CATALOGUES = catalogues()
KEY = re.compile(r"""["']([a-z_]+(?:\.[\w-]+)+)["']""")
MADE = re.compile(r"""(?:\bt|self)\(\s*f?["']([a-z_]+\.[a-z_]*?)["{']|t\(\s*'([a-z_]+\.)' ~""")
"""Keys put together from a prefix and a value, as in `t(f"step.{kind}")`."""
NO_KEYS = (".html", ".js", ".svg", ".css", ".v1")
"""File names and event types look like keys."""
OF_PROBLEMS = ("problem.", "error.")
"""Chosen by what an API answers."""


def used() -> tuple[set[str], set[str]]:
    """The keys named in the sources, and the prefixes keys are made with."""
    sources = [file.read_text() for kind in ("*.py", "templates/**/*.html") for file in WEB.rglob(kind)]
    keys = {key for source in sources for key in KEY.findall(source)}
    prefixes = {re.match(r"[a-z_.]+", found[0] or found[1])[0] for s in sources for found in MADE.findall(s)}  # type: ignore[index]  # the pattern begins with these
    return keys, prefixes


@pytest.mark.parametrize("language", [Language.DUTCH, Language.ITALIAN])
def test_every_language_says_the_same_things(language: Language) -> None:
    assert sorted(CATALOGUES[language]) == sorted(CATALOGUES[Language.ENGLISH])


@pytest.mark.parametrize("language", list(Language))
def test_a_sentence_takes_the_same_facts_in_every_language(language: Language) -> None:
    for key, sentence in CATALOGUES[language].items():
        if not key.endswith(".one"):
            assert _facts(sentence) == _facts(CATALOGUES[Language.ENGLISH][key]), key


def test_no_sentence_is_missing_or_left_over() -> None:
    keys, prefixes = used()
    stems = {_stem(key) for key in CATALOGUES[Language.ENGLISH]}
    groups = {stem.partition(".")[0] for stem in stems}
    named = {key for key in keys if key.partition(".")[0] in groups and not key.endswith(NO_KEYS)}
    assert named - stems == set()
    made = tuple(prefix for prefix in prefixes if prefix.endswith((".", "_")))
    assert {stem for stem in stems - keys if not stem.startswith((*made, *OF_PROBLEMS))} == set()


def test_what_is_chosen_by_a_value_is_there_for_every_value() -> None:
    known = CATALOGUES[Language.ENGLISH]
    wanted = [f"kind.{kind}" for kind in Kind] + [f"step.{kind}" for kind in DeadlineKind if kind not in ALERTS]
    assert [key for key in wanted if key not in known] == []


def test_a_missing_fact_is_an_error_not_a_gap() -> None:
    said = Said(CATALOGUES[Language.ENGLISH], Language.ENGLISH, "Europe/Amsterdam", START)
    with pytest.raises(KeyError):
        said("next.reminder")


@pytest.mark.parametrize(("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 kB"), (25 * 1024**2, "25 MB")])
def test_sizes_are_said_shortly(size: int, text: str) -> None:
    assert Said(CATALOGUES[Language.ENGLISH], Language.ENGLISH, "Europe/Amsterdam", START).size(size) == text


def test_icons_named_in_pages_are_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (WEB / "static" / "icons.svg").read_text()))
    sources = "".join(file.read_text() for file in Path(WEB / "templates").rglob("*.html"))
    named = set(re.findall(r"icon\('([\w-]+)'", sources)) - {"priority-"}
    assert named - drawn == set()


def _stem(key: str) -> str:
    stem, _, last = key.rpartition(".")
    return stem if last in ("one", "other") and f"{stem}.one" in CATALOGUES[Language.ENGLISH] else key


def _facts(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}
