"""Which calendars and spans are taken, and how they are kept: in policies and in running clocks, for years."""

import json
from copy import deepcopy
from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from services.promises.working_time import DAYS_OFF_MAX, HOURS_A_DAY_MAX, Calendar, Span, add
from tests.promises.calendars import DAY, HOUR, OFFICE, OFFICE_WEEK, hours, instant, working


def test_a_calendar_is_kept_as_plain_sorted_words_and_read_back_the_same() -> None:
    days = [date(2026, month, 1) for month in range(1, 13)]
    calendar = Calendar(week=OFFICE_WEEK, days_off=frozenset(reversed(days)))

    assert json.loads(calendar.model_dump_json()) == {
        "zone": "Europe/Amsterdam",
        "week": [["09:00-12:00", "13:00-17:30"]] * 5 + [[]] * 2,
        "days_off": [day.isoformat() for day in days],
    }
    for same in (Calendar.model_validate_json(calendar.model_dump_json()), deepcopy(calendar), calendar.model_copy()):
        assert (same, hash(same)) == (calendar, hash(calendar))
        assert add(instant("2026-11-02T11:30+01:00"), working(HOUR), same) == instant("2026-11-02T13:30+01:00")


def test_calendars_written_in_another_order_are_the_same() -> None:
    assert Calendar(week=(OFFICE[::-1],) * 5 + ((),) * 2) == Calendar(week=OFFICE_WEEK)
    assert hash(Calendar(week=(OFFICE[::-1],) * 5 + ((),) * 2)) == hash(Calendar(week=OFFICE_WEEK))


def test_a_span_is_counted_in_calendar_or_working_time_only() -> None:
    with pytest.raises(ValidationError):
        Span.model_validate_json('{"length":"P2D","counted":"holidays"}')


@pytest.mark.parametrize(
    ("interval", "reason"),
    [
        ("22:00-06:00", r"write '22:00-24:00' on this day and '00:00-06:00' on the next \["),
        (
            "17:00-00:00",
            r"a day off ends at midnight: for hours over midnight write '17:00-24:00' on this day \[",
        ),
        ("09:00-09:00", "'09:00-09:00' does not end after it begins"),
        ("09:00-24:01", "a day ends at 24:00"),
        ("25:00-26:00", "a day ends at 24:00"),
        ("9:00-17:30", "'9:00-17:30' is no interval of a day: write it like '09:00-17:30'"),
        ("09:60-17:30", "is no interval of a day"),
        ("٠٩:00-17:30", "is no interval of a day"),
        ("09:00-17:30\n", "is no interval of a day"),
        ("", "is no interval of a day"),
    ],
)
def test_an_interval_that_is_none_is_refused_with_what_to_write(interval: str, reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Calendar.model_validate({"week": [[interval], *[[]] * 6]})


@pytest.mark.parametrize(
    ("week", "reason"),
    [
        ([[]] * 7, "a week without any hours never gets to the end of a promise"),
        ([["09:00-17:00"]] * 6, "a week has seven days, Monday first, not 6"),
        ([["09:00-17:00"]] * 8, "not 8"),
        ([["13:00-17:00", "09:00-13:01"], *[[]] * 6], "'09:00-13:01' and '13:00-17:00' overlap"),
        ([["09:00-17:00", "09:00-17:00"], *[[]] * 6], "overlap"),
        ([[hours(n, n + 1) for n in range(HOURS_A_DAY_MAX + 1)], *[[]] * 6], "a day has at most 12 intervals, not 13"),
    ],
)
def test_a_week_that_is_none_is_refused_with_a_reason(week: list[list[str]], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        Calendar.model_validate({"week": week})


def test_more_days_off_than_the_limit_are_refused() -> None:
    days = [date(2026, 1, 1) + number * DAY for number in range(DAYS_OFF_MAX + 1)]

    assert Calendar(days_off=frozenset(days[1:]))
    with pytest.raises(ValidationError, match="at most 3660"):
        Calendar(days_off=frozenset(days))


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "", "../etc/passwd", "Europe", "\0"])
def test_a_zone_that_does_not_exist_is_refused_by_name(zone: str) -> None:
    with pytest.raises(ValidationError, match="there is no time zone"):
        Calendar(zone=zone)


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValidationError):
        Span(length=timedelta(seconds=-1))
