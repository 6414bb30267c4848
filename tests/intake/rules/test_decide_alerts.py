"""What staff are told of promises: warned, told of a breach, and whoever is next in line; and what is left unsaid."""

from datetime import timedelta

import pytest

from services.contract.events import SlaBreached, SlaEscalated, SlaWarned
from services.contract.temporal import Deadline
from services.contract.vocabulary import AlertAudience, DeadlineKind, Metric, Status
from services.intake.rules.deadline_due import Meet
from services.intake.rules.decide import decide
from services.intake.rules.moves.ask import Ask
from services.intake.rules.moves.reopen import Reopen
from services.intake.rules.moves.reply import Reply
from services.intake.rules.moves.solve import Solve
from services.intake.rules.ticket import Ticket
from services.promises.policy import Escalation, Pause, Policy, Target
from services.promises.working_time import Calendar, Counted, Span
from tests.intake.ticket_life import AGENT, DAAN, NOON, REQUESTER, meets, message, new_ticket

HOUR = timedelta(hours=1)
POLICY = Policy(
    survey_spread=timedelta(0),
    targets=(Target(metric=Metric.RESOLUTION, within=Span(length=4 * HOUR)),),
    pauses=(Pause(metric=Metric.RESOLUTION, status=Status.PENDING),),
    warn_at=(50,),
    escalations=(Escalation(tell=(AlertAudience.TEAM,)), Escalation(after=2 * HOUR, tell=(AlertAudience.ADMINS,))),
)


def _ticket(policy: Policy = POLICY) -> Ticket:
    return new_ticket(policy=policy)


def test_staff_are_warned_told_and_told_further_up() -> None:
    warned = meets(_ticket())
    broken = meets(warned.ticket)
    further = meets(broken.ticket)
    first, second, third = warned.events[0], broken.events[0], further.events[0]
    assert isinstance(first, SlaWarned)
    assert isinstance(second, SlaBreached)
    assert isinstance(third, SlaEscalated)
    assert (first.percent, first.metric, first.tell) == (50, Metric.RESOLUTION, (AlertAudience.TEAM,))
    assert {first.breach_at, second.breach_at, third.breach_at} == {NOON + 4 * HOUR}
    assert (second.tell, third.tell, third.step) == ((AlertAudience.TEAM,), (AlertAudience.ADMINS,), 1)
    assert [decision.history[0].public for decision in (warned, broken, further)] == [False] * 3
    assert further.ticket.deadlines == ()


@pytest.mark.parametrize(("counted", "zone"), [(Counted.WORKING, "Asia/Kathmandu"), (Counted.CALENDAR, None)])
def test_an_alert_names_the_zone_of_the_calendar_where_that_decided(counted: Counted, zone: str | None) -> None:
    target = Target(metric=Metric.RESOLUTION, within=Span(length=4 * HOUR, counted=counted))
    policy = POLICY.model_copy(update={"targets": (target,), "calendar": Calendar(zone="Asia/Kathmandu")})
    warned = meets(_ticket(policy)).events[0]
    assert isinstance(warned, SlaWarned)
    assert warned.calendar_zone == zone


def test_without_steps_a_breach_is_recorded_and_nobody_told() -> None:
    broken = meets(meets(_ticket(POLICY.model_copy(update={"escalations": ()}))).ticket)
    assert isinstance(broken.events[0], SlaBreached)
    assert broken.events[0].tell == ()
    assert broken.ticket.deadlines == ()


@pytest.mark.parametrize(("late", "said"), [(2 * HOUR - timedelta.resolution, 1), (2 * HOUR, 0), (9 * HOUR, 0)])
def test_a_warning_that_comes_with_the_breach_is_left_unsaid(late: timedelta, said: int) -> None:
    warned = meets(_ticket(), late=late)
    assert len(warned.events) == said
    assert warned.ticket.snapshot().next_deadline == Deadline(
        kind=DeadlineKind.BREACH, due_at=NOON + 4 * HOUR, metric=Metric.RESOLUTION
    )


def test_a_warning_that_came_late_on_a_ticket_that_waits_by_now_holds_up_no_reminder() -> None:
    # The desk was down when half of it was spent, and a question stops the promise before the clock came to it.
    pending = decide(_ticket(), Ask(AGENT, message()), NOON + 3 * HOUR).ticket
    warning, reminder = pending.deadlines[:2]
    assert (warning.kind, warning.due_at) == (DeadlineKind.WARNING, NOON + 2 * HOUR)
    warned = decide(pending, Meet(warning), NOON + 5 * HOUR)
    assert warned.events == ()
    assert warned.history[0].line.facts()["deadline"] == "warning"
    assert warned.ticket.snapshot().next_deadline == reminder


def test_a_solved_ticket_is_nobodys_alert_and_a_reopened_one_goes_on_where_it_stopped() -> None:
    solved = decide(_ticket(), Solve(AGENT, DAAN), NOON + HOUR).ticket
    assert {each.kind for each in solved.deadlines} == {DeadlineKind.SURVEY, DeadlineKind.FINALISATION}
    reopened = decide(solved, Reopen(AGENT), NOON + 30 * HOUR).ticket
    assert [each.due_at - NOON for each in reopened.deadlines] == [31 * HOUR, 33 * HOUR, 35 * HOUR]


def test_each_message_is_promised_an_answer_anew_and_only_after_the_first_reply() -> None:
    target = Target(metric=Metric.NEXT_REPLY, within=Span(length=4 * HOUR))
    ticket = _ticket(POLICY.model_copy(update={"targets": (target,), "warn_at": (), "escalations": ()}))
    ticket = decide(ticket, Reply(REQUESTER, message()), NOON).ticket
    assert ticket.deadlines == ()
    for hours in (10, 20):
        ticket = decide(ticket, Reply(AGENT, message()), NOON + (hours - 1) * HOUR).ticket
        ticket = decide(ticket, Reply(REQUESTER, message()), NOON + hours * HOUR).ticket
        assert [each.due_at - NOON for each in ticket.deadlines] == [(hours + 4) * HOUR]
        ticket = meets(ticket).ticket
        assert ticket.deadlines == ()
