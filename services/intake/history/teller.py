"""Saying what happened to a ticket in one language and time zone: its words, instants and lengths of time. Pure.

The words are in `sentences/<language>.toml`.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from babel.lists import format_list

from services.contract import wording
from services.contract.event_data import Actor
from services.contract.vocabulary import Language

FOLDER = Path(__file__).parent / "sentences"

LineFacts = Mapping[str, Any]
"""What a line of history keeps, as `tickets.Entry` has it."""


@dataclass(frozen=True)
class Teller:
    """Tells of a ticket in one language and time zone; `inside` to those who may know what support knows."""

    language: Language
    zone: str
    inside: bool

    def say(self, key: str, **facts: object) -> str:
        """The words under `key`, filled in. Raises KeyError where a key or a fact is missing."""
        return _catalogue(self.language)[key].format_map(facts)

    def who(self, actor: Actor) -> str:
        """Who did it; the clock has a name of its own."""
        return self.say("clock") if actor.kind == "clock" else actor.name

    def short(self, instant: str | None) -> str:
        """An instant of the facts."""
        if instant is None:
            return self.say("never")
        return wording.short_moment(datetime.fromisoformat(instant), self.language, self.zone)

    def length(self, length: timedelta) -> str:
        """A length of time in its two largest units: evidence is exact."""
        return wording.exact_duration(length, self.language)

    def listed(self, parts: Iterable[str]) -> str:
        """As in "a, b and c"."""
        return format_list(list(parts), locale=wording.locale_of(self.language))


def languages_said() -> Mapping[Language, Mapping[str, str]]:
    """Every language's words."""
    return {language: _catalogue(language) for language in Language}


@cache
def _catalogue(language: Language) -> Mapping[str, str]:
    with (FOLDER / f"{language}.toml").open("rb") as file:
        return dict(_flat("", tomllib.load(file)))


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}{name}.", value)
        else:
            yield f"{prefix}{name}", value
