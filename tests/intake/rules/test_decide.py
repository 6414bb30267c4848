"""The ticket's rules, `docs/design.md §4`, with no database in sight."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from services.contract.events import (
    TicketAssigned,
    TicketReminderDue,
    TicketReplied,
    TicketStatusChanged,
    TicketSubmitted,
    TicketSurveyDue,
)
from services.contract.temporal import Deadline
from services.contract.vocabulary import ClosedReason, DeadlineKind, Status
from services.intake.rules.deadline_due import Meet
from services.intake.rules.decide import decide, open_ticket
from services.intake.rules.moves.assign import Assign
from services.intake.rules.moves.do_now import DoNow
from services.intake.rules.moves.note import Note
from services.intake.rules.moves.rate import Rate
from services.intake.rules.moves.reply import Reply
from services.intake.rules.moves.snooze import Snooze
from services.intake.rules.moves.solve import Solve
from services.intake.rules.ticket import TeamRef
from tests.intake.ticket_life import (
    AGENT,
    DAAN,
    MARIEKE,
    NOON,
    PLAIN,
    REQUESTER,
    answered,
    asked,
    in_state,
    meets,
    message,
    new_ticket,
    solved,
    submission,
)
from tests.workflows.desk import same_clock

DAY = timedelta(days=1)


def test_a_question_promises_a_reminder_after_seven_days_and_closure_after_fourteen() -> None:
    decision = decide(new_ticket(), Reply(AGENT, message()), NOON)
    pending = asked(decision.ticket, NOON)
    assert pending.deadlines == (
        Deadline(kind=DeadlineKind.REMINDER, due_at=NOON + 7 * DAY),
        Deadline(kind=DeadlineKind.CLOSURE, due_at=NOON + 14 * DAY),
    )


def test_asking_again_starts_the_promise_anew() -> None:
    pending = meets(asked(new_ticket(), NOON)).ticket
    again = asked(pending, NOON + 10 * DAY)
    assert [deadline.due_at for deadline in again.deadlines] == [NOON + 17 * DAY, NOON + 24 * DAY]


def test_an_agents_plain_reply_does_not_stop_the_clock_of_a_question() -> None:
    pending = asked(new_ticket(), NOON)
    after = decide(pending, Reply(AGENT, message()), NOON + DAY).ticket
    assert after.deadlines == pending.deadlines


def test_a_late_reminder_leaves_the_whole_time_it_promises() -> None:
    late = meets(asked(new_ticket(), NOON), late=3 * DAY)
    reminder = late.events[0]
    assert isinstance(reminder, TicketReminderDue)
    assert reminder.closes_at == NOON + 17 * DAY
    assert late.ticket.snapshot().next_deadline == Deadline(kind=DeadlineKind.CLOSURE, due_at=NOON + 17 * DAY)


def test_silence_closes_and_a_reply_reopens_and_is_counted() -> None:
    closed = in_state(Status.CLOSED, ClosedReason.NO_RESPONSE)
    assert closed.deadlines == ()
    reopened = answered(closed, NOON + 20 * DAY)
    assert (reopened.status, reopened.closed_reason, reopened.reopened) == (Status.OPEN, None, 1)


def test_a_solved_ticket_is_surveyed_after_a_day_and_finalised_after_two() -> None:
    survey = meets(solved(new_ticket(), NOON))
    assert isinstance(survey.events[0], TicketSurveyDue)
    final = meets(survey.ticket)
    assert final.ticket.updated_at == NOON + 2 * DAY
    assert final.ticket.closed_reason is ClosedReason.FINALISED


def test_the_survey_is_sent_once_in_a_tickets_life() -> None:
    surveyed = meets(solved(new_ticket(), NOON)).ticket
    again = solved(answered(surveyed, NOON + 30 * timedelta(hours=1)), NOON + 3 * DAY)
    assert [deadline.kind for deadline in again.deadlines] == [DeadlineKind.FINALISATION]


def test_no_survey_where_the_policy_has_none() -> None:
    ticket = solved(new_ticket(policy=PLAIN.model_copy(update={"survey": False})), NOON)
    assert [deadline.kind for deadline in ticket.deadlines] == [DeadlineKind.FINALISATION]


@pytest.mark.parametrize("kind", ["reminder", "closure", "survey", "finalisation"])
def test_a_deadline_is_met_once_however_often_it_is_asked_for(kind: str) -> None:
    ticket = asked(new_ticket(), NOON)
    if kind in ("survey", "finalisation"):
        ticket = solved(new_ticket(), NOON)
    due = next(deadline for deadline in ticket.deadlines if deadline.kind == kind)
    once = meets(ticket, due)
    assert len(once.history) == 1
    twice = meets(once.ticket, due)
    assert (twice.ticket, twice.events, twice.history) == (once.ticket, (), ())


def test_a_deadline_is_never_met_early() -> None:
    pending = asked(new_ticket(), NOON)
    due = pending.snapshot().next_deadline
    assert due is not None
    assert decide(pending, Meet(due), due.due_at - timedelta(microseconds=1)).ticket == pending


def test_a_deadline_of_an_older_question_does_nothing() -> None:
    pending = asked(new_ticket(), NOON)
    old = pending.snapshot().next_deadline
    again = asked(pending, NOON + 6 * DAY)
    assert meets(again, old).ticket == again


def test_every_automatic_act_leaves_its_evidence() -> None:
    entry = meets(asked(new_ticket(), NOON), late=timedelta(seconds=1)).history[0]
    assert entry.by.kind == "clock"
    assert entry.line.facts() == {
        "deadline": "reminder",
        "metric": None,
        "point": 0,
        "policy": PLAIN.pinned("standard").version,
        "due_at": "2026-11-09T12:00:00Z",
        "met_at": "2026-11-09T12:00:01Z",
        "from": "pending",
        "to": "pending",
        "closed_reason": None,
        "because": [{"reason": "counted_from", "at": "2026-11-02T12:00:00Z"}],
    }


def test_one_act_is_told_once() -> None:
    replied, moved = decide(new_ticket(), Solve(AGENT, DAAN, message()), NOON).events
    assert isinstance(replied, TicketReplied)
    assert isinstance(moved, TicketStatusChanged)
    assert (replied.ticket.status, moved.told) == (Status.SOLVED, True)
    (silent,) = decide(new_ticket(), Solve(AGENT, DAAN), NOON).events
    assert isinstance(silent, TicketStatusChanged)
    assert not silent.told


def test_a_question_tells_what_will_happen() -> None:
    replied = decide(asked(new_ticket(), NOON), Reply(AGENT, message()), NOON).events[0]
    assert isinstance(replied, TicketReplied)
    assert (replied.reminder_at, replied.closes_at) == (NOON + 7 * DAY, NOON + 14 * DAY)


def test_the_solver_becomes_assignee_only_where_there_is_none() -> None:
    assert solved(new_ticket(), NOON).assignee == DAAN
    other = DAAN.model_copy(update={"name": "Giulia", "person_id": MARIEKE.person_id})
    taken = decide(new_ticket(), Assign(AGENT, other), NOON).ticket
    assert solved(taken, NOON).assignee == other


def test_the_same_assignee_again_changes_nothing() -> None:
    taken = decide(new_ticket(), Assign(AGENT, DAAN), NOON)
    assert isinstance(taken.events[0], TicketAssigned)
    again = decide(taken.ticket, Assign(AGENT, DAAN), NOON)
    assert (again.ticket, again.events) == (taken.ticket, ())


def test_an_agents_own_ticket_is_theirs_as_a_requester() -> None:
    own = asked(new_ticket().model_copy(update={"requester": DAAN}), NOON)
    assert decide(own, Reply(AGENT, message()), NOON).ticket.status is Status.OPEN


def test_a_rating_can_be_changed_but_not_repeated() -> None:
    surveyed = meets(solved(new_ticket(), NOON)).ticket
    good = decide(surveyed, Rate(REQUESTER, good=True), NOON)
    assert decide(good.ticket, Rate(REQUESTER, good=True), NOON).events == ()
    assert decide(good.ticket, Rate(REQUESTER, good=False, comment="Hm."), NOON).ticket.rating is not None


def test_a_note_tells_nobody_its_text_and_keeps_the_clock() -> None:
    pending = asked(new_ticket(), NOON)
    decision = decide(pending, Note(AGENT, message("secret words")), NOON + DAY)
    assert "secret words" not in str([event.model_dump() for event in decision.events])
    assert same_clock(decision.ticket.snapshot(), pending.snapshot())


def test_whom_a_teams_round_robin_chose_hears_of_the_new_ticket() -> None:
    printers = TeamRef(id=MARIEKE.person_id, name="Printers")
    opened = open_ticket(replace(submission(), team=printers, assignee=DAAN), NOON)
    assert [type(event) for event in opened.events] == [TicketSubmitted, TicketAssigned]
    assert [(entry.type, entry.by.kind) for entry in opened.history] == [
        ("submitted", "person"),
        ("comment", "person"),
        ("assigned", "clock"),
    ]


def test_a_closure_ends_a_snooze_with_whoever_was_to_be_reminded() -> None:
    waiting = asked(new_ticket(), NOON)
    snoozed = decide(waiting, Snooze(AGENT, DAAN, NOON + 30 * DAY), NOON).ticket
    closed = decide(snoozed, DoNow(AGENT, DeadlineKind.CLOSURE), NOON + DAY).ticket
    assert (closed.standing.snoozed_until, closed.snoozed_by) == (None, None)
    assert meets(snoozed).ticket.snoozed_by == DAAN, "a reminder of the requester ends nobody's snooze"


def test_who_snoozes_a_ticket_until_the_same_instant_is_the_one_reminded() -> None:
    until, lotte = NOON + DAY, DAAN.model_copy(update={"person_id": UUID(int=3), "name": "Lotte"})
    snoozed = decide(new_ticket(), Snooze(AGENT, DAAN, until), NOON).ticket
    assert decide(snoozed, Snooze(AGENT, DAAN, until), NOON).ticket == snoozed
    assert decide(snoozed, Snooze(AGENT, lotte, until), NOON).ticket.snoozed_by == lotte


def test_the_evidence_of_a_snooze_while_pending_does_not_say_it_was_counted_from_the_question() -> None:
    snoozed = decide(asked(new_ticket(), NOON), Snooze(AGENT, DAAN, NOON + DAY), NOON).ticket
    assert meets(snoozed).history[0].line.facts()["because"] == []
