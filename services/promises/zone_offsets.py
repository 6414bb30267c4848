"""The UTC offsets of a time zone during a year, in whole microseconds since 1970. Pure."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

ZONE_YEARS_KEPT_MAX = 1024
"""Size of the cache of zones' years (least recently used dropped): less than 1 kB each."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = EPOCH.toordinal()
SECOND = 1_000_000
DAY = 86_400 * SECOND


def microseconds(length: timedelta) -> int:
    """The length in whole microseconds."""
    return (length.days * 86_400 + length.seconds) * SECOND + length.microseconds


@lru_cache(maxsize=ZONE_YEARS_KEPT_MAX)
def offsets(zone: str, year: int) -> tuple[tuple[int, int, int], ...]:
    """A year of UTC, divided into periods of constant UTC offset: (since, until, offset).

    Raises OverflowError in the years 1 and 9999 where local time falls outside of what datetime can hold.
    """
    begins, ends = ((date(year, month, day).toordinal() - EPOCH_ORDINAL) * DAY for month, day in ((1, 1), (12, 31)))
    ends += DAY
    info = ZoneInfo(zone)
    pieces = []
    since, offset = begins, _offset(info, begins)
    # No zone changes its offset and back within one day, so looking at the end of each day finds every change.
    for looked in range(begins + DAY - SECOND, ends, DAY):
        while _offset(info, looked) != offset:
            change = _first_change(info, since, looked, offset)
            pieces.append((since, change, offset))
            since, offset = change, _offset(info, change)
    return (*pieces, (since, ends, offset))


def _first_change(zone: ZoneInfo, before: int, after: int, offset: int) -> int:
    """The first whole second after `before` with another offset than `offset`; at `after` the offset is another."""
    while after - before > SECOND:
        middle = (before + after) // (2 * SECOND) * SECOND
        before, after = (middle, after) if _offset(zone, middle) == offset else (before, middle)
    return after


def _offset(zone: ZoneInfo, at: int) -> int:
    local = (EPOCH + timedelta(microseconds=at)).astimezone(zone)
    return microseconds(local.utcoffset() or timedelta(0))
