"""Computes a ticket's automatic steps and alerts, and when they are due. Pure.

The clock, the desk, the portal and `simulate` all use these functions, so what is shown is what happens.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

from services.contract.temporal import Deadline
from services.contract.vocabulary import DeadlineKind, Metric, Priority, Status
from services.promises.policy import Policy
from services.promises.sla import POLICIES_KEPT, is_over, reached_at
from services.promises.standing import Alert, Standing
from services.promises.working_time import Span, add


class Due(NamedTuple):
    """A deadline while it is computed here: like `Deadline`, but cheaper to make than a model."""

    at: datetime
    kind: DeadlineKind
    metric: Metric | None = None
    point: int = 0

    def deadline(self) -> Deadline:
        """This deadline as the model that other services get."""
        return Deadline(kind=self.kind, due_at=self.at, metric=self.metric, point=self.point)


def deadlines(standing: Standing, policy: Policy) -> tuple[Deadline, ...]:
    """The coming deadlines of a ticket, earliest first. An overdue deadline is included until it is met."""
    return tuple(each.deadline() for each in sorted(coming(standing, policy), key=_order))


def next_deadline(standing: Standing, policy: Policy) -> Deadline | None:
    """The deadline the clock sleeps until, or None where only a person can move the ticket."""
    due = next_due(standing, policy)
    return due.deadline() if due else None


def next_due(standing: Standing, policy: Policy) -> Due | None:
    """Like `next_deadline`, without building a model (used by `simulate`)."""
    return min(coming(standing, policy, soonest=True), key=_order, default=None)


def quiet_until(standing: Standing, policy: Policy) -> datetime:
    """An instant before which no deadline is due; the next deadline may also be later.

    Costs a tenth of `next_due`: working time never passes faster than real time, so no calendar is needed.
    """
    if standing.overrides or standing.snoozed_until is not None:
        return standing.opened_at
    step, promise = _shortest(policy, standing.priority)
    since = standing.asked_at or standing.solved_at
    quiet = standing.opened_at + promise
    return quiet if since is None else min(quiet, since + step)


def coming(standing: Standing, policy: Policy, *, soonest: bool = False) -> Iterator[Due]:
    """Every coming deadline, in no order; a closed ticket has none.

    With `soonest`, only the first alert of each metric: enough to find the earliest deadline, and cheaper.
    """
    status = standing.status
    if status is Status.PENDING:
        yield from _while_pending(standing, policy)
    elif status is Status.SOLVED:
        yield from _while_solved(standing, policy)
    if status is Status.CLOSED:
        return
    if standing.snoozed_until is not None:
        yield Due(standing.snoozed_until, DeadlineKind.SNOOZE)
    if status is not Status.SOLVED:
        yield from _promises(standing, policy, soonest=soonest)


_PLACE = {
    kind: place
    for place, kind in enumerate(
        (
            DeadlineKind.WARNING,
            DeadlineKind.BREACH,
            DeadlineKind.ESCALATION,
            DeadlineKind.SNOOZE,
            DeadlineKind.REMINDER,
            DeadlineKind.SURVEY,
            DeadlineKind.CLOSURE,
            DeadlineKind.FINALISATION,
        )
    )
}
"""Of two deadlines due at the same instant, the one listed first is met first: a reminder before a closure."""


def _order(due: Due) -> tuple[datetime, int, str, int]:
    return due.at, _PLACE[due.kind], due.metric or "", due.point


def _while_pending(standing: Standing, policy: Policy) -> Iterator[Due]:
    asked_at = _known(standing.asked_at, standing)
    overrides = dict(standing.overrides)
    usual = add(asked_at, policy.reminder_after, policy.calendar)
    reminder_at = overrides.get(DeadlineKind.REMINDER, usual)
    if standing.reminded_at is None and reminder_at is not None:
        yield Due(reminder_at, DeadlineKind.REMINDER)
    closure_at = add(asked_at, policy.closure_after, policy.calendar)
    # If the reminder is late, closure is delayed as much: the requester keeps the full time between the two.
    reminded_at = standing.reminded_at or reminder_at or usual
    late = max(reminded_at - usual, timedelta(0))
    closes_at = overrides.get(DeadlineKind.CLOSURE, closure_at + late)
    if closes_at is not None:
        yield Due(closes_at + standing.mail_down, DeadlineKind.CLOSURE)


def _while_solved(standing: Standing, policy: Policy) -> Iterator[Due]:
    solved_at = _known(standing.solved_at, standing)
    overrides = dict(standing.overrides)
    finalisation_at = overrides.get(
        DeadlineKind.FINALISATION, add(solved_at, policy.finalisation_after, policy.calendar)
    )
    if finalisation_at is not None:
        yield Due(finalisation_at, DeadlineKind.FINALISATION)
    if standing.surveyed_at is not None or not policy.survey:
        return
    usual = add(solved_at, policy.survey_after, policy.calendar) + _spread(standing.number, policy.survey_spread)
    survey_at = overrides.get(DeadlineKind.SURVEY, usual)
    if survey_at is not None:
        yield Due(survey_at, DeadlineKind.SURVEY)


def _promises(standing: Standing, policy: Policy, *, soonest: bool) -> Iterator[Due]:
    for metric, points in _points(policy, standing.priority):
        if is_over(standing, metric):
            continue
        for kind, point, span in points:
            if standing.alerts and Alert(kind, metric, point) in standing.alerts:
                continue
            at = reached_at(standing, policy, metric, span)
            if at is None:
                break  # the later points are not reached either
            yield Due(at, kind, metric, point)
            if soonest:
                break


_NEVER = timedelta(days=100 * 366)
_Point = tuple[DeadlineKind, int, Span]


@lru_cache(maxsize=POLICIES_KEPT)
def _points(policy: Policy, priority: Priority) -> tuple[tuple[Metric, tuple[_Point, ...]], ...]:
    """For each metric promised at this priority: its warnings, breach and escalations, each with the time spent on the
    metric when it is due, shortest first."""
    promised = dict.fromkeys(target.metric for target in policy.targets)
    targets = ((metric, policy.target(metric, priority)) for metric in promised)
    return tuple((metric, _points_of(target, policy)) for metric, target in targets if target is not None)


@lru_cache(maxsize=POLICIES_KEPT)
def _shortest(policy: Policy, priority: Priority) -> tuple[timedelta, timedelta]:
    """The shortest time from a question or a solution to an automatic step, and the shortest from the opening of a
    ticket to an alert."""
    steps = policy.reminder_after, policy.closure_after, policy.survey_after, policy.finalisation_after
    lengths = [point[2].length for _, points in _points(policy, priority) for point in points]
    return min(step.length for step in steps), min(lengths, default=_NEVER)


def _points_of(target: Span, policy: Policy) -> tuple[_Point, ...]:
    warnings = [(DeadlineKind.WARNING, percent, target.length * percent / 100) for percent in policy.warn_at]
    escalations = [
        (DeadlineKind.ESCALATION, step, target.length + escalation.after)
        for step, escalation in enumerate(policy.escalations[1:], start=1)
    ]
    points = sorted([*warnings, (DeadlineKind.BREACH, 0, target.length), *escalations], key=lambda point: point[2])
    return tuple((kind, point, Span(length=length, counted=target.counted)) for kind, point, length in points)


def _spread(number: int, spread: timedelta) -> timedelta:
    # Seeded by the number, so that the same ticket always gives the same instant.
    seconds = int(spread.total_seconds())
    return timedelta(seconds=crc32(str(number).encode()) % seconds) if seconds else timedelta(0)


def _known(instant: datetime | None, standing: Standing) -> datetime:
    if instant is None:
        raise ValueError(f"ticket {standing.number} is {standing.status} but not since when")
    return instant
