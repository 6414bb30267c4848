"""Words, instants and durations in the reader's language and time zone, for the sentences of a history. Pure.

The words are in `sentences/<language>.toml`.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from babel.lists import format_list

from services.contract import wording
from services.contract.event_data import Actor
from services.contract.vocabulary import Language
from services.promises.policy import Policy

FOLDER = Path(__file__).parent / "sentences"


@dataclass(frozen=True)
class Teller:
    """Writes sentences in one language and time zone. `inside`: for readers who may see what support sees."""

    language: Language
    zone: str
    """The reader's."""
    inside: bool
    policies: Mapping[str, Policy] = field(default_factory=dict)
    """Those that the history names, by version."""

    def say(self, key: str, **facts: object) -> str:
        """The text under `key`, with the facts filled in. Raises KeyError where the key or a fact is missing."""
        return _catalogue(self.language)[key].format_map(facts)

    def who(self, actor: Actor) -> str:
        """The name of who acted; the clock's name is translated."""
        return self.say("clock") if actor.kind == "clock" else actor.name

    def short(self, instant: datetime | None) -> str:
        """An instant as a short date and time with its zone; None becomes "never"."""
        return self.say("never") if instant is None else wording.short_moment(instant, self.language, self.zone)

    def length(self, length: timedelta) -> str:
        """A duration in words, exact to its two largest units."""
        return wording.exact_duration(length, self.language)

    def listed(self, parts: Iterable[str]) -> str:
        """The parts as a list in words, as in "a, b and c"."""
        return format_list(list(parts), locale=wording.locale_of(self.language))


def languages_said() -> Mapping[Language, Mapping[str, str]]:
    """All texts of history, by language and key."""
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
