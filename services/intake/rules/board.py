"""The product board's order: the score of a parked ticket, and the parts it is the sum of. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.contract.vocabulary import Effort, Kind, Priority
from services.intake.rules.ticket import Parking

NO_WORKAROUND = 30
FOR_EACH_CUSTOMER = 10
CUSTOMERS_COUNTED_MAX = 10
"""More customers than this add no points."""
EFFORT = {Effort.SMALL: 0, Effort.MEDIUM: -10, Effort.LARGE: -25}
URGENCY = {Priority.HIGH: 20, Priority.MEDIUM: 10, Priority.LOW: 0}
INCIDENT = 5
"""Extra points for an incident, because something is broken."""


@dataclass(frozen=True)
class Reporter:
    """One ticket that asks for the change: the parked one itself, an incident linked to it, or one merged into it."""

    requester_id: UUID
    organisation_id: UUID | None
    kind: Kind
    priority: Priority

    @property
    def customer(self) -> UUID:
        """Who asks: the id of the organisation, or of the person where they have no organisation."""
        return self.organisation_id or self.requester_id


@dataclass(frozen=True)
class Score:
    """The parts of a score, in points. A ticket with a higher total should be built sooner."""

    workaround: int
    reporters: int
    effort: int
    urgency: int

    @property
    def total(self) -> int:
        """The sum of the parts: the board is sorted by it."""
        return self.workaround + self.reporters + self.effort + self.urgency


def score(parking: Parking, reporters: Sequence[Reporter]) -> Score:
    """The score of a parked ticket; the first of `reporters` is the ticket itself.

    total = workaround + reporters + effort + urgency, where
    workaround = 30 if there is no workaround, else 0;
    reporters = 10 for each customer that reports it (an organisation, or a person without one), at most 10 customers;
    effort = 0 if small, -10 if medium, -25 if large;
    urgency = that of the most urgent report: 20 if high, 10 if medium, 0 if low, and 5 more if it is an incident.
    """
    return Score(
        workaround=0 if parking.workaround else NO_WORKAROUND,
        reporters=FOR_EACH_CUSTOMER * min(customers(reporters), CUSTOMERS_COUNTED_MAX),
        effort=EFFORT[parking.effort],
        urgency=max((_urgency(each) for each in reporters), default=0),
    )


def customers(reporters: Sequence[Reporter]) -> int:
    """How many different customers report it."""
    return len({each.customer for each in reporters})


def rank(total: int, parked_at: datetime, number: int) -> tuple[int, datetime, int]:
    """The sort key of the board: highest total first; with equal totals, the ticket parked longest first."""
    return -total, parked_at, number


def _urgency(reporter: Reporter) -> int:
    return URGENCY[reporter.priority] + (INCIDENT if reporter.kind is Kind.INCIDENT else 0)
