"""When the clocks of a time zone change, as whole microseconds since 1970. Pure."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

YEARS_KEPT_MAX = 1024
"""Most years of zones kept ready, the least used dropped first: less than 1 kB each."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = EPOCH.toordinal()
SECOND = 1_000_000
DAY = 86_400 * SECOND


def microseconds(length: timedelta) -> int:
    """The same length as a whole number."""
    return (length.days * 86_400 + length.seconds) * SECOND + length.microseconds


@lru_cache(maxsize=YEARS_KEPT_MAX)
def offsets(zone: str, year: int) -> tuple[tuple[int, int, int], ...]:
    """A year of UTC in the pieces in which a zone's clocks run evenly: since, until, and how far they are ahead of UTC.

    Raises OverflowError in the years 1 and 9999, where the zone's own year is another one.
    """
    begins, ends = ((date(year, month, day).toordinal() - EPOCH_ORDINAL) * DAY for month, day in ((1, 1), (12, 31)))
    ends += DAY
    info = ZoneInfo(zone)
    pieces = []
    since, offset = begins, _offset(info, begins)
    # No zone changes its clocks there and back within one day: looking at the end of each finds every change.
    for looked in range(begins + DAY - SECOND, ends, DAY):
        while _offset(info, looked) != offset:
            change = _first_change(info, since, looked, offset)
            pieces.append((since, change, offset))
            since, offset = change, _offset(info, change)
    return (*pieces, (since, ends, offset))


def _first_change(zone: ZoneInfo, before: int, after: int, offset: int) -> int:
    """The first whole second after `before` at which the clocks have left `offset`; at `after` they have."""
    while after - before > SECOND:
        middle = (before + after) // (2 * SECOND) * SECOND
        before, after = (middle, after) if _offset(zone, middle) == offset else (before, middle)
    return after


def _offset(zone: ZoneInfo, at: int) -> int:
    local = (EPOCH + timedelta(microseconds=at)).astimezone(zone)
    return microseconds(local.utcoffset() or timedelta(0))
