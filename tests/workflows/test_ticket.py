"""The ticket workflow on the time-skipping server: what the desk promises, to the minute."""

import asyncio
from datetime import datetime, timedelta

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowExecutionStatus

from services.contract.temporal import MeetDeadline, Snapshot
from services.contract.vocabulary import ClosedReason, DeadlineKind, Status
from tests.workflows.life import Life, away, failure, unknown, well

pytestmark = pytest.mark.own_parts

MINUTE = timedelta(minutes=1)
TIMER_ROUNDING = timedelta(milliseconds=1)


async def test_a_silent_requester_is_reminded_after_7_days_and_the_ticket_closed_after_14(life: Life) -> None:
    await life.opens()
    await life.asks()
    asked_at = _known(life.desk.ticket.asked_at)

    closed = await life.ends()

    reminder, closure = life.desk.met
    assert (reminder.deadline.kind, reminder.deadline.due_at) == (DeadlineKind.REMINDER, asked_at + timedelta(days=7))
    late = reminder.told - reminder.deadline.due_at
    assert timedelta(0) <= late < MINUTE
    assert reminder.at >= reminder.deadline.due_at - TIMER_ROUNDING
    # Closing leaves the requester the whole week the reminder promised, however late that was met.
    assert (closure.deadline.kind, closure.deadline.due_at) == (
        DeadlineKind.CLOSURE,
        asked_at + timedelta(days=14) + late,
    )
    assert -TIMER_ROUNDING <= closure.at - closure.deadline.due_at < MINUTE
    assert closed == life.desk.snapshot
    assert life.desk.ticket.closed_reason is ClosedReason.NO_RESPONSE


async def test_a_solved_ticket_is_surveyed_after_24_hours_and_finalised_after_48(life: Life) -> None:
    await life.opens()
    await life.solves()
    solved_at = _known(life.desk.ticket.solved_at)

    await life.ends()

    assert [(each.deadline.kind, each.deadline.due_at - solved_at) for each in life.desk.met] == [
        (DeadlineKind.SURVEY, timedelta(hours=24)),
        (DeadlineKind.FINALISATION, timedelta(hours=48)),
    ]
    assert all(-TIMER_ROUNDING <= each.at - each.deadline.due_at < MINUTE for each in life.desk.met)
    assert life.desk.ticket.closed_reason is ClosedReason.FINALISED


async def test_a_reply_a_minute_before_the_reminder_stops_it(life: Life) -> None:
    await life.opens()
    await life.asks()
    await life.waits_until(life.desk.due_at() - MINUTE)
    await life.replies()

    await life.waits(days=30)

    assert (await life.known()).status is Status.OPEN
    assert life.desk.asked == []


async def test_a_reply_a_minute_after_the_reminder_stops_the_closing(life: Life) -> None:
    await life.opens()
    await life.asks()
    await life.waits_until(life.desk.due_at() + MINUTE)
    await life.replies()

    await life.waits(days=30)

    assert (await life.known()).status is Status.OPEN
    assert life.desk.kinds_met == ["reminder"]


async def test_a_reply_a_minute_before_the_closing_keeps_the_ticket_open(life: Life) -> None:
    await life.opens()
    await life.asks()
    await life.waits(days=8)
    await life.waits_until(life.desk.due_at() - MINUTE)
    await life.replies()

    await life.waits(days=30)

    assert (await life.known()).status is Status.OPEN
    assert life.desk.kinds_met == ["reminder"]


async def test_a_reply_a_minute_after_the_closing_starts_a_fresh_run_of_the_same_workflow(life: Life) -> None:
    await life.opens()
    await life.asks()
    await life.waits(days=8)
    await life.waits_until(life.desk.due_at() + MINUTE)
    assert life.desk.ticket.closed_reason is ClosedReason.NO_RESPONSE
    first = await life.handle.describe()
    await life.replies()

    second = await life.handle.describe()

    assert first.status is WorkflowExecutionStatus.COMPLETED
    assert second.status is WorkflowExecutionStatus.RUNNING
    assert first.id == second.id
    assert first.run_id != second.run_id
    assert await life.known() == life.desk.snapshot


