"""Where a promise stands: what is spent, what is left, when it breaks; paused, kept and broken ones."""

from datetime import UTC, datetime, timedelta

from services.contract.vocabulary import DeadlineKind, Metric, Priority, Status
from services.promises import standing
from services.promises.policy import Pause, Policy, Target
from services.promises.sla import Measure, PromiseState, measures, next_breach
from services.promises.standing import Alert, Standing
from services.promises.working_time import Calendar, Counted, Span

MONDAY = datetime(2026, 11, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
FOUR = Span(length=4 * HOUR)
RESOLUTION = Policy(
    targets=(Target(metric=Metric.RESOLUTION, within=FOUR),),
    pauses=(Pause(metric=Metric.RESOLUTION, status=Status.PENDING),),
)
REPLIES = Policy(
    targets=(Target(metric=Metric.FIRST_REPLY, within=FOUR), Target(metric=Metric.NEXT_REPLY, within=FOUR)), pauses=()
)


def opened() -> Standing:
    return standing.opened(7, Priority.LOW, MONDAY)


def measure(stands: Standing, policy: Policy, hours: float) -> Measure:
    (found,) = measures(stands, policy, MONDAY + hours * HOUR)
    return found


def test_a_running_promise_says_what_is_left_and_when_it_breaks() -> None:
    assert measure(opened(), RESOLUTION, 1) == Measure(
        Metric.RESOLUTION, FOUR, HOUR, 3 * HOUR, MONDAY + 4 * HOUR, PromiseState.RUNNING
    )


def test_before_the_ticket_nothing_is_spent() -> None:
    assert measure(opened(), RESOLUTION, -1).spent == timedelta(0)


def test_a_paused_promise_stands_still_and_goes_on_where_it_stopped() -> None:
    pending = standing.asked(opened(), MONDAY + HOUR)
    assert measure(pending, RESOLUTION, 30) == Measure(
        Metric.RESOLUTION, FOUR, HOUR, 3 * HOUR, None, PromiseState.PAUSED
    )
    answered = standing.requester_replied(pending, MONDAY + 31 * HOUR)
    assert measure(answered, RESOLUTION, 32).breach_at == MONDAY + 34 * HOUR
    assert measure(answered, RESOLUTION, 32).spent == 2 * HOUR


def test_at_its_very_end_a_promise_is_broken_and_what_is_left_is_less_than_nothing_later() -> None:
    assert measure(opened(), RESOLUTION, 3.99).state is PromiseState.RUNNING
    assert measure(opened(), RESOLUTION, 4).state is PromiseState.BREACHED
    late = measure(opened(), RESOLUTION, 6)
    assert (late.remaining, late.breach_at, late.state) == (-2 * HOUR, MONDAY + 4 * HOUR, PromiseState.BREACHED)


def test_a_promise_kept_breaks_no_more() -> None:
    solved = standing.solved(opened(), MONDAY + HOUR)
    assert measure(solved, RESOLUTION, 50) == Measure(Metric.RESOLUTION, FOUR, HOUR, 3 * HOUR, None, PromiseState.MET)


def test_a_promise_that_was_told_broken_stays_so_under_a_longer_one() -> None:
    told = standing.alerted(opened(), Alert(DeadlineKind.BREACH, Metric.RESOLUTION, 0))
    assert measure(told, RESOLUTION, 1).state is PromiseState.BREACHED
    for other in (Alert(DeadlineKind.WARNING, Metric.RESOLUTION, 0), Alert(DeadlineKind.BREACH, Metric.FIRST_REPLY, 0)):
        assert measure(standing.alerted(opened(), other), RESOLUTION, 1).state is PromiseState.RUNNING


def test_the_next_reply_is_promised_only_while_somebody_waits_for_one() -> None:
    assert [each.metric for each in measures(opened(), REPLIES, MONDAY)] == [Metric.FIRST_REPLY]
    replied = standing.support_replied(opened(), MONDAY + HOUR)
    (first,) = measures(replied, REPLIES, MONDAY + 9 * HOUR)
    assert (first.metric, first.state, first.spent) == (Metric.FIRST_REPLY, PromiseState.MET, HOUR)
    waits = standing.requester_replied(replied, MONDAY + 10 * HOUR)
    following = measures(waits, REPLIES, MONDAY + 11 * HOUR)[1]
    assert following == Measure(Metric.NEXT_REPLY, FOUR, HOUR, 3 * HOUR, MONDAY + 14 * HOUR, PromiseState.RUNNING)


def test_of_all_promises_the_one_that_breaks_first_is_next() -> None:
    both = Policy(
        targets=(
            Target(metric=Metric.RESOLUTION, within=FOUR),
            Target(metric=Metric.FIRST_REPLY, within=Span(length=2 * HOUR)),
            Target(metric=Metric.NEXT_REPLY, within=Span(length=HOUR)),
        ),
        pauses=RESOLUTION.pauses,
    )
    assert next_breach(opened(), both) == (Metric.FIRST_REPLY, MONDAY + 2 * HOUR)
    replied = standing.support_replied(opened(), MONDAY + HOUR)
    assert next_breach(replied, both) == (Metric.RESOLUTION, MONDAY + 4 * HOUR)
    assert next_breach(standing.asked(opened(), MONDAY + HOUR), both) is None
    assert next_breach(standing.solved(opened(), MONDAY + HOUR), both) is None
    assert next_breach(opened(), Policy(targets=())) is None


def test_a_priority_of_its_own_has_its_own_target_and_working_time_its_calendar() -> None:
    office = Span(length=8 * HOUR, counted=Counted.WORKING)
    policy = Policy(
        targets=(
            Target(metric=Metric.AGENT_WORK, within=FOUR),
            Target(metric=Metric.AGENT_WORK, within=office, priority=Priority.LOW),
        ),
        calendar=Calendar(zone="UTC", week=(("09:00-12:00",),) * 5 + ((),) * 2),
    )
    assert next_breach(opened(), policy) == (Metric.AGENT_WORK, MONDAY + 50 * HOUR)
    assert measure(opened(), policy, 24).spent == 3 * HOUR
    high = standing.reprioritised(opened(), Priority.HIGH)
    assert next_breach(high, policy) == (Metric.AGENT_WORK, MONDAY + 4 * HOUR)
