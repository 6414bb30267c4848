"""What the clock will do to a ticket: every status, against a second opinion written another way."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contract.temporal import Deadline
from services.contract.vocabulary import ClosedReason, DeadlineKind, Priority, Status
from services.promises import standing
from services.promises.deadlines import deadlines, next_deadline
from services.promises.policy import Policy
from services.promises.standing import Standing, Stretch
from services.promises.working_time import Calendar, Counted, Span
from tests.properties import unhurried

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
UNMOVED = (Status.NEW, Status.OPEN, Status.PARKED, Status.CLOSED)

INSTANTS = st.datetimes(datetime(2015, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - `timezones` makes them aware
SPANS = st.builds(Span, length=st.timedeltas(timedelta(0), timedelta(days=40)), counted=st.sampled_from(Counted))
POLICIES = st.builds(
    Policy,
    targets=st.just(()),
    survey_spread=st.just(timedelta(0)),
    reminder_after=SPANS,
    closure_after=SPANS,
    survey_after=SPANS,
    finalisation_after=SPANS,
    survey=st.booleans(),
    calendar=st.builds(
        Calendar,
        zone=st.sampled_from(["Europe/Amsterdam", "Africa/Cairo", "America/Santiago"]),
        days_off=st.frozensets(st.dates(date(2015, 1, 1), date(2040, 1, 1)), max_size=2),
    ),
)


@dataclass(frozen=True)
class Ticket:
    """A ticket as its deadlines see it."""

    standing: Standing
    policy: Policy

    @property
    def plan(self) -> tuple[Deadline, ...]:
        return deadlines(self.standing, self.policy)

    def but(self, **facts: object) -> "Ticket":
        return Ticket(self.standing._replace(**facts), self.policy)  # type: ignore[arg-type]  # facts of a standing


def _pending(asked_at: datetime, reminded_at: datetime | None, policy: Policy) -> Ticket:
    path = Stretch(Status.NEW, asked_at), Stretch(Status.PENDING, asked_at)
    return Ticket(Standing(7, Priority.LOW, path, asked_at=asked_at, reminded_at=reminded_at), policy)


def _solved(solved_at: datetime, surveyed_at: datetime | None, policy: Policy) -> Ticket:
    path = Stretch(Status.NEW, solved_at), Stretch(Status.SOLVED, solved_at)
    return Ticket(Standing(7, Priority.LOW, path, surveyed_at=surveyed_at), policy)


PENDING = st.builds(_pending, INSTANTS, st.none() | INSTANTS, POLICIES)
SOLVED = st.builds(_solved, INSTANTS, st.none() | INSTANTS, POLICIES)
PLAIN = Policy(targets=(), survey_spread=timedelta(0))


def pending(asked_at: datetime = START, reminded_at: datetime | None = None, policy: Policy = PLAIN) -> Ticket:
    return _pending(asked_at, reminded_at, policy)


def solved(surveyed_at: datetime | None = None, policy: Policy = PLAIN) -> Ticket:
    return _solved(START, surveyed_at, policy)


def test_a_pending_ticket_is_reminded_after_7_days_and_closed_after_14() -> None:
    assert _plan(pending()) == [("reminder", 7 * DAY), ("closure", 14 * DAY)]


def test_a_reminded_ticket_has_only_its_closing_left() -> None:
    assert _plan(pending(reminded_at=START + 7 * DAY)) == [("closure", 14 * DAY)]


def test_a_reminder_that_was_late_leaves_the_whole_week_it_promises() -> None:
    assert _plan(pending(reminded_at=START + 9 * DAY)) == [("closure", 16 * DAY)]


def test_a_reminder_that_was_early_brings_the_closing_no_nearer() -> None:
    assert _plan(pending(reminded_at=START + 5 * DAY)) == [("closure", 14 * DAY)]


def test_a_solved_ticket_is_surveyed_after_24_hours_and_finalised_after_48() -> None:
    assert _plan(solved()) == [("survey", 1 * DAY), ("finalisation", 2 * DAY)]


def test_a_ticket_surveyed_before_has_only_its_finalisation_left() -> None:
    assert _plan(solved(surveyed_at=START - 30 * DAY)) == [("finalisation", 2 * DAY)]


def test_a_policy_without_a_survey_asks_nobody() -> None:
    assert _plan(solved(policy=PLAIN.model_copy(update={"survey": False}))) == [("finalisation", 2 * DAY)]


@pytest.mark.parametrize("status", UNMOVED)
def test_without_promises_a_ticket_that_only_people_move_has_no_deadline(status: Status) -> None:
    stands = Standing(7, Priority.LOW, (Stretch(Status.NEW, START), Stretch(status, START)), surveyed_at=START)

    assert deadlines(stands, PLAIN) == ()
    assert next_deadline(stands, PLAIN) is None


def test_every_status_is_thought_of() -> None:
    assert {*UNMOVED, Status.PENDING, Status.SOLVED} == set(Status)


def test_a_question_nobody_knows_the_time_of_is_an_error_that_names_the_ticket() -> None:
    with pytest.raises(ValueError, match="ticket 7 is pending but not since when"):
        assert pending().but(asked_at=None).plan


def test_of_two_deadlines_at_one_instant_the_gentler_comes_first() -> None:
    now = Span(length=timedelta(0))
    at_once = PLAIN.model_copy(
        update=dict.fromkeys(("reminder_after", "closure_after", "survey_after", "finalisation_after"), now)
    )

    assert [kind for kind, _ in _plan(pending(policy=at_once))] == ["reminder", "closure"]
    assert [kind for kind, _ in _plan(solved(policy=at_once))] == ["survey", "finalisation"]


def test_a_policy_may_count_in_working_days() -> None:
    two_working_days = Span(length=2 * DAY, counted=Counted.WORKING)
    friday = datetime(2026, 11, 6, 16, tzinfo=UTC)

    ticket = pending(friday, policy=Policy(targets=(), reminder_after=two_working_days))

    assert ticket.plan[0] == Deadline(kind=DeadlineKind.REMINDER, due_at=datetime(2026, 11, 10, 16, tzinfo=UTC))


@unhurried
@given(PENDING | SOLVED)
def test_deadlines_come_earliest_first_each_kind_once_and_never_before_what_they_count_from(ticket: Ticket) -> None:
    plan = ticket.plan

    since = ticket.standing.asked_at or ticket.standing.solved_at
    assert since is not None
    assert [each.due_at for each in plan] == sorted(each.due_at for each in plan)
    assert len({each.kind for each in plan}) == len(plan)
    assert all(each.due_at >= since for each in plan)
    assert next_deadline(ticket.standing, ticket.policy) == plan[0]


@unhurried
@given(PENDING, st.timedeltas(timedelta(0), timedelta(days=30)))
def test_asking_later_brings_no_deadline_nearer(ticket: Ticket, later: timedelta) -> None:
    assert ticket.standing.asked_at is not None
    fresh = ticket.but(reminded_at=None)
    asked_later = fresh.but(asked_at=ticket.standing.asked_at + later)

    before, after = _by_kind(fresh), _by_kind(asked_later)

    assert all(before[kind] <= after[kind] for kind in before)


@unhurried
@given(PENDING, st.timedeltas(timedelta(0), timedelta(days=30)))
def test_a_later_reminder_brings_the_closing_no_nearer(ticket: Ticket, later: timedelta) -> None:
    reminded_at = ticket.standing.reminded_at or ticket.standing.asked_at
    assert reminded_at is not None

    early, late = (
        _by_kind(ticket.but(reminded_at=at))[DeadlineKind.CLOSURE] for at in (reminded_at, reminded_at + later)
    )

    assert early <= late <= early + later


@unhurried
@given(PENDING | SOLVED)
def test_meeting_the_deadlines_one_by_one_comes_to_an_end(ticket: Ticket) -> None:
    met = []
    while ticket.plan:
        due = ticket.plan[0]
        met.append(due.kind)
        ticket = Ticket(_ONCE_MET[due.kind](ticket.standing, due.due_at), ticket.policy)

    assert met[-1] in (DeadlineKind.CLOSURE, DeadlineKind.FINALISATION)
    assert len(met) <= 2


_ONCE_MET: dict[DeadlineKind, Callable[[Standing, datetime], Standing]] = {
    DeadlineKind.REMINDER: standing.reminded,
    DeadlineKind.SURVEY: standing.surveyed,
    DeadlineKind.CLOSURE: lambda before, at: standing.closed(before, at, ClosedReason.NO_RESPONSE),
    DeadlineKind.FINALISATION: lambda before, at: standing.closed(before, at, ClosedReason.FINALISED),
}


def _by_kind(ticket: Ticket) -> dict[DeadlineKind, datetime]:
    return {each.kind: each.due_at for each in ticket.plan}


def _plan(ticket: Ticket) -> list[tuple[str, timedelta]]:
    return [(each.kind.value, each.due_at - START) for each in ticket.plan]
