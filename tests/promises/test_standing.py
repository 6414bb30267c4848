"""How acts change a ticket's standing: what counts on, what begins anew, what is forgotten."""

from datetime import UTC, datetime, timedelta

import pytest

from services.contract.vocabulary import ClosedReason, DeadlineKind, Metric, Priority, Status
from services.promises import standing
from services.promises.standing import NO_TIME, Alert, Override, Standing, Stretch

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOLD = Alert(DeadlineKind.BREACH, Metric.NEXT_REPLY, 0)
ONCE = Alert(DeadlineKind.BREACH, Metric.RESOLUTION, 0)
REMINDER = Override(DeadlineKind.REMINDER, START + 9 * HOUR)
CLOSURE = Override(DeadlineKind.CLOSURE, None)


def opened() -> Standing:
    return standing.opened(7, Priority.LOW, START)


def waiting() -> Standing:
    """Support replied, the requester wrote again, and staff were told that nobody answered."""
    replied = standing.support_replied(opened(), START + HOUR)
    written = standing.requester_replied(replied, START + 2 * HOUR)
    return standing.alerted(standing.alerted(written, TOLD), ONCE)


def pending() -> Standing:
    return standing.asked(opened(), START + HOUR)


def test_a_ticket_that_somebody_has_from_the_start_is_open() -> None:
    assert opened().status is Status.NEW
    assert standing.opened(7, Priority.LOW, START, taken_up=True).path == (Stretch(Status.OPEN, START),)


def test_only_a_new_ticket_is_taken_up() -> None:
    assert standing.taken_up(opened(), START + HOUR).path[-1] == Stretch(Status.OPEN, START + HOUR)
    assert standing.taken_up(pending(), START + 2 * HOUR) == pending()


def test_the_first_reply_is_remembered_and_the_oldest_message_not_answered() -> None:
    stands = standing.support_replied(waiting(), START + 5 * HOUR)
    assert (stands.replied_at, stands.waits_since) == (START + HOUR, None)
    again = standing.requester_replied(standing.requester_replied(stands, START + 6 * HOUR), START + 7 * HOUR)
    assert again.waits_since == START + 6 * HOUR


def test_before_the_first_reply_the_whole_ticket_waits() -> None:
    assert standing.requester_replied(opened(), START + HOUR).waits_since is None


@pytest.mark.parametrize(
    "answered",
    [
        standing.support_replied(waiting(), START + 9 * HOUR),
        standing.asked(waiting(), START + 9 * HOUR),
        standing.solved(waiting(), START + 9 * HOUR),
        standing.closed(waiting(), START + 9 * HOUR, ClosedReason.SPAM),
    ],
    ids=["reply", "question", "solution", "spam"],
)
def test_once_nobody_waits_any_more_the_next_reply_is_promised_anew_and_all_else_stays_told(answered: Standing) -> None:
    assert (answered.waits_since, answered.alerts) == (None, (ONCE,))


@pytest.mark.parametrize("reason", ClosedReason)
def test_an_end_takes_what_was_to_come_with_it(reason: ClosedReason) -> None:
    stands = standing.closed(
        standing.snoozed(pending()._replace(overrides=(REMINDER,)), START + 9 * HOUR), START, reason
    )
    assert (stands.snoozed_until, stands.overrides, stands.closed_reason) == (None, (), reason)
    assert standing.closed(pending()._replace(overrides=(REMINDER,)), START, reason).asked_at is None


def test_a_question_asked_again_begins_its_promise_anew() -> None:
    before = pending()._replace(
        reminded_at=START + 2 * HOUR,
        mail_down=HOUR,
        overrides=(REMINDER, CLOSURE, Override(DeadlineKind.SURVEY, None)),
    )
    after = standing.asked(before, START + 3 * HOUR)
    assert (after.asked_at, after.reminded_at, after.mail_down) == (START + 3 * HOUR, None, NO_TIME)
    assert after.overrides == (Override(DeadlineKind.SURVEY, None),)
    assert after.path == before.path


