"""What happens next to a ticket, in sentences: from the same deadlines its clock runs on. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.vocabulary import ClosedReason, DeadlineKind, Status
from services.web.records import Ticket
from services.web.words import Said


@dataclass(frozen=True)
class Step:
    """Something the clock will do."""

    kind: DeadlineKind
    at: datetime
    sentence: str


def steps(ticket: Ticket, t: Said) -> list[Step]:
    """The next automatic steps, for the desk: earliest first."""
    return [Step(each.kind, each.due_at, t(f"step.{each.kind}")) for each in ticket.deadlines]


def prospects(ticket: Ticket, t: Said) -> list[str]:
    """What the requester can expect, with the dates."""
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


def _parked(_ticket: Ticket, _due: _Due, t: Said) -> list[str]:
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
