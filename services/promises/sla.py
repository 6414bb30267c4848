"""SLA metrics: how much of a promised time is spent, and when it will be used up. Pure.

The definitions are Zendesk's (first reply, next reply, requester wait, agent work, resolution), without the statuses in
which the contract pauses the metric. Time solved or closed never counts: a reopened ticket continues where it stopped.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from services.contract.vocabulary import DeadlineKind, Metric, Status
from services.promises.policy import Policy
from services.promises.standing import AT_WORK, AWAITS_SUPPORT, ENDED, UNFINISHED, Alert, Standing
from services.promises.working_time import Span, elapsed, later

POLICIES_KEPT = 4096
"""Size of each cache with a policy in its key; the least recently used entry is dropped."""

COUNTED_WHILE: dict[Metric, frozenset[Status]] = {
    Metric.FIRST_REPLY: UNFINISHED,
    Metric.NEXT_REPLY: UNFINISHED,
    Metric.REQUESTER_WAIT: AWAITS_SUPPORT,
    Metric.AGENT_WORK: AT_WORK,
    Metric.RESOLUTION: UNFINISHED,
}
"""Requester wait, agent work and resolution run from opening to solution; first reply until support's first public
message; next reply from the oldest unanswered message of the requester's side until support's next public one."""

CountedStretch = tuple[datetime, datetime | None]
"""The start and the end of a stretch of time that counts; the end is None while the stretch goes on."""


class PromiseState(StrEnum):
    """How it is with a promise. One that is broken stays so, met late or not yet."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"


@dataclass(frozen=True, slots=True)
class Measure:
    """The state of one promise at one instant. `spent` and `remaining` are in calendar or working time, as the target
    is; `remaining` is negative once the target is passed."""

    metric: Metric
    target: Span
    spent: timedelta
    remaining: timedelta
    breach_at: datetime | None
    """When the promise breaks, or broke; None if it was met, or is paused."""
    state: PromiseState


def measures(standing: Standing, policy: Policy, now: datetime) -> tuple[Measure, ...]:
    """The state at `now` of every promise about the ticket that has begun to count."""
    promised = ((metric, policy.target(metric, standing.priority)) for metric in Metric)
    return tuple(
        _measure(standing, policy, metric, target, now)
        for metric, target in promised
        if target is not None and _has_begun(standing, metric)
    )


def reached_at(standing: Standing, policy: Policy, metric: Metric, span: Span) -> datetime | None:
    """When `span` of the metric is spent, if nothing more happens to the ticket; None if it stops counting earlier."""
    stretches = tuple(counted(standing, policy, metric))
    if stretches and stretches[-1][1] is not None and _elapsed(stretches) < span.length:
        # Working time is never longer than real time, so `span` cannot be spent: no need to compute with the calendar.
        return None
    left = span.length
    for start, end in stretches:
        if end is None:
            return later(start, left, span.counted, policy.calendar)
        passed = elapsed(start, end, span.counted, policy.calendar)
        if passed >= left:
            return later(start, left, span.counted, policy.calendar)
        left -= passed
    return None


def next_breach(standing: Standing, policy: Policy) -> tuple[Metric, datetime] | None:
    """The metric that breaches first if nothing more happens, and when; None if none will.

    The instant is in the past if the promise is broken already and still not met.
    """
    found = [
        (at, metric)
        for metric in Metric
        if (target := policy.target(metric, standing.priority)) is not None
        and not is_over(standing, metric)
        and _has_begun(standing, metric)
        and (at := reached_at(standing, policy, metric, target)) is not None
    ]
    at, metric = min(found, default=(None, None))
    return (metric, at) if at and metric else None


def is_over(standing: Standing, metric: Metric) -> bool:
    """Whether the promise is finished: the reply was given, or the ticket is solved or closed."""
    if standing.status in ENDED:
        return True
    if metric is Metric.FIRST_REPLY:
        return standing.replied_at is not None
    return metric is Metric.NEXT_REPLY and standing.waits_since is None


@lru_cache(maxsize=POLICIES_KEPT)
def counting(policy: Policy, metric: Metric) -> frozenset[Status]:
    """The statuses in which the metric's time counts under the contract."""
    return COUNTED_WHILE[metric] - {pause.status for pause in policy.pauses if pause.metric is metric}


def counted(standing: Standing, policy: Policy, metric: Metric) -> Iterator[CountedStretch]:
    """The stretches of time that count for the metric, in order; neighbours are joined."""
    counts = counting(policy, metric)
    begins, ends = _window(standing, metric)
    start: datetime | None = None
    for status, since in standing.path:
        if status in counts:
            start = max(since, begins) if start is None else start
            continue
        if start is not None:
            if since > start:
                yield start, since if ends is None else min(since, ends)
            start = None
        if ends is not None and since >= ends:
            return
    if start is not None and standing.status in counts and (ends is None or ends > start):
        yield start, ends


def _elapsed(stretches: Iterable[CountedStretch]) -> timedelta:
    return sum((end - start for start, end in stretches if end is not None), timedelta(0))


def _window(standing: Standing, metric: Metric) -> CountedStretch:
    if metric is Metric.FIRST_REPLY:
        return standing.opened_at, standing.replied_at
    if metric is Metric.NEXT_REPLY and standing.waits_since:
        return standing.waits_since, None
    return standing.opened_at, None


def _measure(standing: Standing, policy: Policy, metric: Metric, target: Span, now: datetime) -> Measure:
    spent = timedelta(0)
    for start, end in counted(standing, policy, metric):
        spent += elapsed(start, end or max(now, start), target.counted, policy.calendar)
    over = is_over(standing, metric)
    breach_at = reached_at(standing, policy, metric, target)
    broken = spent >= target.length or _was_breached(standing, metric)
    if broken:
        state = PromiseState.BREACHED
    elif over:
        state, breach_at = PromiseState.MET, None
    else:
        state = PromiseState.RUNNING if breach_at else PromiseState.PAUSED
    return Measure(metric, target, spent, target.length - spent, breach_at, state)


def _was_breached(standing: Standing, metric: Metric) -> bool:
    return Alert(DeadlineKind.BREACH, metric, 0) in standing.alerts


def _has_begun(standing: Standing, metric: Metric) -> bool:
    return metric is not Metric.NEXT_REPLY or standing.waits_since is not None