async def test_a_ticket_that_comes_back_to_life_is_reminded_and_closed_again(life: Life) -> None:
    await life.opens()
    await life.asks()
    await life.ends()
    await life.replies()
    await life.asks()

    closed = await life.ends()

    assert life.desk.kinds_met == ["reminder", "closure", "reminder", "closure"]
    assert closed == life.desk.snapshot


async def test_a_reply_to_a_solution_stops_survey_and_finalisation(life: Life) -> None:
    await life.opens()
    await life.solves()
    await life.waits_until(life.desk.due_at() - MINUTE)
    await life.replies()

    await life.waits(days=5)

    assert (await life.known()).status is Status.OPEN
    assert life.desk.asked == []


async def test_a_reopened_ticket_is_surveyed_once_only(life: Life) -> None:
    await life.opens()
    await life.solves()
    await life.waits(hours=25)
    await life.replies()
    await life.waits(hours=1)
    await life.solves()

    await life.ends()

    assert life.desk.kinds_met == ["survey", "finalisation"]


async def test_a_question_asked_again_starts_the_promise_anew(life: Life) -> None:
    await life.opens()
    await life.asks()
    await life.waits(days=6)
    await life.asks()
    asked_at = _known(life.desk.ticket.asked_at)

    await life.ends()

    assert [each.deadline.kind for each in life.desk.met] == [DeadlineKind.REMINDER, DeadlineKind.CLOSURE]
    assert life.desk.met[0].deadline.due_at == asked_at + timedelta(days=7)


async def test_an_earlier_deadline_wakes_a_clock_that_sleeps_until_a_later_one(life: Life) -> None:
    await life.opens()
    await life.asks()
    await life.waits(days=1)
    await life.solves()

    await life.waits(hours=25)

    assert life.desk.kinds_met == ["survey"]


async def test_a_snapshot_heard_twice_changes_nothing(life: Life) -> None:
    await life.opens()
    await life.asks()
    await life.signals(life.desk.snapshot)
    await life.signals(life.desk.snapshot)

    await life.ends()

    assert life.desk.kinds_met == ["reminder", "closure"]
    assert len(life.desk.asked) == 2


async def test_an_older_snapshot_that_comes_late_is_ignored(life: Life) -> None:
    await life.opens()
    await life.asks()
    older = life.desk.snapshot
    await life.waits(days=1)
    await life.replies()
    await life.signals(older)

    await life.waits(days=30)

    assert await life.known() == life.desk.snapshot
    assert life.desk.asked == []


async def test_a_lost_signal_is_healed_by_the_next_one(life: Life) -> None:
    await life.opens()
    await life.asks()
    life.desk.replies(await life.now())
    life.desk.wire.clear()
    await life.solves()

    await life.ends()

    assert life.desk.kinds_met == ["survey", "finalisation"]


async def test_a_clock_that_missed_the_reply_does_nothing_and_learns_of_it(life: Life) -> None:
    await life.opens()
    await life.asks()
    life.desk.replies(await life.now())
    life.desk.wire.clear()

    await life.waits(days=30)

    assert len(life.desk.asked) == 1
    assert life.desk.met == []
    assert await life.known() == life.desk.snapshot


async def test_a_clock_that_was_never_started_is_started_by_any_later_snapshot(life: Life) -> None:
    life.desk.submits(await life.now())
    life.desk.wire.clear()
    await life.asks()

    await life.ends()

    assert life.desk.kinds_met == ["reminder", "closure"]


async def test_an_old_snapshot_that_starts_a_clock_for_a_closed_ticket_ends_where_intake_says_so(life: Life) -> None:
    await life.opens()
    await life.asks()
    pending = life.desk.snapshot
    await life.ends()
    await life.signals(pending)

    closed = await life.ends()

    assert closed == life.desk.snapshot
    assert life.desk.kinds_met == ["reminder", "closure"]


async def test_a_snapshot_of_a_closed_ticket_ends_a_sleeping_clock(life: Life) -> None:
    await life.opens()
    await life.asks()
    closed = _closed(life.desk.snapshot)
    with life.server.auto_time_skipping_disabled():  # else a clock that slept on would end too, in 14 days
        await life.signals(closed)

        assert await life.ends() == closed
    assert life.desk.asked == []


async def test_a_snapshot_of_a_closed_ticket_ends_a_clock_at_its_start(life: Life) -> None:
    await life.opens()
    await life.signals(_closed(life.desk.snapshot))
    await life.ends()
    await life.signals(_closed(life.desk.snapshot))

    assert (await life.ends()).status is Status.CLOSED


