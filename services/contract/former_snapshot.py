"""Snapshots as they were before intake computed deadlines: running clocks and recorded histories still hold them.

They carried the ticket's dates and policy, and the workflow did this sum itself. The sum stays as it was, for what
those runs have done already cannot be changed. May go when no run begun before 22 November 2026 can still be alive.
"""

from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

_INSTANT = TypeAdapter(datetime)
_LENGTH = TypeAdapter(timedelta)
_AFTER = {
    "reminder": timedelta(days=7),
    "closure": timedelta(days=14),
    "survey": timedelta(hours=24),
    "finalisation": timedelta(hours=48),
}
FORMER_FORM = 1


def upcast(snapshot: Any) -> Any:
    """A snapshot of the former form in today's; anything else as it is."""
    if not isinstance(snapshot, dict) or "policy" not in snapshot:
        return snapshot
    return {
        "form": FORMER_FORM,
        "number": snapshot["number"],
        "version": snapshot["version"],
        "status": snapshot["status"],
        "next_deadline": _next_deadline(snapshot),
        "correlation_id": snapshot.get("correlation_id", ""),
    }


def _next_deadline(ticket: dict[str, Any]) -> dict[str, Any] | None:
    coming = {"pending": _while_pending, "solved": _while_solved}.get(ticket["status"])
    try:
        return min(coming(ticket), key=_due_at, default=None) if coming else None
    except OverflowError:
        # A deadline beyond the end of time: the clock rang for nothing then, and was heard to know the ticket.
        return None


def _due_at(deadline: dict[str, Any]) -> datetime:
    due_at: datetime = deadline["due_at"]
    return due_at


def _while_pending(ticket: dict[str, Any]) -> list[dict[str, Any]]:
    asked_at, reminded_at = _instant(ticket, "asked_at"), ticket.get("reminded_at")
    if asked_at is None:
        return []
    reminder_at = asked_at + _after(ticket, "reminder")
    closure_at = asked_at + _after(ticket, "closure")
    if reminded_at is None:
        return [_deadline("reminder", reminder_at), _deadline("closure", closure_at)]
    late = max(_INSTANT.validate_python(reminded_at) - reminder_at, timedelta(0))
    return [_deadline("closure", closure_at + late)]


def _while_solved(ticket: dict[str, Any]) -> list[dict[str, Any]]:
    solved_at = _instant(ticket, "solved_at")
    if solved_at is None:
        return []
    finalisation = _deadline("finalisation", solved_at + _after(ticket, "finalisation"))
    if ticket.get("surveyed_at") or not ticket["policy"].get("survey", True):
        return [finalisation]
    return [_deadline("survey", solved_at + _after(ticket, "survey")), finalisation]


def _deadline(kind: str, due_at: datetime) -> dict[str, Any]:
    return {"kind": kind, "due_at": due_at}


def _after(ticket: dict[str, Any], kind: str) -> timedelta:
    # Spans in working days existed in the former form, but no policy that was ever pinned had one.
    span = ticket["policy"].get(f"{kind}_after")
    return _LENGTH.validate_python(span["length"]) if span else _AFTER[kind]


def _instant(ticket: dict[str, Any], name: str) -> datetime | None:
    return _INSTANT.validate_python(ticket[name]) if ticket.get(name) else None
