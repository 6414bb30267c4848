"""What people do to a ticket in a random life, in a form that both the desk and the reference model understand."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.contract.vocabulary import DeadlineKind, Priority
from services.promises.policy import Policy

QUARTER = timedelta(minutes=15)
"""Everything in these lives happens at a quarter of an hour, so that the model can count quarters one by one."""
ZERO = datetime(2032, 9, 1, tzinfo=UTC)
"""The start of quarter 0. It is in the future, because a server that skips time only goes forward."""


@dataclass(frozen=True)
class Act:
    """A command by the name of its move, with the parts that matter to a clock; its name decides which it needs."""

    name: str
    staff: bool = True
    words: bool = False
    """Whether it has a public message, if that is optional; for assigning, whether somebody is assigned."""
    step: DeadlineKind = DeadlineKind.CLOSURE
    quarters: int = 0
    """For how many quarters from now; 0 ends a snooze."""
    priority: Priority = Priority.LOW
    policy: Policy | None = None


def instant(quarter: int) -> datetime:
    """The instant at which the quarter begins."""
    return ZERO + quarter * QUARTER


def quarter_of(at: datetime) -> int:
    """The quarter that begins at this instant; any other instant is an error."""
    quarter, rest = divmod(at - ZERO, QUARTER)
    assert not rest, f"{at} is no quarter"
    return quarter
