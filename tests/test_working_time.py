"""Working time against brute force: counting quarters of an hour, one by one, over weekends and clock changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.working_time import WORKING_DAYS_MAX, Calendar, Counted, Span, add
from tests.properties import unhurried

QUARTER = timedelta(minutes=15)
ZONES = (
    "UTC",
    "Europe/Amsterdam",
    "Europe/Rome",
    "America/New_York",
    "America/Santiago",  # changes its clocks at midnight: there are days without one
    "Africa/Cairo",  # changes them on Fridays and Thursdays, which are working days
    "Asia/Kathmandu",  # three quarters of an hour off the rest
    "Australia/Lord_Howe",  # changes them by half an hour
    "Pacific/Apia",  # left out a Friday, 30 December 2011
    "Pacific/Kiritimati",
)
YEARS = st.integers(2010, 2037)


def _quarters(year: int, quarter: int) -> datetime:
    return datetime(year, 1, 1, tzinfo=UTC) + quarter * QUARTER


STARTS = st.builds(_quarters, YEARS, st.integers(0, 366 * 96))
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - `timezones` makes them aware
LENGTHS = st.timedeltas(timedelta(0), timedelta(days=30))
CALENDARS = st.builds(
    Calendar,
    zone=st.sampled_from(ZONES),
    days_off=st.frozensets(st.dates(date(2010, 1, 1), date(2037, 12, 31)), max_size=3),
)


def working(length: timedelta) -> Span:
    return Span(length=length, counted=Counted.WORKING_DAYS)


@unhurried
@given(STARTS, st.integers(0, 8 * 96), st.sampled_from(ZONES), st.sets(st.integers(0, 14), max_size=5))
def test_working_days_agree_with_counting_quarters_of_an_hour(
    start: datetime, quarters: int, zone: str, off: set[int]
) -> None:
    calendar = Calendar(zone=zone, days_off=frozenset(start.date() + timedelta(days=day) for day in off))

    assert add(start, working(quarters * QUARTER), calendar) == _by_counting(start, quarters, calendar)


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Africa/Cairo", datetime(2026, 4, 24, tzinfo=UTC)),
        ("Africa/Cairo", datetime(2026, 10, 29, tzinfo=UTC)),
        ("America/Santiago", datetime(2026, 4, 5, tzinfo=UTC)),
        ("America/Santiago", datetime(2026, 9, 6, tzinfo=UTC)),
        ("Asia/Jerusalem", datetime(2026, 3, 27, tzinfo=UTC)),
        ("Europe/Amsterdam", datetime(2026, 3, 29, tzinfo=UTC)),
        ("Europe/Amsterdam", datetime(2026, 10, 25, tzinfo=UTC)),
        ("Pacific/Apia", datetime(2011, 12, 30, tzinfo=UTC)),
    ],
)
def test_every_hour_around_a_change_of_the_clocks_agrees_with_counting(zone: str, change: datetime) -> None:
    calendar = Calendar(zone=zone)
    starts = [change + timedelta(hours=hour) for hour in range(-60, 40, 4)]
    lengths = (0, 1, 90, 92, 96, 100, 192)

    assert [[add(start, working(length * QUARTER), calendar) for length in lengths] for start in starts] == [
        [_by_counting(start, length, calendar) for length in lengths] for start in starts
    ]


@unhurried
@given(INSTANTS, LENGTHS, CALENDARS)
def test_calendar_time_is_real_time_whatever_the_calendar(
    start: datetime, length: timedelta, calendar: Calendar
) -> None:
    assert add(start, Span(length=length), calendar) == start + length


@unhurried
@given(INSTANTS, LENGTHS, st.timedeltas(timedelta(microseconds=1), timedelta(days=30)), CALENDARS)
def test_two_spans_one_after_the_other_are_their_sum(
    start: datetime, first: timedelta, second: timedelta, calendar: Calendar
) -> None:
    both = add(start, working(first + second), calendar)

    assert add(add(start, working(first), calendar), working(second), calendar) == both


@unhurried
@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=5)), LENGTHS, CALENDARS)
def test_who_starts_later_is_never_done_earlier(
    start: datetime, later: timedelta, length: timedelta, calendar: Calendar
) -> None:
    assert add(start, working(length), calendar) <= add(start + later, working(length), calendar)


@unhurried
@given(INSTANTS, LENGTHS, CALENDARS)
def test_working_time_takes_at_least_as_long_and_ends_within_a_working_day(
    start: datetime, length: timedelta, calendar: Calendar
) -> None:
    assume(length)

    end = add(start, working(length), calendar)

    assert end >= start + length
    assert end.tzinfo is UTC
    last_moment = (end - timedelta(microseconds=1)).astimezone(ZoneInfo(calendar.zone))
    assert calendar.works_on(last_moment.date())


@pytest.mark.parametrize("counted", Counted)
@pytest.mark.parametrize("start", [datetime(2026, 3, 6, 15, tzinfo=UTC), datetime(2026, 10, 30, 15, tzinfo=UTC)])
def test_the_zone_an_instant_is_written_in_does_not_matter(start: datetime, counted: Counted) -> None:
    # Over a weekend on which the clocks change there: arithmetic in that zone's own time would be an hour off.
    written, length = start.astimezone(ZoneInfo("America/New_York")), Span(length=timedelta(days=3), counted=counted)

    assert add(written, length, Calendar()) == add(start, length, Calendar())
    assert add(written, length, Calendar()).tzinfo is UTC


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-11-06T17:00+01:00", 48, "2026-11-10T17:00+01:00"),  # Friday 17:00 to Tuesday 17:00
        ("2026-11-07T12:00+01:00", 24, "2026-11-10T00:00+01:00"),  # Saturday: all of Monday
        ("2026-11-02T00:00+01:00", 120, "2026-11-07T00:00+01:00"),  # a whole week ends when Friday does
        ("2026-03-27T12:00+01:00", 24, "2026-03-30T12:00+02:00"),  # the clocks change on a Sunday: nobody notices
        ("2026-12-24T12:00+01:00", 24, "2026-12-28T12:00+01:00"),  # Christmas is a Friday, and a day off
    ],
)
def test_examples_a_person_can_check(start: str, hours: int, end: str) -> None:
    calendar = Calendar(zone="Europe/Amsterdam", days_off=frozenset({date(2026, 12, 25)}))

    assert add(datetime.fromisoformat(start), working(timedelta(hours=hours)), calendar) == datetime.fromisoformat(end)


def test_a_working_day_on_which_the_clocks_go_forward_lasts_23_hours() -> None:
    cairo = Calendar(zone="Africa/Cairo")
    friday = datetime(2026, 4, 24, tzinfo=ZoneInfo("Africa/Cairo")).astimezone(UTC)

    assert add(friday, working(timedelta(hours=23)), cairo) == friday + timedelta(hours=23)
    assert add(friday, working(timedelta(hours=24)), cairo) == friday + timedelta(hours=23 + 48 + 1)


def test_a_calendar_with_no_working_day_is_refused_and_not_looped_over_for_ever() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    never = Calendar(days_off=frozenset(start.date() + timedelta(days=day) for day in range(-1, WORKING_DAYS_MAX + 1)))

    with pytest.raises(OverflowError, match="within 3660 days of 2026-01-01"):
        add(start, working(timedelta(hours=1)), never)


def test_ten_years_of_working_days_are_walked_and_more_are_refused() -> None:
    start = datetime(2026, 1, 5, tzinfo=UTC)
    days = WORKING_DAYS_MAX // 7 * 5

    assert add(start, working(timedelta(days=days)), Calendar(zone="UTC")) < start + timedelta(days=WORKING_DAYS_MAX)
    with pytest.raises(OverflowError):
        add(start, working(timedelta(days=WORKING_DAYS_MAX)), Calendar(zone="UTC"))


@pytest.mark.parametrize("counted", Counted)
def test_a_span_beyond_the_end_of_time_is_refused(counted: Counted) -> None:
    with pytest.raises(OverflowError):
        add(datetime(2026, 1, 1, tzinfo=UTC), Span(length=timedelta.max, counted=counted), Calendar())


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "", "../etc/passwd", "Europe", "\0"])
def test_a_zone_that_does_not_exist_is_refused_by_name(zone: str) -> None:
    with pytest.raises(ValidationError, match="there is no time zone"):
        Calendar(zone=zone)


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValidationError):
        Span(length=timedelta(seconds=-1))


def _by_counting(start: datetime, quarters: int, calendar: Calendar) -> datetime:
    """The instant after so many quarters of an hour of working days, found by looking at each one."""
    zone = ZoneInfo(calendar.zone)
    now, left = start, quarters
    while not calendar.works_on(now.astimezone(zone).date()):
        now += QUARTER
    while left:
        left -= calendar.works_on(now.astimezone(zone).date())
        now += QUARTER
    return now
