"""What a ticket's clock decides, without a server."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contract.temporal import Deadline, Snapshot
from services.contract.vocabulary import DeadlineKind, Metric, Status
from services.workflows.alarm import BACK_OFF_FIRST, BACK_OFF_MAX, DUE_SLACK, Alarm
from tests.properties import unhurried

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
REMINDER_AT = START + timedelta(days=7)
REMINDER = Deadline(kind=DeadlineKind.REMINDER, due_at=REMINDER_AT)
SURVEY = Deadline(kind=DeadlineKind.SURVEY, due_at=START + timedelta(days=1))
WARNING = Deadline(kind=DeadlineKind.WARNING, due_at=START, metric=Metric.RESOLUTION, point=75)
BREACH = Deadline(kind=DeadlineKind.BREACH, due_at=START, metric=Metric.RESOLUTION)
ESCALATION = Deadline(kind=DeadlineKind.ESCALATION, due_at=START, metric=Metric.FIRST_REPLY, point=2)
PENDING = Snapshot(number=1, version=5, status=Status.PENDING, next_deadline=REMINDER)
OPEN = Snapshot(number=1, version=6, status=Status.OPEN)
SOLVED = Snapshot(number=1, version=7, status=Status.SOLVED, next_deadline=SURVEY)
CLOSED = Snapshot(number=1, version=8, status=Status.CLOSED)
CLOSED_YET_DUE = Snapshot(number=1, version=9, status=Status.CLOSED, next_deadline=REMINDER)
MICROSECOND = timedelta(microseconds=1)


def _open(deadline: Deadline) -> Snapshot:
    return OPEN.model_copy(update={"next_deadline": deadline})


def test_the_newest_of_two_snapshots_counts_in_whatever_order_they_come() -> None:
    early, late = Alarm(PENDING), Alarm(OPEN)

    early.hear(OPEN)
    late.hear(PENDING)

    assert early.ticket == late.ticket == OPEN


def test_of_two_snapshots_of_one_version_the_later_told_counts() -> None:
    alarm = Alarm(PENDING)
    mended = PENDING.model_copy(update={"next_deadline": SURVEY})

    alarm.hear(mended)

    assert alarm.ticket == mended


def test_a_deadline_is_not_due_before_its_time_but_for_the_rounding_of_a_timer() -> None:
    alarm = Alarm(PENDING)

    assert alarm.due(REMINDER_AT - DUE_SLACK - MICROSECOND) is None
    assert alarm.due(REMINDER_AT - DUE_SLACK) == REMINDER
    assert alarm.due(REMINDER_AT + timedelta(days=365)) == REMINDER


def test_a_ticket_that_only_a_person_can_move_is_never_due() -> None:
    alarm = Alarm(OPEN)

    assert alarm.rings_at is None
    assert alarm.due(datetime.max.replace(tzinfo=UTC) - timedelta(days=1)) is None
    assert not alarm.rings_before(None)


def test_somebody_who_sleeps_for_ever_oversleeps_any_deadline() -> None:
    assert Alarm(PENDING).rings_before(None)


@pytest.mark.parametrize(("later", "oversleeps"), [(-1, False), (0, False), (1, True)])
def test_only_an_earlier_deadline_wakes_the_sleeper(later: int, oversleeps: bool) -> None:
    assert Alarm(PENDING).rings_before(REMINDER_AT + timedelta(seconds=later)) is oversleeps


def test_a_newer_snapshot_makes_a_deadline_moot() -> None:
    alarm = Alarm(PENDING)
    reminder = alarm.due(REMINDER_AT)
    assert reminder is not None
    assert alarm.owes(reminder)

    alarm.hear(OPEN)

    assert not alarm.owes(reminder)
    assert alarm.due(REMINDER_AT) is None


@pytest.mark.parametrize("ticket", [PENDING, OPEN, SOLVED])
def test_a_run_is_over_when_the_ticket_is_closed_and_not_before(ticket: Snapshot) -> None:
    alarm = Alarm(ticket)
    before = alarm.over

    alarm.hear(CLOSED.model_copy(update={"version": 10}))

    assert (before, alarm.over, alarm.rings_at) == (False, True, None)


def test_a_deadline_that_was_not_met_rings_again_later_and_later_but_hourly_for_ever() -> None:
    alarm, now, waits = Alarm(PENDING), REMINDER_AT, []

    for _ in range(2_000):
        alarm.back_off(now)
        rings_at = alarm.rings_at
        assert rings_at is not None
        assert alarm.due(rings_at - timedelta(seconds=1)) is None
        assert alarm.due(rings_at) is not None
        waits.append(rings_at - now)
        now = rings_at

    assert waits[:3] == [BACK_OFF_FIRST, 2 * BACK_OFF_FIRST, 4 * BACK_OFF_FIRST]
    assert set(waits[6:]) == {BACK_OFF_MAX}


def test_news_end_the_snoozing_and_a_repeat_does_not() -> None:
    alarm = Alarm(PENDING)
    alarm.back_off(REMINDER_AT)

    alarm.hear(PENDING)
    snoozed = alarm.due(REMINDER_AT)
    alarm.hear(PENDING.model_copy(update={"version": 6}))

    assert snoozed is None
    assert alarm.due(REMINDER_AT) is not None


def test_a_closed_ticket_rings_for_nothing_and_owes_nothing() -> None:
    alarm = Alarm(CLOSED_YET_DUE)

    assert alarm.rings_at is None
    assert alarm.due(REMINDER_AT) is None
    assert not alarm.owes(REMINDER)


@pytest.mark.parametrize(
    ("ticket", "words"),
    [
        (OPEN, "open, version 6. No deadline: only a person can move the ticket."),
        (PENDING, "pending, version 5. Next: reminder, due 2026-11-09 09:00:00 UTC."),
        (SOLVED, "solved, version 7. Next: survey, due 2026-11-03 09:00:00 UTC."),
        (_open(WARNING), "open, version 6. Next: warning at 75 % of resolution, due 2026-11-02 09:00:00 UTC."),
        (_open(BREACH), "open, version 6. Next: breach of resolution, due 2026-11-02 09:00:00 UTC."),
        (_open(ESCALATION), "open, version 6. Next: escalation step 2 of first_reply, due 2026-11-02 09:00:00 UTC."),
    ],
)
def test_the_next_step_is_said_in_words(ticket: Snapshot, words: str) -> None:
    assert Alarm(ticket).in_words() == words


def test_that_intake_did_not_meet_a_deadline_is_said_in_words() -> None:
    alarm = Alarm(PENDING)
    alarm.back_off(REMINDER_AT)

    assert alarm.in_words() == (
        "pending, version 5. Next: reminder, due 2026-11-09 09:00:00 UTC; "
        "intake did not meet it, asked again 2026-11-09 09:01:00 UTC."
    )


@unhurried
@given(
    st.lists(st.sampled_from([PENDING, OPEN, SOLVED, CLOSED, CLOSED_YET_DUE]), min_size=1),
    st.datetimes(timezones=st.just(UTC)),
)
def test_whatever_is_heard_in_whatever_order_never_raises_and_ends_with_the_newest(
    heard: list[Snapshot], now: datetime
) -> None:
    alarm = Alarm(heard[0])
    for each in heard:
        alarm.hear(each)
        alarm.due(now)
        alarm.in_words()

    assert alarm.ticket == max(heard, key=lambda each: each.version)
