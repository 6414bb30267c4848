"""What the clock will do to a ticket: every status, against a second opinion written another way."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contract import Deadline, Policy, Snapshot
from services.deadlines import deadlines, next_deadline
from services.vocabulary import ClosedReason, DeadlineKind, Status
from services.working_time import Calendar, Counted, Span, add
from tests.properties import unhurried

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
UNMOVED = (Status.NEW, Status.OPEN, Status.PARKED, Status.CLOSED)

INSTANTS = st.datetimes(datetime(2015, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - `timezones` makes them aware
SPANS = st.builds(Span, length=st.timedeltas(timedelta(0), timedelta(days=40)), counted=st.sampled_from(Counted))
POLICIES = st.builds(
    Policy,
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
PENDING = st.builds(
    Snapshot,
    number=st.just(1),
    version=st.just(1),
    status=st.just(Status.PENDING),
    asked_at=INSTANTS,
    reminded_at=st.none() | INSTANTS,
    solved_at=st.none() | INSTANTS,
    surveyed_at=st.none() | INSTANTS,
    policy=POLICIES,
)
SOLVED = st.builds(
    Snapshot,
    number=st.just(1),
    version=st.just(1),
    status=st.just(Status.SOLVED),
    asked_at=st.none() | INSTANTS,
    reminded_at=st.none() | INSTANTS,
    solved_at=INSTANTS,
    surveyed_at=st.none() | INSTANTS,
    policy=POLICIES,
)


def pending(**facts: object) -> Snapshot:
    return Snapshot(number=7, version=3, status=Status.PENDING, asked_at=START).model_copy(update=facts)


def solved(**facts: object) -> Snapshot:
    return Snapshot(number=7, version=3, status=Status.SOLVED, solved_at=START).model_copy(update=facts)


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
    assert _plan(solved(policy=Policy(survey=False))) == [("finalisation", 2 * DAY)]


@pytest.mark.parametrize("status", UNMOVED)
def test_a_ticket_that_only_people_move_has_no_deadline_whatever_it_remembers(status: Status) -> None:
    ticket = Snapshot(
        number=7,
        version=3,
        status=status,
        closed_reason=ClosedReason.NO_RESPONSE if status is Status.CLOSED else None,
        asked_at=START,
        reminded_at=START,
        solved_at=START,
        surveyed_at=START,
    )

    assert deadlines(ticket) == ()
    assert next_deadline(ticket) is None


def test_every_status_is_thought_of() -> None:
    assert {*UNMOVED, Status.PENDING, Status.SOLVED} == set(Status)


@pytest.mark.parametrize("ticket", [pending(asked_at=None), solved(solved_at=None)])
def test_a_status_nobody_knows_the_start_of_is_an_error_that_names_the_ticket(ticket: Snapshot) -> None:
    with pytest.raises(ValueError, match=f"ticket 7 is {ticket.status} but not since when"):
        deadlines(ticket)


def test_of_two_deadlines_at_one_instant_the_gentler_comes_first() -> None:
    now = Span(length=timedelta(0))
    at_once = Policy(reminder_after=now, closure_after=now, survey_after=now, finalisation_after=now)

    assert [kind for kind, _ in _plan(pending(policy=at_once))] == ["reminder", "closure"]
    assert [kind for kind, _ in _plan(solved(policy=at_once))] == ["survey", "finalisation"]


def test_a_policy_may_count_in_working_days() -> None:
    two_working_days = Span(length=2 * DAY, counted=Counted.WORKING_DAYS)
    friday = datetime(2026, 11, 6, 16, tzinfo=UTC)

    ticket = pending(asked_at=friday, policy=Policy(reminder_after=two_working_days))

    assert next_deadline(ticket) == Deadline(kind=DeadlineKind.REMINDER, due_at=datetime(2026, 11, 10, 16, tzinfo=UTC))


@unhurried
@given(PENDING | SOLVED)
def test_a_second_opinion_agrees(ticket: Snapshot) -> None:
    assert {each.kind: each.due_at for each in deadlines(ticket)} == _second_opinion(ticket)


@unhurried
@given(PENDING | SOLVED)
def test_deadlines_come_earliest_first_each_kind_once_and_never_before_what_they_count_from(ticket: Snapshot) -> None:
    plan = deadlines(ticket)

    since = ticket.asked_at if ticket.status is Status.PENDING else ticket.solved_at
    assert since is not None
    assert [each.due_at for each in plan] == sorted(each.due_at for each in plan)
    assert len({each.kind for each in plan}) == len(plan)
    assert all(each.due_at >= since for each in plan)
    assert next_deadline(ticket) == plan[0]


@unhurried
@given(PENDING, st.timedeltas(timedelta(0), timedelta(days=30)))
def test_asking_later_brings_no_deadline_nearer(ticket: Snapshot, later: timedelta) -> None:
    assert ticket.asked_at is not None
    fresh = ticket.model_copy(update={"reminded_at": None})
    asked_later = fresh.model_copy(update={"asked_at": ticket.asked_at + later})

    before, after = _by_kind(fresh), _by_kind(asked_later)

    assert all(before[kind] <= after[kind] for kind in before)


@unhurried
@given(PENDING, st.timedeltas(timedelta(0), timedelta(days=30)))
def test_a_later_reminder_brings_the_closing_no_nearer(ticket: Snapshot, later: timedelta) -> None:
    reminded_at = ticket.reminded_at or ticket.asked_at
    assert reminded_at is not None

    early, late = (
        _by_kind(ticket.model_copy(update={"reminded_at": at}))[DeadlineKind.CLOSURE]
        for at in (reminded_at, reminded_at + later)
    )

    assert early <= late <= early + later


@unhurried
@given(PENDING | SOLVED)
def test_a_tickets_version_does_not_move_its_deadlines(ticket: Snapshot) -> None:
    assert deadlines(ticket) == deadlines(ticket.model_copy(update={"version": 99}))


@unhurried
@given(PENDING | SOLVED)
def test_meeting_the_deadlines_one_by_one_comes_to_an_end(ticket: Snapshot) -> None:
    met = []
    while (due := next_deadline(ticket)) is not None:
        met.append(due.kind)
        ticket = ticket.model_copy(update=_once_met(due))

    assert met[-1] in (DeadlineKind.CLOSURE, DeadlineKind.FINALISATION)
    assert len(met) <= 2


def _once_met(deadline: Deadline) -> dict[str, object]:
    changes: dict[DeadlineKind, dict[str, object]] = {
        DeadlineKind.REMINDER: {"reminded_at": deadline.due_at},
        DeadlineKind.SURVEY: {"surveyed_at": deadline.due_at},
        DeadlineKind.CLOSURE: {"status": Status.CLOSED},
        DeadlineKind.FINALISATION: {"status": Status.CLOSED},
    }
    return changes[deadline.kind]


def _second_opinion(ticket: Snapshot) -> dict[DeadlineKind, datetime]:
    policy, plan = ticket.policy, {}
    if ticket.status is Status.PENDING and ticket.asked_at:
        reminder = add(ticket.asked_at, policy.reminder_after, policy.calendar)
        closure = add(ticket.asked_at, policy.closure_after, policy.calendar)
        if not ticket.reminded_at:
            plan = {DeadlineKind.REMINDER: reminder, DeadlineKind.CLOSURE: closure}
        elif ticket.reminded_at > reminder:
            plan = {DeadlineKind.CLOSURE: closure + (ticket.reminded_at - reminder)}
        else:
            plan = {DeadlineKind.CLOSURE: closure}
    if ticket.status is Status.SOLVED and ticket.solved_at:
        plan[DeadlineKind.FINALISATION] = add(ticket.solved_at, policy.finalisation_after, policy.calendar)
        if policy.survey and not ticket.surveyed_at:
            plan[DeadlineKind.SURVEY] = add(ticket.solved_at, policy.survey_after, policy.calendar)
    return plan


def _by_kind(ticket: Snapshot) -> dict[DeadlineKind, datetime]:
    return {each.kind: each.due_at for each in deadlines(ticket)}


def _plan(ticket: Snapshot) -> list[tuple[str, timedelta]]:
    return [(each.kind.value, each.due_at - START) for each in deadlines(ticket)]