async def test_a_deadline_that_passed_before_the_clock_started_is_met_at_once(life: Life) -> None:
    now = await life.now()
    orders: list[MeetDeadline] = []

    async def listens(asked: MeetDeadline) -> None:
        orders.append(asked)

    life.before_meeting = listens
    life.desk.submits(now - timedelta(days=9))
    life.desk.asks(now - timedelta(days=8))
    with life.server.auto_time_skipping_disabled():
        await life.tells()
        await life.until(lambda: life.desk.kinds_met == ["reminder"])

    assert life.desk.met[0].deadline.due_at == _known(life.desk.ticket.asked_at) + timedelta(days=7)
    assert life.desk.met[0].at >= now
    assert orders[0].met_at >= now


async def test_an_intake_that_fails_for_a_day_meets_the_deadline_once_when_it_is_back(life: Life) -> None:
    await life.opens()
    await life.asks()
    back_at = life.desk.due_at() + timedelta(days=1)

    async def down_for_a_day(asked: MeetDeadline) -> None:
        if await life.now() < back_at:
            await away(asked)

    life.before_meeting = down_for_a_day
    await life.waits_until(back_at + timedelta(minutes=6))

    assert life.desk.kinds_met == ["reminder"]
    assert life.tries > 200
    assert life.desk.met[0].told == life.desk.met[0].at >= back_at
    assert await life.known() == life.desk.snapshot
    # The requester still has the whole week that the reminder promises.
    assert life.desk.due_at() >= back_at + timedelta(days=7)


async def test_a_reply_heard_while_intake_fails_drops_the_deadline(life: Life) -> None:
    await life.opens()
    await life.asks()

    life.before_meeting = away
    await life.waits(days=7, hours=2)
    await life.replies()
    known = await life.known()
    tries = life.tries
    await life.waits(days=1)

    assert known == life.desk.snapshot
    assert life.tries == tries
    assert life.desk.met == []


async def test_a_ticket_closed_while_intake_fails_ends_the_run(life: Life) -> None:
    await life.opens()
    await life.asks()

    life.before_meeting = away
    await life.waits(days=7, hours=2)
    await life.signals(_closed(life.desk.snapshot))

    assert (await life.ends()).status is Status.CLOSED


async def test_a_deadline_whose_answer_is_lost_is_met_twice_and_done_once(life: Life) -> None:
    await life.opens()
    await life.asks()

    async def lost_once(_: MeetDeadline) -> None:
        if life.tries == 1:
            raise failure("the answer got lost on its way")

    life.after_meeting = lost_once

    closed = await life.ends()

    assert [each.deadline.kind for each in life.desk.asked] == ["reminder", "reminder", "closure"]
    assert life.desk.kinds_met == ["reminder", "closure"]
    assert closed == life.desk.snapshot


async def test_a_stale_answer_does_not_undo_what_was_heard_meanwhile(life: Life) -> None:
    await life.opens()
    await life.asks()
    stale = life.desk.snapshot
    answered = asyncio.Event()

    async def reply_overtakes(_: MeetDeadline) -> None:
        await life.replies()
        await life.known()
        answered.set()

    life.before_answering, life.after_meeting = away, reply_overtakes
    await life.waits(days=8)
    await asyncio.wait_for(answered.wait(), 10)

    known = await life.known()
    assert known == life.desk.snapshot
    assert known.version > stale.version
    assert known.status is Status.OPEN


async def test_a_deadline_intake_would_not_meet_is_brought_up_again_with_growing_patience(life: Life) -> None:
    await life.opens()
    await life.asks()
    pending = life.desk.ticket

    async def a_newer_promise(_: MeetDeadline) -> None:
        # The row says something else about the question than the clock does, and says so with an older version.
        life.desk.restores(pending, asked_at=await life.now())

    life.before_meeting = a_newer_promise
    await life.waits_until(life.desk.due_at() + timedelta(days=1))

    assert life.desk.met == []
    assert 24 <= life.tries <= 32
    assert (await life.known()).version == pending.version


