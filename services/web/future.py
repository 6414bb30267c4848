"""What happens next to a ticket, in sentences, made from the same deadlines that its clock runs on. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.contract.moves import Shown, shown_as
from services.contract.vocabulary import ALERTS, STEPS, ClosedReason, DeadlineKind, Status
from services.promises.sla import PromiseState
from services.promises.working_time import Counted
from services.web.clients.records import Promised, Ticket
from services.web.words import Said

TIME_PLACE = "\0"
TICK_SECONDS = 60
"""How exact the time is that a page counts down."""


@dataclass(frozen=True)
class Step:
    """An automatic step to come."""

    kind: DeadlineKind
    at: datetime
    sentence: str
    may_change: bool


def steps(ticket: Ticket, t: Said) -> list[Step]:
    """The next automatic steps, for the desk, in the order of the ticket's deadlines."""
    may_change = any(move in ticket.moves for move in shown_as(Shown.STEP))
    return [
        Step(each.kind, each.due_at, t(f"step.{each.kind}"), may_change and each.kind in STEPS)
        for each in ticket.deadlines
        if each.kind not in ALERTS  # they are shown with the promises
    ]


@dataclass(frozen=True)
class Promise:
    """A promise about a ticket as a page shows it."""

    state: PromiseState
    metric: str
    sentence: tuple[str, str, str]
    """The words before the time, the time, and the words after it."""
    breach_at: datetime | None
    ticks: float | None
    """The seconds left, if they now pass continuously; None if that needs the calendar."""


def promises(ticket: Ticket, t: Said) -> list[Promise]:
    """The state of each promise about the ticket."""
    return [_promise(each, t) for each in ticket.promises]


def _promise(promised: Promised, t: Said) -> Promise:
    left = timedelta(seconds=promised.remaining_seconds)
    counted = t(f"promise.{promised.counted}")
    key = f"promise.{promised.state}"
    if promised.state is PromiseState.BREACHED and left > timedelta(0):
        key = "promise.breached_before"
    # Separate the time from the words around it: a script counts the time down.
    sentence = t(key, time=TIME_PLACE, counted=counted, spent=t.hours(timedelta(seconds=promised.spent_seconds)))
    before, _, after = sentence.partition(TIME_PLACE)
    time = t.hours(left) if TIME_PLACE in sentence else ""
    ticks = promised.remaining_seconds if promised.state is PromiseState.RUNNING and _passes(promised, t.now) else None
    return Promise(promised.state, t.metric(promised.metric), (before, time, after), promised.breach_at, ticks)


def _passes(promised: Promised, now: datetime) -> bool:
    if promised.counted is Counted.CALENDAR:
        return True
    # If the breach is as far away as the time left of the promise, all time from now on is working time.
    until = (promised.breach_at - now).total_seconds() if promised.breach_at else 0
    return until - promised.remaining_seconds < TICK_SECONDS


def prospects(ticket: Ticket, t: Said) -> list[str]:
    """What the requester can expect next, with the dates."""
    due = {each.kind: each.due_at for each in ticket.deadlines}
    return _BY_STATUS[ticket.status](ticket, due, t)


_Due = Mapping[DeadlineKind, datetime]


def _new(_ticket: Ticket, _due: _Due, t: Said) -> list[str]:
    return [t("next.new"), t("next.mail")]


def _open(ticket: Ticket, _due: _Due, t: Said) -> list[str]:
    at_work = t("next.open_by", name=ticket.assignee.name) if ticket.assignee else t("next.open")
    return [at_work, t("next.mail")]


def _pending(_ticket: Ticket, due: _Due, t: Said) -> list[str]:
    said = [t("next.pending")]
    if reminder := due.get(DeadlineKind.REMINDER):
        said.append(t("next.reminder", at=t.moment(reminder)))
    if closure := due.get(DeadlineKind.CLOSURE):
        said.append(t("next.closure", at=t.moment(closure)))
    return said


def _parked(ticket: Ticket, _due: _Due, t: Said) -> list[str]:
    if ticket.parking and ticket.parking.release:
        return [t("next.planned", release=ticket.parking.release)]
    return [t("next.parked")]


def _solved(_ticket: Ticket, due: _Due, t: Said) -> list[str]:
    said = [t("next.solved")]
    if survey := due.get(DeadlineKind.SURVEY):
        said.append(t("next.survey", at=t.moment(survey)))
    if finalisation := due.get(DeadlineKind.FINALISATION):
        said.append(t("next.finalisation", at=t.moment(finalisation)))
    return said


def _closed(ticket: Ticket, _due: _Due, t: Said) -> list[str]:
    return [t(f"next.closed_{ticket.closed_reason or ClosedReason.FINALISED}")]


_BY_STATUS = {
    Status.NEW: _new,
    Status.OPEN: _open,
    Status.PENDING: _pending,
    Status.PARKED: _parked,
    Status.SOLVED: _solved,
    Status.CLOSED: _closed,
}
