"""Adding time the way a desk counts it: plain calendar time, or working days only. Pure."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

SATURDAY = 5
WORKING_DAYS_MAX = 3660
"""Most days one addition walks over: ten years. A span that needs more is refused, not looped over."""


class Counted(StrEnum):
    """Which time a span is made of."""

    CALENDAR = "calendar"
    WORKING_DAYS = "working_days"


class Span(BaseModel):
    """A length of time and how it is counted: 48 h of working days is two full days of Monday to Friday."""

    model_config = ConfigDict(frozen=True)

    length: timedelta = Field(ge=timedelta(0))
    counted: Counted = Counted.CALENDAR


class Calendar(BaseModel):
    """The days a desk works: all but Saturdays, Sundays and its days off, in its own time zone."""

    model_config = ConfigDict(frozen=True)

    zone: str = "Europe/Amsterdam"
    days_off: frozenset[date] = frozenset()

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):  # not found, not a name at all, the name of a folder of zones
            raise ValueError(f"there is no time zone {zone!r}") from None
        return zone

    def works_on(self, day: date) -> bool:
        """Whether `day` is a working day."""
        return day.weekday() < SATURDAY and day not in self.days_off


def add(start: datetime, span: Span, calendar: Calendar) -> datetime:
    """The instant, in UTC, at which `span` has passed since `start` (aware).

    Elapsed time is real time: a working day on which the clocks change lasts 23 or 25 hours.
    Raises OverflowError where no working day is found within `WORKING_DAYS_MAX` days.
    """
    start = start.astimezone(UTC)
    if span.counted is Counted.CALENDAR:
        return start + span.length
    left = span.length
    for opens, ends in _working_days(start, calendar):
        if left <= ends - opens:
            return opens + left
        left -= ends - opens
    raise OverflowError(f"no {span.length} of working days within {WORKING_DAYS_MAX} days of {start}")


def _working_days(start: datetime, calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    zone = ZoneInfo(calendar.zone)
    day = start.astimezone(zone).date()
    for _ in range(WORKING_DAYS_MAX):
        if calendar.works_on(day):
            yield max(start, _midnight(day, zone)), _midnight(day + timedelta(days=1), zone)
        day += timedelta(days=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
