"""What the clock will do to a ticket, and when. One pure function for the clock, the desk and the portal."""

from datetime import datetime, timedelta

from services.contract import Deadline, Snapshot
from services.vocabulary import DeadlineKind, Status
from services.working_time import Span, add


def deadlines(ticket: Snapshot) -> tuple[Deadline, ...]:
    """The coming deadlines of a ticket, earliest first; an overdue one is still coming until it is met."""
    coming = {Status.PENDING: _while_pending, Status.SOLVED: _while_solved}.get(ticket.status)
    return tuple(sorted(coming(ticket), key=lambda deadline: deadline.due_at)) if coming else ()


def next_deadline(ticket: Snapshot) -> Deadline | None:
    """The deadline the clock sleeps until, or None where only a person can move the ticket."""
    return next(iter(deadlines(ticket)), None)


def _while_pending(ticket: Snapshot) -> list[Deadline]:
    asked_at, policy = _known(ticket.asked_at, ticket), ticket.policy
    reminder_at = _after(asked_at, policy.reminder_after, ticket)
    closure_at = _after(asked_at, policy.closure_after, ticket)
    # A reminder sent late (the desk was down) must still leave the whole time it promises.
    late = max(ticket.reminded_at - reminder_at, timedelta(0)) if ticket.reminded_at else timedelta(0)
    closure = Deadline(kind=DeadlineKind.CLOSURE, due_at=closure_at + late)
    if ticket.reminded_at:
        return [closure]
    return [Deadline(kind=DeadlineKind.REMINDER, due_at=reminder_at), closure]


def _while_solved(ticket: Snapshot) -> list[Deadline]:
    solved_at, policy = _known(ticket.solved_at, ticket), ticket.policy
    finalisation = Deadline(kind=DeadlineKind.FINALISATION, due_at=_after(solved_at, policy.finalisation_after, ticket))
    if ticket.surveyed_at or not policy.survey:
        return [finalisation]
    survey = Deadline(kind=DeadlineKind.SURVEY, due_at=_after(solved_at, policy.survey_after, ticket))
    return [survey, finalisation]


def _after(start: datetime, span: Span, ticket: Snapshot) -> datetime:
    return add(start, span, ticket.policy.calendar)


def _known(instant: datetime | None, ticket: Snapshot) -> datetime:
    if instant is None:
        raise ValueError(f"ticket {ticket.number} is {ticket.status} but not since when")
    return instant
