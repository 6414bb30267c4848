"""Adds and measures time, either calendar time or only the working hours of a desk. Pure.

An instant is working time if the desk's local time is within the hours of that weekday, and the day is not a day off.
So the hour that is skipped when clocks change in spring holds no time, and the hour repeated in autumn counts twice.
"""

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    field_serializer,
    field_validator,
)
from pydantic_core import CoreSchema, core_schema

from services.promises.zone_offsets import DAY, EPOCH, EPOCH_ORDINAL, SECOND, microseconds, offsets

YEARS_MAX = 50
"""Most years that one addition or measurement may span; more raises OverflowError."""
YEARS_KEPT_MAX = 1024
"""Size of the cache of computed calendar years (least recently used dropped): 13 kB each with two intervals a day."""
DAYS_OFF_MAX = 3660
"""Most days off in one calendar: ten years in which every day is off."""
HOURS_A_DAY_MAX = 12
"""Most intervals in one weekday."""

DAYS_A_WEEK = 7

_INTERVAL = re.compile("([0-9]{2}):([0-5][0-9])-([0-9]{2}):([0-5][0-9])")
_DAY_MINUTES = 24 * 60
_MINUTE = 60 * SECOND


class Counted(StrEnum):
    """Which time a span is made of."""

    CALENDAR = "calendar"
    WORKING = "working"


class Span(BaseModel):
    """A length of time and how it is counted: 48 working hours are two days of a desk that never sleeps on weekdays,
    and six of one that works eight hours a day."""

    model_config = ConfigDict(frozen=True)

    length: timedelta = Field(ge=timedelta(0))
    counted: Counted = Counted.CALENDAR


class Hours(str):
    """One interval of a day on the desk's wall clock, as in "09:00-17:30"; "24:00" is the end of the day."""

    __slots__ = ("ends", "opens")
    opens: int
    """Minutes since midnight, in local time."""
    ends: int

    def __new__(cls, text: str) -> Self:
        found = _INTERVAL.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is no interval of a day: write it like '09:00-17:30'")
        hours = super().__new__(cls, text)
        hours.opens, hours.ends = (int(found[n]) * 60 + int(found[n + 1]) for n in (1, 3))
        if max(hours.opens, hours.ends) > _DAY_MINUTES:
            raise ValueError(f"{text!r} is no interval of a day: a day ends at 24:00")
        if hours.ends <= hours.opens:
            raise ValueError(_over_midnight(*text.split("-")))
        return hours

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema())

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_INTERVAL.pattern}$", "examples": ["09:00-17:30"]}


def _over_midnight(opens: str, ends: str) -> str:
    parts = [f"'{opens}-24:00' on this day", f"'00:00-{ends}' on the next"]
    split = " and ".join(part for part in parts if "24:00-24:00" not in part and "00:00-00:00" not in part)
    return (
        f"'{opens}-{ends}' does not end after it begins. Each weekday has its own hours, so that a day off ends at "
        f"midnight: for hours over midnight write {split}"
    )


Day = tuple[Hours, ...]
ALL_DAY: Day = (Hours("00:00-24:00"),)


class Calendar(BaseModel):
    """When a desk works: the hours of each weekday (Monday first), its days off and its time zone.

    Calendars with the same content are equal, in whatever order it was given.
    """

    model_config = ConfigDict(frozen=True)

    zone: str = "Europe/Amsterdam"
    week: tuple[Day, ...] = Field(
        default=(ALL_DAY,) * 5 + ((),) * 2, json_schema_extra={"minItems": DAYS_A_WEEK, "maxItems": DAYS_A_WEEK}
    )
    days_off: frozenset[date] = Field(default=frozenset(), max_length=DAYS_OFF_MAX)

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):  # not found, not a name at all, the name of a folder of zones
            raise ValueError(f"there is no time zone {zone!r}") from None
        return zone

    @field_validator("week")
    @classmethod
    def _workable(cls, week: tuple[Day, ...]) -> tuple[Day, ...]:
        if len(week) != DAYS_A_WEEK:
            raise ValueError(f"a week has seven days, Monday first, not {len(week)}")
        if not any(week):
            raise ValueError("a week without any hours never gets to the end of a promise: give at least one interval")
        return tuple(_in_order(day) for day in week)

    @field_serializer("days_off", when_used="json")
    def _sorted(self, days_off: frozenset[date]) -> list[date]:
        return sorted(days_off)


def _in_order(day: Day) -> Day:
    if len(day) > HOURS_A_DAY_MAX:
        raise ValueError(f"a day has at most {HOURS_A_DAY_MAX} intervals, not {len(day)}")
    ordered = tuple(sorted(day, key=lambda hours: hours.opens))
    for earlier, later in pairwise(ordered):
        if later.opens < earlier.ends:
            raise ValueError(f"'{earlier}' and '{later}' overlap, and time counts once: make one interval of them")
    return ordered


