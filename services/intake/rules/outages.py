"""When mail could not come in: for how long in all, and what of a time reported is not known already. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from services.promises.standing import NO_TIME

LASTING_STEP = timedelta(hours=6)
"""Nobody knows how long an outage that lasts will last: closing waits by as much at a time, and the requester hears of
it no more often."""
Period = tuple[datetime, datetime | None]
"""From and until; None where it still goes on."""


class Outages(NamedTuple):
    """When mail could not come in, as stretches that do not overlap."""

    stretches: tuple[Period, ...] = ()

    def down(self, since: datetime, now: datetime) -> timedelta:
        """For how long in all between the two.

        While it still cannot, whole `LASTING_STEP`s: what is moved on by this is not moved again every minute.
        """
        overlaps = (min(ended or now, now) - max(began, since) for began, ended in self.stretches)
        total = sum((each for each in overlaps if each > NO_TIME), NO_TIME)
        return -(-total // LASTING_STEP) * LASTING_STEP if self._lasts(now) else total

    def _lasts(self, now: datetime) -> bool:
        return any(began < now and (ended is None or now < ended) for began, ended in self.stretches)


def uncovered(reported: Period, known: Iterable[Period]) -> list[Period]:
    """The parts of `reported` that lie in none of `known`, in order. Known ones do not overlap each other."""
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
