"""Turns the forms of the desk's actions into facts for intake's commands. Errors are noted in the form."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.contract.limits import (
    NOTE_CHARACTERS_MAX,
    RELEASE_CHARACTERS_MAX,
    SUBJECT_CHARACTERS_MAX,
    TAGS_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
)
from services.contract.vocabulary import Effort, Kind, Priority
from services.web.forms.forms import Form
from services.web.words import Said

MORNING = time(9)
"""The time of day, in the agent's zone, for the snooze presets "tomorrow", "Monday" and "in a week"."""

MoveBody = dict[str, Any]


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
    except ValueError:
        return None
    return at if at.tzinfo else None


def _park(form: Form, t: Said) -> MoveBody:
    form.need("note", t, NOTE_CHARACTERS_MAX)
    if form["workaround"] not in ("yes", "no"):
        form.errors["workaround"] = t("wrong.no_good")
    facts: MoveBody = {
        "workaround": form["workaround"] == "yes",
        "effort": form.choice("effort", Effort, Effort.MEDIUM),
        "note": form["note"],
    }
    return facts | ({"text": form["text"]} if form["text"] else {})


def _plan(form: Form, t: Said) -> MoveBody:
    form.need("release", t, RELEASE_CHARACTERS_MAX)
    return {"release": form["release"]}


def _decline(form: Form, t: Said) -> MoveBody:
    form.need("text", t, TEXT_CHARACTERS_MAX)
    return {"text": form["text"]}


def _merge(form: Form, t: Said) -> MoveBody:
    into = ticket_number(form["into"])
    if into is None:
        form.errors["into"] = t("wrong.no_number")
    return {"into": into}


def _prioritise(form: Form, t: Said) -> MoveBody:
    form.need("reason", t, NOTE_CHARACTERS_MAX)
    return {"priority": form.choice("priority", Priority, Priority.MEDIUM), "reason": form["reason"]}


def _tag(form: Form, t: Said) -> MoveBody:
    if len(form["add"]) > TAGS_CHARACTERS_MAX:
        form.errors["add"] = t("wrong.too_long", max=TAGS_CHARACTERS_MAX)
    facts = {"add": words_of(form["add"]), "remove": form.every("remove")}
    if not facts["add"] and not facts["remove"]:
        form.errors["add"] = t("wrong.no_tag")
    return facts


def _change(form: Form, t: Said) -> MoveBody:
    form.need("subject", t, SUBJECT_CHARACTERS_MAX)
    facts: MoveBody = {"subject": form["subject"], "kind": form.choice("kind", Kind, Kind.QUESTION)}
    if product := form.id("product_id"):
        facts |= {"product_id": product, "fields": form.product_fields}
    return facts


def _team(form: Form, _t: Said) -> MoveBody:
    return {"team_id": form.id("team_id")}


def _link_problem(form: Form, t: Said) -> MoveBody:
    problem = ticket_number(form["problem"])
    if form["problem"] and problem is None:
        form.errors["problem"] = t("wrong.no_number")
    return {"problem": problem}


def _share(form: Form, t: Said) -> MoveBody:
    if gone := form.id("unshare"):
        return {"person_id": gone, "shared": False}
    chosen = form.id("person_id")
    if chosen is None:
        form.errors["person_id"] = t("wrong.no_colleague")
    return {"person_id": chosen}


def _snooze(form: Form, t: Said) -> MoveBody:
    if form["preset"] == "end":
        return {"until": None}
    until = instant(form, t)
    return {"until": wire(until) if until else None}


def _solve_incidents(form: Form, t: Said) -> MoveBody:
    form.need("text", t, TEXT_CHARACTERS_MAX)
    return {"text": form["text"], "incidents": True}


def _nothing(_form: Form, _t: Said) -> MoveBody:
    return {}


FACTS: dict[str, Callable[[Form, Said], MoveBody]] = {
    "park": _park,
    "plan": _plan,
    "decline": _decline,
    "merge": _merge,
    "prioritise": _prioritise,
    "tag": _tag,
    "change": _change,
    "team": _team,
    "link_problem": _link_problem,
    "share": _share,
    "snooze": _snooze,
    "solve_incidents": _solve_incidents,
    "spam": _nothing,
    "keep_open": _nothing,
}
"""For each action, the function that reads its form."""


def ticket_number(text: str) -> int | None:
    """A ticket's number from `#12` or `12`; None for anything else."""
    digits = text.strip().removeprefix("#")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None


def words_of(text: str) -> list[str]:
    """The words of a text, separated by commas."""
    return [word.strip() for word in text.split(",") if word.strip()]
