"""Mail outages: for how long mail could not come in, and which part of a reported outage is new. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from services.promises.standing import NO_TIME

LASTING_STEP = timedelta(hours=6)
"""During an outage nobody knows when it will end: closing is postponed by this much at a time, so that the requester is
not told of a new time more often."""
Period = tuple[datetime, datetime | None]
"""(began, ended); ended is None while the outage lasts."""


class Outages(NamedTuple):
    """The periods in which mail could not come in. They do not overlap."""

    stretches: tuple[Period, ...] = ()

    def down(self, since: datetime, now: datetime) -> timedelta:
        """For how long in total mail could not come in between `since` and `now`.

        While an outage lasts, rounded up to whole `LASTING_STEP`s: otherwise a closing is postponed again every minute.
        """
        overlaps = (min(ended or now, now) - max(began, since) for began, ended in self.stretches)
        total = sum((each for each in overlaps if each > NO_TIME), NO_TIME)
        return -(-total // LASTING_STEP) * LASTING_STEP if self._lasts(now) else total

    def _lasts(self, now: datetime) -> bool:
        return any(began < now and (ended is None or now < ended) for began, ended in self.stretches)


def uncovered(reported: Period, known: Iterable[Period]) -> list[Period]:
    """The parts of `reported` that no period in `known` covers, in order. The known periods must not overlap."""
    parts: list[Period] = []
    begins, ends = reported
    for began, ended in sorted(known, key=lambda span: span[0]):
        if ends is not None and began >= ends:
            break
        if ended is not None and ended <= begins:
            continue
        if began > begins:
            parts.append((begins, began))
        if ended is None:
            return parts
        begins = max(begins, ended)
    return [*parts, (begins, ends)] if ends is None or begins < ends else parts
