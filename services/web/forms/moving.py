"""What forms about moves are filled in with: instants with their usual choices, numbers of tickets, words."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.contract.limits import TICKET_NUMBER_DIGITS_MAX
from services.web.forms.forms import Form
from services.web.words import Said

MORNING = time(9)
"""The time of day, in the agent's zone, for the snooze presets "tomorrow", "Monday" and "in a week"."""


def snooze_presets(now: datetime, zone: str) -> tuple[tuple[str, datetime], ...]:
    """The usual times to snooze until: tomorrow, next Monday and in a week, in the morning."""
    today = now.astimezone(ZoneInfo(zone)).date()
    days = (("tomorrow", 1), ("monday", 7 - today.weekday()), ("week", 7))
    return tuple(
        (name, datetime.combine(today + timedelta(days=after), MORNING, ZoneInfo(zone))) for name, after in days
    )


def step_presets(due_at: datetime) -> tuple[tuple[str, datetime], ...]:
    """The usual times to postpone an automatic step to: a day or a week later."""
    return (("day", due_at + timedelta(days=1)), ("week_later", due_at + timedelta(days=7)))


def later(closes_at: datetime, weeks: Iterable[int], latest: datetime | None = None) -> list[tuple[int, datetime, str]]:
    """Choices for closing a ticket some weeks later, up to `latest`: the weeks, the instant, and a button's value."""
    found = [(each, closes_at + timedelta(weeks=each)) for each in weeks]
    return [(each, at, wire(at)) for each, at in found if latest is None or at <= latest]


def wire(at: datetime) -> str:
    """An instant as the value of a button: ISO 8601 in UTC."""
    return at.astimezone(UTC).isoformat()


def instant(form: Form, t: Said) -> datetime | None:
    """The instant of the button pressed (`preset`), or else of the field `until`. Notes an error in the form."""
    chosen = _pressed(form["preset"]) if form["preset"] else form.instant("until", t.zone)
    if chosen is None:
        form.errors["until"] = t("wrong.no_until")
    elif chosen <= t.now:
        form.errors["until"] = t("wrong.past")
    return chosen


def _pressed(value: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):  # the first and last day there is may have no time in UTC
        return None


def ticket_number(text: str) -> int | None:
    """A ticket's number from `#12` or `12`; None for anything else."""
    digits = text.strip().removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= TICKET_NUMBER_DIGITS_MAX else None


def words_of(text: str) -> list[str]:
    """The words of a text, separated by commas."""
    return [word.strip() for word in text.split(",") if word.strip()]
