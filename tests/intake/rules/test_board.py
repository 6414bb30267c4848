"""How much a parked ticket speaks for being built next. Pure."""

from uuid import UUID

import pytest

from services.contract.vocabulary import Effort, Kind, Priority
from services.intake.rules.board import CUSTOMERS_COUNTED_MAX, Reporter, Score, customers, rank, score
from services.intake.rules.ticket import Parking
from tests.intake.ticket_life import NOON

ACME = UUID(int=9)


def parking(*, workaround: bool = True, effort: Effort = Effort.SMALL) -> Parking:
    """As support parked it."""
    return Parking(workaround=workaround, effort=effort, note="", at=NOON)


def reporter(
    person: int, organisation: UUID | None = None, kind: Kind = Kind.QUESTION, priority: Priority = Priority.LOW
) -> Reporter:
    """Somebody who reports it."""
    return Reporter(UUID(int=person), organisation, kind, priority)


@pytest.mark.parametrize(
    ("parked", "reported", "points"),
    [
        (parking(), [reporter(1)], Score(workaround=0, reporters=10, effort=0, urgency=0)),
        (parking(workaround=False), [reporter(1)], Score(workaround=30, reporters=10, effort=0, urgency=0)),
        (parking(effort=Effort.MEDIUM), [reporter(1)], Score(workaround=0, reporters=10, effort=-10, urgency=0)),
        (parking(effort=Effort.LARGE), [reporter(1)], Score(workaround=0, reporters=10, effort=-25, urgency=0)),
        (parking(), [reporter(1), reporter(2)], Score(workaround=0, reporters=20, effort=0, urgency=0)),
        (parking(), [reporter(1, ACME), reporter(2, ACME)], Score(workaround=0, reporters=10, effort=0, urgency=0)),
        (
            parking(),
            [reporter(1, priority=Priority.MEDIUM), reporter(1, kind=Kind.INCIDENT)],
            Score(workaround=0, reporters=10, effort=0, urgency=10),
        ),
        (
            parking(),
            [reporter(1), reporter(1, kind=Kind.INCIDENT, priority=Priority.HIGH)],
            Score(workaround=0, reporters=10, effort=0, urgency=25),
        ),
    ],
)
def test_every_part_has_its_points(parked: Parking, reported: list[Reporter], points: Score) -> None:
    assert score(parked, reported) == points
    assert score(parked, reported).total == points.workaround + points.reporters + points.effort + points.urgency


def test_beyond_a_number_one_more_customer_says_nothing_new() -> None:
    many = [reporter(person) for person in range(CUSTOMERS_COUNTED_MAX + 3)]
    assert customers(many) == CUSTOMERS_COUNTED_MAX + 3
    assert score(parking(), many) == score(parking(), many[:CUSTOMERS_COUNTED_MAX])


def test_the_best_come_first_and_of_equals_the_one_that_waits_longest() -> None:
    later = NOON.replace(hour=13)
    rows = [(10, later, 1), (20, later, 2), (10, NOON, 4), (10, NOON, 3)]
    assert sorted(rows, key=lambda row: rank(*row)) == [(20, later, 2), (10, NOON, 3), (10, NOON, 4), (10, later, 1)]
