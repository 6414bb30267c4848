from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest

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
from services.contract.zones import DESK_ZONE

LABELS: list[tuple[Callable[[Any, Language], str], type[StrEnum]]] = [
    (wording.status_label, Status),
    (wording.requester_status_label, Status),
    (wording.closed_reason_label, ClosedReason),
    (wording.priority_label, Priority),
    (wording.priority_meaning, Priority),
    (wording.kind_label, Kind),
    (wording.channel_label, Channel),
    (wording.role_label, Role),
    (wording.deadline_label, DeadlineKind),
    (wording.metric_label, Metric),
    (wording.article_kind_label, ArticleKind),
]

WINTER = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
SUMMER = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(("label", "values"), LABELS)
def test_every_value_has_a_label_of_its_own_in_every_language(
    label: Callable[[Any, Language], str], values: type[StrEnum], language: Language
) -> None:
    said = [label(value, language) for value in values]
    assert all(said)
    shared = 1 if label is wording.requester_status_label else 0  # new and open are both "open" to a requester
    assert len(set(said)) == len(said) - shared


def test_a_requester_sees_a_new_ticket_as_open_and_a_pending_one_as_theirs_to_answer() -> None:
    assert wording.requester_status_label(Status.NEW, Language.ENGLISH) == "Open"
    assert wording.requester_status_label(Status.PENDING, Language.DUTCH) == "In afwachting van uw reactie"
    assert wording.status_label(Status.PENDING, Language.ENGLISH) == "Pending"


@pytest.mark.parametrize(
    ("at", "language", "said"),
    [
        (WINTER, Language.DUTCH, "dinsdag 24 november 2026 om 09:00 CET"),
        (SUMMER, Language.DUTCH, "woensdag 1 juli 2026 om 10:00 CEST"),
        (WINTER, Language.ITALIAN, "martedì 24 novembre 2026 alle ore 09:00 CET"),
        (WINTER, Language.ENGLISH, "Tuesday 24 November 2026 at 09:00 CET"),
    ],
)
def test_an_instant_is_told_in_the_desks_zone_and_names_it(at: datetime, language: Language, said: str) -> None:
    assert wording.moment(at, language, DESK_ZONE) == said


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Europe/London", "Tuesday 24 November 2026 at 08:00 GMT"),
        ("America/New_York", "Tuesday 24 November 2026 at 03:00 EST"),
        ("Asia/Kathmandu", "Tuesday 24 November 2026 at 13:45 UTC+5:45"),
        ("Pacific/Apia", "Tuesday 24 November 2026 at 21:00 UTC+13"),
    ],
)
def test_another_zone_shows_another_hour_and_its_own_name(zone: str, said: str) -> None:
    assert wording.moment(WINTER, Language.ENGLISH, zone) == said


@pytest.mark.parametrize("language", Language)
def test_a_zone_has_the_same_name_in_every_language(language: Language) -> None:
    assert wording.moment(WINTER, language, "America/New_York").endswith("03:00 EST")


def test_short_forms_are_short_and_name_the_zone_where_an_hour_is_told() -> None:
    assert wording.short_moment(WINTER, Language.ITALIAN, DESK_ZONE) == "mar 24 nov 09:00 CET"
    assert wording.day(WINTER, Language.DUTCH, DESK_ZONE) == "24 november 2026"


def test_the_hour_that_comes_twice_is_told_apart_by_its_zone() -> None:
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    said = [
        wording.short_moment(at, Language.ENGLISH, "America/New_York") for at in (first, first + timedelta(hours=1))
    ]
    assert said == ["Sun 1 Nov 01:30 EDT", "Sun 1 Nov 01:30 EST"]


def test_a_day_is_the_readers_day() -> None:
    late = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    days = [wording.day(late, Language.ENGLISH, zone) for zone in (DESK_ZONE, "America/New_York", "Pacific/Apia")]
    assert days == ["25 November 2026", "24 November 2026", "25 November 2026"]


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        wording.moment(WINTER.replace(tzinfo=None), Language.DUTCH, DESK_ZONE)


def test_lengths_of_time_read_as_people_say_them() -> None:
    assert wording.duration(timedelta(hours=48), Language.DUTCH) == "2 dagen"
    assert wording.from_now(WINTER + timedelta(days=3), WINTER, Language.ENGLISH) == "in 3 days"
    assert wording.from_now(WINTER - timedelta(hours=2), WINTER, Language.ITALIAN) == "2 ore fa"
