"""Time zones: the names people may choose, whose zone a reader reads in, and what a zone is called at an instant. Pure.

Names are those of the IANA database, as in `Europe/Amsterdam`.
"""

from datetime import datetime, timedelta
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field

from services.contract.limits import ZONE_CHARACTERS_MAX

DESK_ZONE = "Europe/Amsterdam"
"""The desk's zone where no setting names another."""

_NO_ZONES = frozenset({"Factory", "localtime", "posixrules"})
"""Files among the zones that say nothing of where somebody is: the machine's own zone, and a place holder."""


@cache
def zone_names() -> tuple[str, ...]:
    """Every zone that a person may choose, by name."""
    return tuple(sorted(available_timezones() - _NO_ZONES))


def known_zone(name: str) -> str:
    """The name itself. Raises ValueError for a zone that nobody can choose."""
    if name not in _known():
        raise ValueError(f"there is no time zone {name!r}; names are as in Europe/Amsterdam")
    return name


ZoneName = Annotated[str, Field(max_length=ZONE_CHARACTERS_MAX), AfterValidator(known_zone)]
"""A zone's name as input: one of `zone_names()`."""


def zone_read_in(chosen: str | None, desk: str) -> str:
    """The zone a person reads in: the chosen one, or else the desk's.

    A zone of which this process has not heard, because another one's database of zones is newer, counts as not chosen.
    """
    return chosen if chosen is not None and chosen in _known() else desk


def zone_label(at: datetime, zone: str) -> str:
    """What the zone is called at this instant: "CET" or "CEST"; "UTC+5:45" where it has no letters of its own."""
    local = at.astimezone(ZoneInfo(zone))
    name = local.tzname() or ""
    return name if name.isalpha() else _offset(local.utcoffset() or timedelta())


@cache
def _known() -> frozenset[str]:
    return frozenset(zone_names())


def _offset(offset: timedelta) -> str:
    minutes = round(abs(offset).total_seconds() / 60)
    if not minutes:
        return "UTC"
    sign = "-" if offset < timedelta() else "+"
    hours, rest = divmod(minutes, 60)
    return f"UTC{sign}{hours}:{rest:02}" if rest else f"UTC{sign}{hours}"
