"""What the bench's books call wrong."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.contract.temporal import Deadline
from services.contract.vocabulary import DeadlineKind
from tests.bench.books import Book, disagreements
from tests.bench.figures import percentile

DUE = datetime(2026, 11, 9, 12, tzinfo=UTC)
CLOSURE = Deadline(kind=DeadlineKind.CLOSURE, due_at=DUE + timedelta(days=7))
STORMED, SUBMITTED = 7, 8
GOOD = Book(
    due_at=DUE,
    stormed=[STORMED],
    submitted=[SUBMITTED],
    met={STORMED: Counter({"reminder": 1})},
    told=Counter({STORMED: 1}),
    next_deadlines={STORMED: CLOSURE, SUBMITTED: CLOSURE},
    alarms={STORMED: CLOSURE.due_at, SUBMITTED: CLOSURE.due_at - timedelta(hours=1)},
    unsent=Counter(),
)


def test_books_in_order_say_nothing() -> None:
    assert disagreements(GOOD) == ()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"met": {}}, "Ticket 7 never met its reminder of 2026-11-09 12:00:00."),
        ({"met": {7: Counter({"reminder": 2})}}, "Ticket 7 met its reminder of 2026-11-09 12:00:00 2 times."),
        ({"told": Counter()}, "Others were told 0 times of the reminder of ticket 7."),
        (
            {"met": {7: Counter({"reminder": 1, "closure": 1})}},
            "Ticket 7 met its closure, which is not due (1 times).",
        ),
        ({"next_deadlines": {7: CLOSURE}}, "Ticket 8 was acknowledged and is lost."),
        (
            {"alarms": {7: CLOSURE.due_at}},
            "Ticket 8 has no clock that sleeps until its closure, due 2026-11-16 12:00:00.",
        ),
        (
            {"alarms": {7: CLOSURE.due_at, 8: CLOSURE.due_at + timedelta(seconds=11)}},
            "The clock of ticket 8 oversleeps: its closure is due 2026-11-16 12:00:00.",
        ),
        ({"unsent": Counter({"clock": 3})}, "3 messages to the clock were never sent."),
    ],
)
def test_books_say_what_is_wrong(wrong: dict[str, object], sentence: str) -> None:
    assert disagreements(replace(GOOD, **wrong)) == (sentence,)  # type: ignore[arg-type] # one field of the book each


def test_a_percentile_is_one_of_the_values() -> None:
    hundred = [float(each) for each in range(1, 101)]
    assert [percentile(hundred, 50), percentile(hundred, 99), percentile([4.0], 99)] == [50.0, 99.0, 4.0]
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)
