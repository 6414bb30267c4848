"""Evidence: what history keeps of a met deadline, to explain why the clock acted when it did. Pure."""

from datetime import datetime, timedelta
from itertools import pairwise

from services.contract.temporal import Deadline
from services.contract.vocabulary import DeadlineKind, Metric
from services.intake.history.because import Because, CountedFrom, DaysOff, LateReminder, MailDown, Moved, Paused
from services.intake.history.shared_lines import DeadlineMet
from services.intake.rules.ticket import Ticket
from services.promises.policy import Policy
from services.promises.sla import COUNTED_WHILE
from services.promises.standing import Standing
from services.promises.working_time import Counted, Span, add, days_off_between

PAUSES_MAX = 20
"""Most pauses kept as evidence: the last ones."""
DAYS_OFF_TOLD_MAX = 400
"""Most days off kept as evidence: the last ones. No sensible promise spans as many."""


def evidence(ticket: Ticket, after: Ticket, deadline: Deadline, met_at: datetime) -> DeadlineMet:
    """The line about a met deadline: which one, under which policy, when due and met, what it did, why not earlier."""
    return DeadlineMet(
        deadline=deadline.kind,
        metric=deadline.metric,
        point=deadline.point,
        policy=ticket.policy.version,
        due_at=deadline.due_at,
        met_at=met_at,
        before=ticket.status,
        after=after.status,
        closed_reason=after.closed_reason,
        because=tuple(_because(ticket.standing, ticket.policy, deadline)),
    )


def _because(standing: Standing, policy: Policy, deadline: Deadline) -> list[Because]:
    moved = dict(standing.overrides).get(deadline.kind)
    if moved is not None:
        return [Moved(to=moved), *_mail_down(standing, deadline)]
    if deadline.metric is not None:
        return _of_promise(standing, policy, deadline, deadline.metric)
    start = standing.solved_at or standing.asked_at
    # A person chose when a snooze ends: there is nothing to explain.
    if start is None or deadline.kind is DeadlineKind.SNOOZE:
        return []
    span = policy.step_after(deadline.kind)
    return [
        CountedFrom(at=start),
        *_days_off(start, deadline.due_at, span, policy),
        *_late_reminder(standing, policy, deadline),
        *_mail_down(standing, deadline),
    ]


def _of_promise(standing: Standing, policy: Policy, deadline: Deadline, metric: Metric) -> list[Because]:
    start = standing.waits_since if metric is Metric.NEXT_REPLY else None
    start = start or standing.opened_at
    target = policy.target(metric, standing.priority)
    return [
        CountedFrom(at=start),
        *_paused(standing, policy, metric, start, deadline.due_at),
        *(_days_off(start, deadline.due_at, target, policy) if target else ()),
    ]


def _paused(standing: Standing, policy: Policy, metric: Metric, start: datetime, until: datetime) -> list[Because]:
    counts = COUNTED_WHILE[metric] - {pause.status for pause in policy.pauses if pause.metric is metric}
    found: list[Because] = [
        Paused(status=stretch.status, begin=stretch.since, end=after.since)
        for stretch, after in pairwise(standing.path)
        if stretch.status not in counts and start < after.since <= until
    ]
    return found[-PAUSES_MAX:]


def _days_off(start: datetime, until: datetime, span: Span, policy: Policy) -> list[Because]:
    if span.counted is not Counted.WORKING:
        return []
    days = days_off_between(start, until, policy.calendar)
    return [DaysOff(days=tuple(days[-DAYS_OFF_TOLD_MAX:]))] if days else []


def _late_reminder(standing: Standing, policy: Policy, deadline: Deadline) -> list[Because]:
    if deadline.kind is not DeadlineKind.CLOSURE or standing.reminded_at is None or standing.asked_at is None:
        return []
    late = standing.reminded_at - add(standing.asked_at, policy.reminder_after, policy.calendar)
    return [LateReminder(seconds=round(late.total_seconds()))] if late > timedelta(seconds=1) else []


def _mail_down(standing: Standing, deadline: Deadline) -> list[Because]:
    if deadline.kind is not DeadlineKind.CLOSURE or not standing.mail_down:
        return []
    return [MailDown(seconds=round(standing.mail_down.total_seconds()))]
