"""What the pages say, in three languages: `words/<language>.toml`, one sentence a key."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from babel.dates import get_day_names

from services.contract import wording
from services.contract.vocabulary import (
    ArticleKind,
    Channel,
    ClosedReason,
    DeadlineKind,
    Kind,
    Language,
    Metric,
    Priority,
    Role,
    Status,
)

FOLDER = Path(__file__).parent / "words"

Catalogue = Mapping[str, str]
"""Sentences by dotted key; `{name}` is filled in, `key.one` and `key.other` are chosen by a count."""


def catalogues() -> Mapping[Language, Catalogue]:
    """Every language's sentences."""
    return {language: _read(FOLDER / f"{language}.toml") for language in Language}


def _read(file: Path) -> Catalogue:
    with file.open("rb") as opened:
        return dict(_flat("", tomllib.load(opened)))


def _flat(prefix: str, table: Mapping[str, Any]) -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for name, value in table.items():
        flat += _flat(f"{prefix}{name}.", value) if isinstance(value, Mapping) else [(f"{prefix}{name}", value)]
    return flat


@dataclass(frozen=True)
class Said:
    """Everything a page says, in one language, at one moment, in one time zone. Templates know it as `t`."""

    catalogue: Catalogue
    language: Language
    zone: str
    now: datetime

    def __call__(self, key: str, **facts: object) -> str:
        """The sentence, filled in. Raises KeyError where a key or a fact is missing."""
        if "count" in facts:
            key += ".one" if facts["count"] == 1 else ".other"
        return self.catalogue[key].format_map(facts)

    def knows(self, key: str) -> bool:
        """Whether there is such a sentence."""
        return key in self.catalogue

    def moment(self, at: datetime) -> str:
        """In full, with its zone."""
        return wording.moment(at, self.language, self.zone)

    def short(self, at: datetime) -> str:
        """For lists and timelines."""
        return wording.short_moment(at, self.language, self.zone)

    def day(self, at: datetime) -> str:
        """The day only."""
        return wording.day(at, self.language, self.zone)

    def ago(self, at: datetime) -> str:
        """How far from now, either way."""
        return wording.from_now(at, self.now, self.language)

    def duration(self, length: timedelta) -> str:
        """How long."""
        return wording.duration(length, self.language)

    def status(self, status: Status, staff: bool = True) -> str:
        """What staff, or requesters, call it."""
        return (wording.status_label if staff else wording.requester_status_label)(Status(status), self.language)

    def closed_reason(self, reason: ClosedReason) -> str:
        """Why a ticket ended."""
        return wording.closed_reason_label(ClosedReason(reason), self.language)

    def priority(self, priority: Priority) -> str:
        """The priority's name."""
        return wording.priority_label(Priority(priority), self.language)

    def priority_meaning(self, priority: Priority) -> str:
        """Its definition."""
        return wording.priority_meaning(Priority(priority), self.language)

    def kind(self, kind: Kind) -> str:
        """What the requester brings."""
        return wording.kind_label(Kind(kind), self.language)

    def kind_meaning(self, kind: Kind) -> str:
        """When to choose it."""
        return self(f"kind.{Kind(kind)}")

    def channel(self, channel: Channel) -> str:
        """How a message came."""
        return wording.channel_label(Channel(channel), self.language)

    def role(self, role: Role) -> str:
        """What a person may do."""
        return wording.role_label(Role(role), self.language)

    def deadline(self, kind: DeadlineKind) -> str:
        """What the clock will do."""
        return wording.deadline_label(DeadlineKind(kind), self.language)

    def metric(self, metric: Metric) -> str:
        """What is promised a time for."""
        return wording.metric_label(Metric(metric), self.language)

    def hours(self, length: timedelta) -> str:
        """A length of time to the minute, in hours however many: working days differ."""
        hours, minutes = divmod(round(abs(length).total_seconds() / 60), 60)
        parts = [f"{hours} {self('unit.hours')}"] if hours else []
        return " ".join([*parts, f"{minutes} {self('unit.minutes')}"] if minutes or not hours else parts)

    def weekday(self, day: int) -> str:
        """The name of a day of the week; Monday is 0."""
        name: str = get_day_names("wide", "stand-alone", self.language)[day]
        return name[:1].upper() + name[1:]

    def article_kind(self, kind: ArticleKind) -> str:
        """What an article is."""
        return wording.article_kind_label(ArticleKind(kind), self.language)

    def language_name(self, language: Language) -> str:
        """Each language in its own words."""
        return wording.LANGUAGE_NAMES[Language(language)]

    def size(self, size: int) -> str:
        """A file's size."""
        if size < 1024:
            return f"{size} B"
        number, unit = (size / 1024, "kB") if size < 1024**2 else (size / 1024**2, "MB")
        text = f"{number:.0f}" if number >= 10 else f"{number:.1f}"
        return f"{text if self.language is Language.ENGLISH else text.replace('.', ',')} {unit}"
