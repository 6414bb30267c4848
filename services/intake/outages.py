"""Of a time reported as an outage, what no known outage covers already. Pure."""

from collections.abc import Iterable
from datetime import datetime

Span = tuple[datetime, datetime | None]
"""From and until; None where it still goes on."""


def uncovered(reported: Span, known: Iterable[Span]) -> list[Span]:
    """The parts of `reported` that lie in none of `known`, in order. Known ones do not overlap each other."""
    parts: list[Span] = []
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