def test_leaving_a_status_leaves_what_was_promised_in_it() -> None:
    before = pending()._replace(reminded_at=START + 2 * HOUR, mail_down=HOUR, overrides=(REMINDER,))
    after = standing.requester_replied(before, START + 3 * HOUR)
    assert after == standing.requester_replied(pending(), START + 3 * HOUR)
    assert (after.asked_at, after.reminded_at, after.mail_down, after.overrides) == (None, None, NO_TIME, ())


def test_for_each_fact_it_is_decided_whether_another_status_forgets_it() -> None:
    every = {name: START for name in Standing._fields if name.endswith(("_at", "_since", "_until"))}
    full = Standing(
        number=7,
        priority=Priority.LOW,
        path=(Stretch(Status.NEW, START), Stretch(Status.CLOSED, START + HOUR)),
        closed_reason=ClosedReason.SPAM,
        alerts=(ONCE,),
        overrides=(REMINDER,),
        mail_down=HOUR,
        reopened_from=(REMINDER,),
        **every,
    )
    after = standing.reopened(full, START + 2 * HOUR)
    assert {name for name, unset in Standing._field_defaults.items() if getattr(after, name) == unset} == {
        *("closed_reason", "asked_at", "reminded_at", "mail_down", "overrides", "reopened_from"),
    }
    kept = {"surveyed_at", "replied_at", "waits_since", "snoozed_until"}
    assert {name for name in every if getattr(after, name) == START} == kept


@pytest.mark.parametrize("status", [Status.NEW, Status.OPEN, Status.PARKED])
def test_a_requesters_message_wakes_a_ticket_and_moves_only_one_that_waits_or_has_ended(status: Status) -> None:
    before = opened()._replace(path=(Stretch(status, START),), snoozed_until=START + 9 * HOUR)
    after = standing.requester_replied(before, START + HOUR)
    assert (after.path, after.snoozed_until) == (before.path, None)
    for ended in (Status.PENDING, Status.SOLVED, Status.CLOSED):
        moved = standing.requester_replied(before._replace(path=(Stretch(ended, START),)), START + HOUR)
        assert (moved.status, moved.snoozed_until) == (Status.OPEN, None)


def test_a_step_moved_twice_is_where_it_was_moved_last() -> None:
    before = pending()._replace(mail_down=HOUR, overrides=(CLOSURE,))
    again = standing.moved_step(before, DeadlineKind.REMINDER, START)
    assert (again.overrides, again.mail_down) == ((CLOSURE, Override(DeadlineKind.REMINDER, START)), HOUR)
    last = standing.moved_step(again, DeadlineKind.CLOSURE, START)
    assert last.overrides == (Override(DeadlineKind.REMINDER, START), Override(DeadlineKind.CLOSURE, START))
    assert last.mail_down == NO_TIME


def test_a_step_that_came_is_no_longer_moved() -> None:
    before = pending()._replace(overrides=(REMINDER, CLOSURE))
    assert standing.after_deadline(before, DeadlineKind.REMINDER, START).overrides == (CLOSURE,)
    survey = Override(DeadlineKind.SURVEY, START)
    assert standing.after_deadline(
        before._replace(overrides=(survey, CLOSURE)), DeadlineKind.SURVEY, START
    ).overrides == (CLOSURE,)


def test_an_alert_of_no_promise_is_an_error_that_names_the_ticket() -> None:
    with pytest.raises(ValueError, match="ticket 7 has a breach of no promise"):
        standing.after_deadline(opened(), DeadlineKind.BREACH, START)


def test_a_mistaken_end_is_taken_back_as_if_it_had_not_been_but_for_the_time_it_took() -> None:
    former = waiting()
    ended = standing.solved(former, START + 9 * HOUR)
    back = standing.taken_back(ended, former, START + 10 * HOUR)
    assert back == former._replace(path=(*ended.path, Stretch(Status.OPEN, START + 10 * HOUR)))


def test_a_ticket_is_solved_since_it_was_solved_last_and_only_while_it_is() -> None:
    solved = standing.solved(standing.reopened(standing.solved(opened(), START), START + HOUR), START + 2 * HOUR)
    assert solved.solved_at == START + 2 * HOUR
    assert standing.closed(solved, START + 3 * HOUR, ClosedReason.FINALISED).solved_at is None