def add(start: datetime, span: Span, calendar: Calendar) -> datetime:
    """The first instant, in UTC, at which `span` has passed since `start` (aware); `start` itself if `span` is zero.

    Elapsed time is real time: a day on which the clocks change has 23 or 25 hours.
    Raises OverflowError if there is not enough working time within `YEARS_MAX` years.
    """
    return later(start, span.length, span.counted, calendar)


def later(start: datetime, length: timedelta, counted: Counted, calendar: Calendar) -> datetime:
    """Like `add`, with the length and the way of counting given separately instead of a `Span`."""
    start = _utc(start)
    if counted is Counted.CALENDAR or not length:
        return start + length
    at, left = microseconds(start - EPOCH), microseconds(length)
    for number in range(start.year, min(start.year + YEARS_MAX, MAXYEAR + 1)):
        year = _year(calendar, number)
        before = year.worked_until(at)
        if before + left <= year.total:
            return EPOCH + timedelta(microseconds=year.instant_of(before + left))
        left -= year.total - before
    raise OverflowError(f"no {length} of working time within {YEARS_MAX} years of {start}")


def worked(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """The working time from `start` to `end` (both aware); zero if `end` is not later.

    The inverse of `add`: `worked(start, add(start, span, calendar), calendar)` is the span's length.
    Raises OverflowError if the two are in more than `YEARS_MAX` calendar years, which is also the limit of `add`.
    """
    start, end = _utc(start), _utc(end)
    if end <= start:
        return timedelta(0)
    if end.year - start.year >= YEARS_MAX:
        raise OverflowError(f"from {start} to {end} are more than {YEARS_MAX} years")
    since, until = microseconds(start - EPOCH), microseconds(end - EPOCH)
    if end.year == start.year:
        year = _year(calendar, start.year)
        return timedelta(microseconds=year.worked_until(until) - year.worked_until(since))
    years = [_year(calendar, number) for number in range(start.year, end.year + 1)]
    return timedelta(microseconds=sum(year.worked_until(until) - year.worked_until(since) for year in years))


def elapsed(start: datetime, end: datetime, counted: Counted, calendar: Calendar) -> timedelta:
    """The calendar or working time (`counted`) from `start` to `end` (both aware); zero if `end` is not later."""
    if counted is Counted.WORKING:
        return worked(start, end, calendar)
    return max(_utc(end) - _utc(start), timedelta(0))


def days_off_between(start: datetime, end: datetime, calendar: Calendar) -> tuple[date, ...]:
    """The days between `start` and `end` (both aware, `end` exclusive) on which the desk does not work, earliest first:
    weekdays without hours and days off. They explain why a promise takes longer than its length."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if end <= start:
        return ()
    zone = ZoneInfo(calendar.zone)
    first, last = start.astimezone(zone).date(), (end - timedelta.resolution).astimezone(zone).date()
    days = (first + timedelta(days=passed) for passed in range((last - first).days + 1))
    return tuple(day for day in days if day in calendar.days_off or not calendar.week[day.weekday()])


def _utc(instant: datetime) -> datetime:
    return instant if instant.tzinfo is UTC else instant.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class _Year:
    """The working time of one calendar in one year of UTC, as intervals in microseconds since 1970, in order."""

    opens: "array[int]"
    ends: "array[int]"
    worked: "array[int]"
    """The working time of the year up to the end of each interval."""

    @property
    def total(self) -> int:
        return self.worked[-1] if self.worked else 0

    def worked_until(self, at: int) -> int:
        """The working time of this year before `at`, which may lie in another year."""
        last = bisect_right(self.opens, at) - 1
        return self.worked[last] - max(self.ends[last] - at, 0) if last >= 0 else 0

    def instant_of(self, working: int) -> int:
        """The first instant at which `working` (above zero) of this year's working time has passed."""
        interval = bisect_left(self.worked, working)
        return self.ends[interval] - (self.worked[interval] - working)


@lru_cache(maxsize=YEARS_KEPT_MAX)
def _year(calendar: Calendar, number: int) -> _Year:
    intervals: list[tuple[int, int]] = []
    for since, until, offset in offsets(calendar.zone, number):
        for opens, ends in _on_the_wall(since + offset, until + offset, calendar):
            if intervals and intervals[-1][1] == opens - offset:
                intervals[-1] = intervals[-1][0], ends - offset
            else:
                intervals.append((opens - offset, ends - offset))
    return _Year(
        opens=array("q", (opens for opens, _ in intervals)),
        ends=array("q", (ends for _, ends in intervals)),
        worked=array("q", accumulate(ends - opens for opens, ends in intervals)),
    )


def _on_the_wall(since: int, until: int, calendar: Calendar) -> Iterator[tuple[int, int]]:
    """The desk's working intervals between two local times with the same UTC offset."""
    for day in range(since // DAY, -(-until // DAY)):
        that_day = date.fromordinal(EPOCH_ORDINAL + day)
        if that_day in calendar.days_off:
            continue
        for hours in calendar.week[that_day.weekday()]:
            opens = max(day * DAY + hours.opens * _MINUTE, since)
            ends = min(day * DAY + hours.ends * _MINUTE, until)
            if opens < ends:
                yield opens, ends
