"""Calendars, instants and spans for property tests, and `on_the_wall`, the definition they are checked against."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from services.promises.working_time import ALL_DAY, Calendar, Counted, Day, Hours, Span, worked

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

CHRISTMAS = frozenset({date(2026, 12, 25)})
"""A Friday."""
OFFICE: Day = (Hours("09:00-12:00"), Hours("13:00-17:30"))
OFFICE_WEEK: tuple[Day, ...] = (OFFICE,) * 5 + ((),) * 2
EVERY_DAY: tuple[Day, ...] = (ALL_DAY,) * 7

CHANGES = {
    "Africa/Cairo": ("2026-04-23T22:00Z", "2026-10-29T21:00Z"),  # at midnight, between working days
    "Africa/Casablanca": ("2026-02-15T02:00Z", "2026-03-22T02:00Z"),  # for Ramadan
    "America/New_York": ("2026-03-08T07:00Z", "2026-11-01T06:00Z"),
    "America/Santiago": ("2026-04-05T03:00Z", "2026-09-06T04:00Z"),  # at midnight: there are days without one
    "America/St_Johns": ("2010-03-14T03:31Z", "2010-11-07T02:31Z"),  # at one minute past midnight
    "Asia/Kathmandu": ("1985-12-31T18:30Z",),  # a quarter of an hour, once and for all
    "Asia/Pyongyang": ("2015-08-14T15:00Z", "2018-05-04T15:00Z"),  # half an hour, there and back
    "Australia/Lord_Howe": ("2026-04-04T15:00Z", "2026-10-03T15:30Z"),  # half an hour, twice a year
    "Europe/Amsterdam": ("2026-03-29T01:00Z", "2026-10-25T01:00Z"),
    "Europe/Lisbon": ("1985-03-31T00:00Z", "1985-09-29T00:00Z"),  # when a day of UTC begins
    "Europe/Rome": ("1980-04-06T01:00Z", "2037-10-25T01:00Z"),
    "Pacific/Apia": ("2011-12-30T10:00Z", "2012-03-31T14:00Z"),  # left out a Friday
}
"""Instants at which the clocks of a zone change."""
ZONES = (*CHANGES, "UTC", "Pacific/Kiritimati", "Asia/Kolkata")

_CORNERS = (0, 1, 120, 150, 180, 9 * 60, 12 * 60, 13 * 60, 17 * 60 + 30, 23 * 60, 24 * 60)
"""Minutes of the day that matter: midnight, the hours in which clocks change, and when offices open and close."""


def hours(opens: int, ends: int) -> Hours:
    """Working hours between two minutes of the day."""
    return Hours(f"{opens // 60:02}:{opens % 60:02}-{ends // 60:02}:{ends % 60:02}")


def working(length: timedelta) -> Span:
    """A span of this much working time."""
    return Span(length=length, counted=Counted.WORKING)


def instant(text: str) -> datetime:
    """The instant of an ISO 8601 text with any offset, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _intervals(cuts: list[int]) -> tuple[Hours, ...]:
    ordered = sorted(cuts)
    return tuple(hours(opens, ends) for opens, ends in zip(ordered[::2], ordered[1::2], strict=False))


DAYS = st.lists(st.sampled_from(_CORNERS) | st.integers(0, 24 * 60), max_size=6, unique=True).map(_intervals)
WEEKS = st.tuples(*(DAYS for _ in range(7))).filter(any) | st.just(Calendar().week)
"""Working weeks, mostly with odd hours; some have only one hour a week."""


@st.composite
def near_a_change(draw: st.DrawFn) -> tuple[Calendar, datetime]:
    """A calendar with days off, and a whole minute up to two days before or after the clocks of its zone change."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    start = instant(draw(st.sampled_from(CHANGES[zone]))) + draw(st.integers(-2 * 1440, 2 * 1440)) * MINUTE
    return draw(_calendars_around(zone, start)), start


@st.composite
def any_time(draw: st.DrawFn) -> tuple[Calendar, datetime]:
    """A calendar with days off nearby, and a whole minute of eighty years."""
    zone = draw(st.sampled_from(ZONES))
    start = datetime(1975, 1, 1, tzinfo=UTC) + draw(st.integers(0, 80 * 365 * 1440)) * MINUTE
    return draw(_calendars_around(zone, start)), start


def _calendars_around(zone: str, start: datetime) -> st.SearchStrategy[Calendar]:
    off = st.frozensets(st.integers(-1, 4).map(lambda day: start.date() + day * DAY), max_size=2)
    return st.builds(Calendar, zone=st.just(zone), week=WEEKS, days_off=off)


INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2049, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - `timezones` makes them aware
CALENDARS = st.builds(
    Calendar,
    zone=st.sampled_from(ZONES),
    week=WEEKS.filter(lambda week: sum(hours.ends - hours.opens for day in week for hours in day) >= 60),
    days_off=st.frozensets(st.dates(date(2000, 1, 1), date(2062, 12, 31)), max_size=3),
)
"""Calendars with at least one hour a week, so that two days of working time take at most a year."""


def on_the_wall(at: datetime, calendar: Calendar) -> bool:
    """Whether an instant is working time by local time in the calendar's zone: the definition, without arithmetic."""
    local = at.astimezone(ZoneInfo(calendar.zone))
    shown = f"{local:%H:%M}"
    return local.date() not in calendar.days_off and any(
        interval[:5] <= shown < interval[6:] for interval in calendar.week[local.weekday()]
    )


def is_working(at: datetime, calendar: Calendar) -> bool:
    """Whether the desk works at this instant (aware); at the instant its hours end it no longer does."""
    return worked(at, at + datetime.resolution, calendar) == datetime.resolution