async def test_a_deadline_intake_refuses_for_good_keeps_the_clock_alive_and_bothers_no_queue(life: Life) -> None:
    await life.opens()
    await life.asks()

    async def refused(asked: MeetDeadline) -> None:
        if life.tries == 1:
            await unknown(asked)

    life.before_meeting = refused
    await life.ends()

    assert (life.direct_tries, life.queued_tries) == (3, 0)
    assert life.desk.kinds_met == ["reminder", "closure"]


async def test_an_api_that_is_away_leaves_the_deadlines_to_the_queue(life: Life) -> None:
    await life.opens()
    await life.asks()
    life.before_answering = away

    await life.ends()

    assert (life.direct_tries, life.queued_tries) == (2, 2)
    assert life.desk.kinds_met == ["reminder", "closure"]


async def test_what_intake_refuses_in_its_queue_too_is_asked_again_directly(life: Life) -> None:
    await life.opens()
    await life.asks()

    async def refused(asked: MeetDeadline) -> None:
        life.before_answering = life.before_meeting = well
        await unknown(asked)

    life.before_answering, life.before_meeting = away, refused
    await life.ends()

    assert (life.direct_tries, life.queued_tries) == (3, 1)
    assert life.desk.kinds_met == ["reminder", "closure"]


async def test_a_ticket_nobody_touches_is_warned_of_and_breaches_its_promise(strict: Life) -> None:
    await strict.opens()
    expected = [(each.kind, each.metric, each.due_at) for each in strict.desk.ticket.deadlines]

    await strict.waits(days=30)

    assert [kind for kind, _, _ in expected] == [DeadlineKind.WARNING, DeadlineKind.BREACH]
    met = strict.desk.met
    assert [(each.deadline.kind, each.deadline.metric, each.deadline.due_at) for each in met] == expected
    assert all(timedelta(0) <= each.told - each.deadline.due_at < MINUTE for each in met)
    assert (await strict.known()).next_deadline is None


async def test_while_the_requester_is_asked_a_promise_is_neither_warned_of_nor_broken(strict: Life) -> None:
    await strict.opens()
    warning_at = strict.desk.due_at()
    await strict.waits(hours=1)
    await strict.asks()
    await strict.waits(days=6)
    asked = len(strict.desk.asked)
    await strict.replies()
    resumed_until = strict.desk.due_at()

    await strict.waits_until(resumed_until + MINUTE)

    assert asked == 0
    assert resumed_until > warning_at
    assert [each.deadline.kind for each in strict.desk.met] == [DeadlineKind.WARNING]
    assert timedelta(0) <= strict.desk.met[0].told - resumed_until < MINUTE


async def test_a_signal_that_is_no_snapshot_does_not_stop_the_clock(life: Life) -> None:
    await life.opens()
    await life.asks()
    await life.handle.signal("snapshot", {"number": "not even that"})

    await life.ends()

    assert life.desk.kinds_met == ["reminder", "closure"]


async def test_only_one_timer_runs_at_a_time_and_a_later_deadline_arms_none(life: Life) -> None:
    await life.opens()
    for _ in range(5):
        await life.asks()
        await life.waits(minutes=1)
        await life.replies()
        await life.waits(minutes=1)

    types = [event.event_type async for event in life.handle.fetch_history_events()]

    assert types.count(EventType.EVENT_TYPE_TIMER_STARTED) == 1
    assert types.count(EventType.EVENT_TYPE_TIMER_CANCELED) == 0


async def test_the_clock_says_in_words_what_comes_next(life: Life) -> None:
    await life.opens()
    await life.asks()
    reminder_at = life.desk.due_at()
    pending = await _words(life)
    await life.replies()
    reopened = await _words(life)
    await life.solves()
    await life.waits(hours=30)
    surveyed = await _words(life)

    assert pending == f"pending, version 2. Next: reminder, due {reminder_at:%F %T} UTC."
    assert reopened == "open, version 3. No deadline: only a person can move the ticket."
    assert surveyed == f"solved, version 5. Next: finalisation, due {life.desk.due_at():%F %T} UTC."


async def _words(life: Life) -> str:
    metadata = await life.handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return str(metadata.current_details)


def _closed(ticket: Snapshot) -> Snapshot:
    return ticket.model_copy(update={"status": Status.CLOSED, "next_deadline": None, "version": ticket.version + 1})


def _known(instant: datetime | None) -> datetime:
    assert instant is not None
    return instant
