"""Working time against brute force, minute by minute on the wall clock, and against days a person can check."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.promises.working_time import (
    ALL_DAY,
    YEARS_MAX,
    Calendar,
    Counted,
    Hours,
    Span,
    add,
    days_off_between,
    elapsed,
    worked,
)
from tests.promises.calendars import (
    CALENDARS,
    CHANGES,
    CHRISTMAS,
    DAY,
    EVERY_DAY,
    HOUR,
    INSTANTS,
    MINUTE,
    OFFICE_WEEK,
    ZONES,
    any_time,
    hours,
    instant,
    is_working,
    near_a_change,
    on_the_wall,
    working,
)
from tests.properties import unhurried

MICROSECOND = timedelta.resolution
WINDOW_MINUTES = 3 * 24 * 60
LENGTHS = st.timedeltas(timedelta(0), 2 * DAY)


@unhurried
@given(near_a_change() | any_time(), st.data())
def test_counting_minutes_on_the_wall_clock_agrees(life: tuple[Calendar, datetime], data: st.DataObject) -> None:
    calendar, start = life
    minutes = [start + number * MINUTE for number in range(WINDOW_MINUTES)]
    of_work = [minute for minute in minutes if on_the_wall(minute, calendar)]

    until = data.draw(st.sampled_from(minutes))
    assert worked(start, until, calendar) == sum(minute < until for minute in of_work) * MINUTE
    assert is_working(until, calendar) == on_the_wall(until, calendar)
    assert is_working(until + MINUTE - MICROSECOND, calendar) == on_the_wall(until, calendar)
    if of_work:
        number = data.draw(st.integers(0, len(of_work) - 1))
        assert add(start, working((number + 1) * MINUTE), calendar) == of_work[number] + MINUTE


@pytest.mark.parametrize(("zone", "change"), [(zone, change) for zone in sorted(CHANGES) for change in CHANGES[zone]])
def test_every_minute_around_a_change_of_the_clocks_agrees(zone: str, change: str) -> None:
    calendar = Calendar(zone=zone, week=(tuple(hours(start, start + 35) for start in range(0, 1440, 120)),) * 7)
    before, after = (at.astimezone(ZoneInfo(zone)) for at in (instant(change) - MICROSECOND, instant(change)))
    assert before.utcoffset() != after.utcoffset()

    first = instant(change) - 14 * HOUR

    counted = timedelta(0)
    for minute in (first + number * MINUTE for number in range(24 * 60)):
        assert (worked(first, minute, calendar), is_working(minute, calendar)) == (
            counted,
            on_the_wall(minute, calendar),
        )
        counted += is_working(minute, calendar) * MINUTE
        assert not counted or add(first, working(counted), calendar) <= minute + MINUTE


@unhurried
@given(INSTANTS, LENGTHS, CALENDARS)
def test_worked_is_the_inverse_of_add_to_the_microsecond(
    start: datetime, length: timedelta, calendar: Calendar
) -> None:
    end = add(start, working(length), calendar)

    assert worked(start, end, calendar) == length
    assert end == start or worked(start, end - MICROSECOND, calendar) == length - MICROSECOND
    assert end.tzinfo is UTC


@unhurried
@given(INSTANTS, st.timedeltas(timedelta(0), 400 * DAY), CALENDARS)
def test_add_finds_the_first_instant_at_which_so_much_was_worked(
    start: datetime, length: timedelta, calendar: Calendar
) -> None:
    end = start + length
    done = worked(start, end, calendar)

    first = add(start, working(done), calendar)

    assert first <= end
    assert worked(first, end, calendar) == timedelta(0)


@unhurried
@given(INSTANTS, LENGTHS, LENGTHS, CALENDARS)
def test_two_spans_one_after_the_other_are_their_sum(
    start: datetime, first: timedelta, second: timedelta, calendar: Calendar
) -> None:
    both = add(start, working(first + second), calendar)

    assert add(add(start, working(first), calendar), working(second), calendar) == both


@unhurried
@given(st.lists(INSTANTS, min_size=3, max_size=3), CALENDARS)
def test_what_is_worked_before_and_after_a_moment_is_what_is_worked_in_all(
    instants: list[datetime], calendar: Calendar
) -> None:
    first, second, third = sorted(instants)
    before, after = worked(first, second, calendar), worked(second, third, calendar)

    assert before + after == worked(first, third, calendar) <= third - first
    assert worked(third, first, calendar) == timedelta(0)


@unhurried
@given(INSTANTS, st.timedeltas(timedelta(0), 5 * DAY), LENGTHS, CALENDARS)
def test_who_starts_later_is_never_done_earlier(
    start: datetime, later: timedelta, length: timedelta, calendar: Calendar
) -> None:
    assert add(start, working(length), calendar) <= add(start + later, working(length), calendar)


@unhurried
@given(INSTANTS, LENGTHS, CALENDARS)
def test_calendar_time_is_real_time_whatever_the_calendar(
    start: datetime, length: timedelta, calendar: Calendar
) -> None:
    end = add(start, Span(length=length), calendar)

    assert end == start + length
    assert elapsed(start, end, Counted.CALENDAR, calendar) == length
    assert elapsed(end, start, Counted.CALENDAR, calendar) == timedelta(0)
    assert elapsed(start, end, Counted.WORKING, calendar) == worked(start, end, calendar)


@pytest.mark.parametrize("counted", Counted)
@pytest.mark.parametrize("start", ["2026-03-06T15:00Z", "2026-10-30T15:00Z"])
def test_the_zone_an_instant_is_written_in_does_not_matter(start: str, counted: Counted) -> None:
    # Over a weekend on which the clocks change there: arithmetic in that zone's own time would be an hour off.
    begins, written = instant(start), instant(start).astimezone(ZoneInfo("America/New_York"))
    span, calendar = Span(length=3 * DAY, counted=counted), Calendar(days_off=frozenset({date(2026, 3, 9)}))
    ends = add(begins, span, calendar)
    late = ends.astimezone(ZoneInfo("America/New_York"))

    assert add(written, span, calendar) == ends
    assert add(written, span, calendar).tzinfo is add(written, Span(length=timedelta(0)), calendar).tzinfo is UTC
    assert elapsed(written, late, counted, calendar) == elapsed(begins, ends, counted, calendar) == 3 * DAY
    assert days_off_between(written, late, calendar) == days_off_between(begins, ends, calendar)
    assert is_working(written, calendar) == is_working(begins, calendar)


@pytest.mark.parametrize(
    ("week", "start", "spent", "end"),
    [
        (Calendar().week, "2026-11-06T17:00+01:00", 48 * HOUR, "2026-11-10T17:00+01:00"),  # Friday to Tuesday
        (Calendar().week, "2026-11-07T12:00+01:00", 24 * HOUR, "2026-11-10T00:00+01:00"),  # Saturday: all of Monday
        (Calendar().week, "2026-11-02T00:00+01:00", 120 * HOUR, "2026-11-07T00:00+01:00"),  # a week ends on Friday
        (Calendar().week, "2026-03-27T12:00+01:00", 24 * HOUR, "2026-03-30T12:00+02:00"),  # clocks change on Sunday
        (Calendar().week, "2026-12-24T12:00+01:00", 24 * HOUR, "2026-12-28T12:00+01:00"),  # Christmas is a Friday
        (Calendar().week, "2026-11-07T12:00+01:00", 0 * HOUR, "2026-11-07T12:00+01:00"),  # no time: there and then
        (EVERY_DAY, "2026-10-24T12:00+02:00", 24 * HOUR, "2026-10-25T11:00+01:00"),  # the night of 25 hours
        (EVERY_DAY, "2026-10-25T00:00+02:00", 25 * HOUR, "2026-10-26T00:00+01:00"),
        (EVERY_DAY, "2026-03-29T00:00+01:00", 23 * HOUR, "2026-03-30T00:00+02:00"),
        (OFFICE_WEEK, "2026-11-02T11:30+01:00", HOUR, "2026-11-02T13:30+01:00"),  # over lunch
        (OFFICE_WEEK, "2026-11-02T11:00+01:00", HOUR, "2026-11-02T12:00+01:00"),  # until lunch, not until after
        (OFFICE_WEEK, "2026-11-06T17:00+01:00", 48 * HOUR, "2026-11-17T11:30+01:00"),  # 0.5 + 6 days of 7.5 + 2.5
        (OFFICE_WEEK, "2026-12-24T17:00+01:00", 2 * HOUR, "2026-12-28T10:30+01:00"),
        (OFFICE_WEEK, "2026-12-31T17:29:59.999999+01:00", 2 * MICROSECOND, "2027-01-01T09:00:00.000001+01:00"),
    ],
)
def test_examples_a_person_can_check(
    week: tuple[tuple[Hours, ...], ...], start: str, spent: timedelta, end: str
) -> None:
    calendar = Calendar(week=week, days_off=CHRISTMAS)

    assert add(instant(start), working(spent), calendar) == instant(end)
    assert worked(instant(start), instant(end), calendar) == spent


@pytest.mark.parametrize(
    ("interval", "spring", "autumn"),
    [
        ("02:15-02:45", 0, 60),  # skipped as a whole; shown twice
        ("01:30-02:30", 30, 90),
        ("02:30-03:30", 30, 90),
        ("01:00-04:00", 120, 240),
        ("03:00-04:00", 60, 60),
    ],
)
def test_hours_the_clocks_skip_hold_no_time_and_hours_they_repeat_count_twice(
    interval: str, spring: int, autumn: int
) -> None:
    calendar = Calendar(week=((Hours(interval),),) * 7)

    for sunday, minutes in (("2026-03-29T00:00+01:00", spring), ("2026-10-25T00:00+02:00", autumn)):
        assert worked(instant(sunday), instant(sunday) + 23 * HOUR, calendar) == minutes * MINUTE


def test_between_the_two_showings_of_an_hour_the_desk_closes() -> None:
    calendar = Calendar(week=((Hours("01:00-02:30"),),) * 7)

    shown = [is_working(instant(f"2026-10-25T{at}"), calendar) for at in ("02:29+02:00", "02:30+02:00", "02:00+01:00")]

    assert shown == [True, False, True]


def test_a_desk_works_from_its_first_moment_and_no_longer_at_its_last() -> None:
    calendar = Calendar(week=OFFICE_WEEK, days_off=CHRISTMAS)
    moments = ("02T08:59:59", "02T09:00", "02T11:59:59", "02T12:00", "02T13:00", "02T17:30", "05T10:00", "25T10:00")

    assert [moment for moment in moments if is_working(instant(f"2026-12-{moment}+01:00"), calendar)] == [
        "02T09:00",
        "02T11:59:59",
        "02T13:00",
    ]


def test_days_that_do_not_count_are_told_whatever_makes_them_so() -> None:
    days = frozenset(date(2026, *day) for day in ((12, 24), (12, 25), (12, 26), (12, 28), (12, 29), (4, 6)))
    calendar = Calendar(week=OFFICE_WEEK, days_off=days)  # 26 December is a Saturday

    def told(start: str, end: str) -> list[int]:
        return [day.day for day in days_off_between(instant(f"2026-12-{start}"), instant(f"2026-12-{end}"), calendar)]

    assert told("24T18:00+01:00", "29T00:00:00.000001+01:00") == [24, 25, 26, 27, 28, 29]
    assert told("25T00:00+01:00", "29T00:00+01:00") == [25, 26, 27, 28]
    assert told("14T00:00+01:00", "22T00:00+01:00") == [19, 20]
    assert told("24T23:30Z", "24T23:45Z") == [25]  # it is the 25th on the desk's wall
    assert told("25T12:00Z", "25T12:00Z") == told("29T00:00Z", "24T00:00Z") == []


def test_no_working_time_within_fifty_years_is_refused_and_not_looked_for_for_ever() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    mondays = frozenset(date(2025, 12, 29) + week * 7 * DAY for week in range(YEARS_MAX * 53))
    never = Calendar(week=(ALL_DAY,) + ((),) * 6, days_off=mondays)

    with pytest.raises(OverflowError, match=r"no 1:00:00 of working time within 50 years of 2026-01-01"):
        add(start, working(HOUR), never)
    assert worked(start, start + 1000 * DAY, never) == timedelta(0)


def test_fifty_years_are_walked_and_more_are_refused() -> None:
    start, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2025 + YEARS_MAX, 12, 31, 23, tzinfo=UTC)
    calendar = Calendar(zone="UTC", week=EVERY_DAY)

    assert worked(start, last, calendar) == last - start
    assert add(start, working(last - start), calendar) == last
    with pytest.raises(OverflowError, match="within 50 years"):
        add(start, working(last - start + 2 * HOUR), calendar)
    with pytest.raises(OverflowError, match="more than 50 years"):
        worked(start, last + 2 * HOUR, calendar)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("counted", Counted)
def test_at_the_end_of_time_a_span_is_refused(counted: Counted, zone: str) -> None:
    for start in (datetime(2026, 1, 1, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)):
        with pytest.raises(OverflowError):
            add(start, Span(length=timedelta.max, counted=counted), Calendar(zone=zone, week=EVERY_DAY))


def test_a_changed_copy_of_a_calendar_counts_its_own_time() -> None:
    start, calendar = instant("2026-12-24T12:00+01:00"), Calendar()
    add(start, working(DAY), calendar)

    changed = calendar.model_copy(update={"days_off": CHRISTMAS})

    assert add(start, working(DAY), changed) - add(start, working(DAY), calendar) == 3 * DAY


def test_intervals_that_touch_are_one_stretch_of_time() -> None:
    touching = Calendar(week=((Hours("09:00-12:00"), Hours("12:00-17:00")),) * 7)

    assert worked(instant("2026-11-02T11:30+01:00"), instant("2026-11-02T12:30+01:00"), touching) == HOUR
    assert is_working(instant("2026-11-02T12:00+01:00"), touching)
