"""The texts of the pages in three languages, from `words/<language>.toml`: one sentence per key."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

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
"""Sentences by dotted key. `{name}` is filled in; a `count` chooses between `key.one` and `key.other`."""


def catalogues() -> Mapping[Language, Catalogue]:
    """The sentences of every language."""
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
    """Texts, dates and labels in one language and time zone, as of `now`. Templates know it as `t`."""

    catalogue: Catalogue
    language: Language
    zone: str
    now: datetime

    def __call__(self, key: str, **facts: object) -> str:
        """The sentence, filled in. Raises KeyError if the key or a fact is missing."""
        if "count" in facts:
            key += ".one" if facts["count"] == 1 else ".other"
        return self.catalogue[key].format_map(facts)

    def knows(self, key: str) -> bool:
        """Whether there is a sentence with this key."""
        return key in self.catalogue

    def moment(self, at: datetime) -> str:
        """The instant in full, with its zone."""
        return wording.moment(at, self.language, self.zone)

    def short(self, at: datetime) -> str:
        """The instant in short with its zone, for lists and timelines."""
        return wording.short_moment(at, self.language, self.zone)

    def day(self, at: datetime) -> str:
        """The day of the instant."""
        return wording.day(at, self.language, self.zone)

    @property
    def today(self) -> date:
        """The reader's day."""
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    def other_zones(self, zones: Iterable[str | None]) -> str:
        """The names of these zones that are not the reader's, in one text; empty if there are none."""
        return ", ".join(sorted({zone for zone in zones if zone and zone != self.zone}))

    def ago(self, at: datetime) -> str:
        """How long before or after now the instant is."""
        return wording.from_now(at, self.now, self.language)

    def duration(self, length: timedelta) -> str:
        """A length of time in words."""
        return wording.duration(length, self.language)

    def status(self, status: Status, staff: bool = True) -> str:
        """A status, in the words for staff or for requesters."""
        return (wording.status_label if staff else wording.requester_status_label)(Status(status), self.language)

    def closed_reason(self, reason: ClosedReason) -> str:
        """Why a ticket was closed."""
        return wording.closed_reason_label(ClosedReason(reason), self.language)

    def priority(self, priority: Priority) -> str:
        """The name of a priority."""
        return wording.priority_label(Priority(priority), self.language)

    def priority_meaning(self, priority: Priority) -> str:
        """The definition of a priority."""
        return wording.priority_meaning(Priority(priority), self.language)

    def kind(self, kind: Kind) -> str:
        """The name of a kind of ticket."""
        return wording.kind_label(Kind(kind), self.language)

    def kind_meaning(self, kind: Kind) -> str:
        """When to choose a kind of ticket."""
        return self(f"kind.{Kind(kind)}")

    def channel(self, channel: Channel) -> str:
        """The name of the channel by which a message came."""
        return wording.channel_label(Channel(channel), self.language)

    def role(self, role: Role) -> str:
        """The name of a role."""
        return wording.role_label(Role(role), self.language)

    def deadline(self, kind: DeadlineKind) -> str:
        """What the clock does at a deadline of this kind."""
        return wording.deadline_label(DeadlineKind(kind), self.language)

    def metric(self, metric: Metric) -> str:
        """The name of a metric: what the SLA promises a time for."""
        return wording.metric_label(Metric(metric), self.language)

    def hours(self, length: timedelta) -> str:
        """A length of time in hours and minutes. Never in days: working days differ in length."""
        hours, minutes = divmod(round(abs(length).total_seconds() / 60), 60)
        parts = [f"{hours} {self('unit.hours')}"] if hours else []
        return " ".join([*parts, f"{minutes} {self('unit.minutes')}"] if minutes or not hours else parts)

    def weekday(self, day: int) -> str:
        """The name of a day of the week; Monday is 0."""
        name: str = get_day_names("wide", "stand-alone", self.language)[day]
        return name[:1].upper() + name[1:]

    def article_kind(self, kind: ArticleKind) -> str:
        """The name of a kind of article."""
        return wording.article_kind_label(ArticleKind(kind), self.language)

    def language_name(self, language: Language) -> str:
        """The name of a language in that language."""
        return wording.LANGUAGE_NAMES[Language(language)]

    def size(self, size: int) -> str:
        """The size of a file given in bytes, in B, kB or MB."""
        if size < 1024:
            return f"{size} B"
        number, unit = (size / 1024, "kB") if size < 1024**2 else (size / 1024**2, "MB")
        text = f"{number:.0f}" if number >= 10 else f"{number:.1f}"
        return f"{text if self.language is Language.ENGLISH else text.replace('.', ',')} {unit}"
