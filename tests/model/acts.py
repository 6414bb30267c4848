"""What people do to a ticket in a random life: said once, understood by the desk and by the reference model."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.contract.vocabulary import DeadlineKind, Priority
from services.promises.policy import Policy

QUARTER = timedelta(minutes=15)
"""Everything in these lives happens on a quarter of an hour, so that a model may count quarters one by one."""
ZERO = datetime(2032, 9, 1, tzinfo=UTC)
"""Not come yet: a server that skips time only goes forward."""


@dataclass(frozen=True)
class Act:
    """A command by its name in `moves.py`, as far as it matters to a clock; which parts it needs depends on it."""

    name: str
    staff: bool = True
    words: bool = False
    """Whether it comes with a public message, where that is a choice; whether somebody is assigned."""
    step: DeadlineKind = DeadlineKind.CLOSURE
    quarters: int = 0
    """From now; none ends a snooze."""
    priority: Priority = Priority.LOW
    policy: Policy | None = None


def instant(quarter: int) -> datetime:
    """When the quarter begins."""
    return ZERO + quarter * QUARTER


def quarter_of(at: datetime) -> int:
    """The quarter that begins then; an instant within one is an error."""
    quarter, rest = divmod(at - ZERO, QUARTER)
    assert not rest, f"{at} is no quarter"
    return quarter
