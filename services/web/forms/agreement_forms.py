"""Forms for contracts and calendars: writes their terms into fields, and reads them back. Pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.contract.limits import NAME_CHARACTERS_MAX
from services.contract.vocabulary import AlertAudience, Metric, Priority, Status
from services.promises.policy import STEPS_MAX, Promises
from services.promises.sla import COUNTED_WHILE
from services.promises.working_time import Calendar as WorkingHours
from services.promises.working_time import Counted, Hours, Span
from services.web.clients.desk_records import Calendar, Contract
from services.web.forms.forms import Form
from services.web.words import Said

SPANS = ("reminder_after", "closure_after", "survey_after", "finalisation_after")
UNITS = ("days", "hours", "working")
"""The units of a duration: days, clock hours, or hours of working time."""
COLUMNS: tuple[Priority | None, ...] = (None, *Priority)
"""The columns of the table of targets: one for all priorities, then one for each."""
PAUSING = (Status.PENDING, Status.PARKED, Status.NEW, Status.OPEN)
CLOCK_MARK = "c"
"""Written after a target's hours to mean clock hours instead of working hours."""
_TARGET = re.compile(
    rf"(?P<hours>[0-9]{{1,5}})(?::(?P<minutes>[0-5][0-9])(?::(?P<seconds>[0-5][0-9]))?)?\s*(?P<clock>{CLOCK_MARK})?",
    re.IGNORECASE,
)
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)


def contract_fields(contract: Contract | None) -> Form:
    """The form for a contract; for a new one, filled with the desk's default promises."""
    terms = contract.terms if contract else {}
    promised = Promises.model_validate({key: value for key, value in terms.items() if key in Promises.model_fields})
    fields: dict[str, Any] = {
        "name": contract.name if contract else "",
        "version": contract.version if contract else "",
        "calendar_id": (contract.calendar_id or "") if contract else "",
        "priority_rule": terms.get("priority_rule", "as_asked"),
        "ordinary_until": terms.get("ordinary_until") or "",
        "survey": "yes" if promised.survey else "",
        "warn_at": ", ".join(str(percent) for percent in promised.warn_at),
    }
    for name in SPANS:
        fields |= _written_span(name, getattr(promised, name))
    for target in promised.targets:
        fields[target_field(target.metric, target.priority)] = _written_target(target.within)
    for step, escalation in enumerate(promised.escalations):
        fields[f"step_{step}"] = _written_hours(escalation.after)
    form = Form.of(**fields)
    form.several["pause"] = [f"{pause.metric} {pause.status}" for pause in promised.pauses]
    for step, escalation in enumerate(promised.escalations):
        form.several[f"tell_{step}"] = [str(told) for told in escalation.tell]
    form.several["product_ids"] = [str(each) for each in contract.product_ids] if contract else []
    return form


def contract_facts(form: Form, t: Said, former: Mapping[str, Any]) -> dict[str, Any]:
    """The form's facts for intake. Terms that the form does not show stay as in `former`; errors go into the form."""
    form.need("name", t, NAME_CHARACTERS_MAX)
    terms = {
        **former,
        **{name: _read_span(form, name, t) for name in SPANS},
        "survey": form["survey"] == "yes",
        "targets": list(_targets(form, t)),
        "pauses": [dict(zip(("metric", "status"), pause.split(), strict=True)) for pause in _pauses(form)],
        "warn_at": _percents(form, t),
        "escalations": list(_escalations(form, t)),
        "priority_rule": form.choice("priority_rule", ("as_asked", "always_high"), "as_asked"),
        "ordinary_until": _day(form, "ordinary_until", t),
    }
    facts = {"name": form["name"], "terms": terms, "calendar_id": form.id("calendar_id")}
    return facts | {"product_ids": form.every("product_ids")}


def target_field(metric: Metric, priority: Priority | None) -> str:
    """The name of the form field for a target."""
    return f"target_{metric}_{priority or 'all'}"


def steps_shown(form: Form) -> range:
    """The escalation steps to show: those filled in and an empty one, up to `STEPS_MAX`."""
    filled = [step for step in range(STEPS_MAX) if form[f"step_{step}"] or form.every(f"tell_{step}")]
    return range(min(max(filled, default=-1) + 2, STEPS_MAX))


def pausing(metric: Metric) -> tuple[Status, ...]:
    """The statuses in which a metric's time counts, and so may be paused."""
    return tuple(status for status in PAUSING if status in COUNTED_WHILE[metric])


def _pauses(form: Form) -> list[str]:
    known = {f"{metric} {status}" for metric in Metric for status in pausing(metric)}
    return [pause for pause in form.every("pause") if pause in known]


def _targets(form: Form, t: Said) -> Iterator[dict[str, Any]]:
    for metric in Metric:
        for priority in COLUMNS:
            name = target_field(metric, priority)
            if not form[name]:
                continue
            span = _read_target(form[name])
            if span is None:
                form.errors[name] = t("wrong.hours_count")
                continue
            yield {"metric": metric, "within": span.model_dump(mode="json"), "priority": priority}


def _escalations(form: Form, t: Said) -> Iterator[dict[str, Any]]:
    for step in range(STEPS_MAX):
        tell = [told for told in form.every(f"tell_{step}") if told in list(AlertAudience)]
        if not tell:
            if step and form[f"step_{step}"]:
                form.errors[f"step_{step}"] = t("wrong.nobody_told")
            continue
        after = _read_target(form[f"step_{step}"]) if step else Span(length=timedelta(0))
        if after is None:
            form.errors[f"step_{step}"] = t("wrong.hours_count")
            continue
        yield {"after": after.model_dump(mode="json")["length"], "tell": tell}


def _percents(form: Form, t: Said) -> list[int]:
    words = [word for word in re.split(r"[\s,;%]+", form["warn_at"]) if word]
    if not all(word.isdigit() and 1 <= int(word) <= 99 for word in words):
        form.errors["warn_at"] = t("wrong.percents")
        return []
    return [int(word) for word in words]


def _written_span(name: str, span: Span) -> dict[str, str]:
    if span.counted is Counted.WORKING:
        return {name: _written_hours(span.length), f"{name}_unit": "working"}
    if span.length and not span.length % _DAY:
        return {name: str(span.length // _DAY), f"{name}_unit": "days"}
    return {name: _written_hours(span.length), f"{name}_unit": "hours"}


def _read_span(form: Form, name: str, t: Said) -> dict[str, Any] | None:
    unit = form.choice(f"{name}_unit", UNITS, "hours")
    found = _read_target(form[name])
    if found is None or (unit == "days" and ":" in form[name]):
        form.errors[name] = t("wrong.hours_count")
        return None
    length = found.length * 24 if unit == "days" else found.length
    counted = Counted.WORKING if unit == "working" else Counted.CALENDAR
    return Span(length=length, counted=counted).model_dump(mode="json")


def _written_target(span: Span) -> str:
    return _written_hours(span.length) + (CLOCK_MARK if span.counted is Counted.CALENDAR else "")


def _read_target(text: str) -> Span | None:
    if not (found := _TARGET.fullmatch(text.strip())):
        return None
    hours, minutes, seconds = (int(found[part] or 0) for part in ("hours", "minutes", "seconds"))
    length = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return Span(length=length, counted=Counted.CALENDAR if found["clock"] else Counted.WORKING)


def _written_hours(length: timedelta) -> str:
    hours, rest = divmod(length, _HOUR)
    minutes, seconds = divmod(rest // _SECOND, 60)
    if seconds:
        return f"{hours}:{minutes:02}:{seconds:02}"
    return f"{hours}:{minutes:02}" if minutes else str(hours)


def calendar_fields(calendar: Calendar | None) -> Form:
    """The form for a calendar; for a new one, filled with the default working hours."""
    terms = calendar.terms if calendar else {}
    week = terms.get("week", WorkingHours().week)
    fields: dict[str, Any] = {
        "name": calendar.name if calendar else "",
        "version": calendar.version if calendar else "",
        "zone": terms.get("zone", WorkingHours().zone),
        "country": terms.get("country") or "",
        "region": terms.get("region") or "",
        "own_days": "\n".join(terms.get("own_days", ())),
        "worked_days": "\n".join(terms.get("worked_days", ())),
    }
    return Form.of(**fields, **{f"day_{day}": ", ".join(hours) for day, hours in enumerate(week)})


def calendar_facts(form: Form, t: Said, former: Mapping[str, Any]) -> dict[str, Any]:
    """The form's facts for intake; errors go into the form."""
    form.need("name", t, NAME_CHARACTERS_MAX)
    try:
        ZoneInfo(form["zone"])
    except (KeyError, ValueError, OSError):
        form.errors["zone"] = t("wrong.zone")
    terms = {
        **former,
        "zone": form["zone"],
        "week": [_hours(form, f"day_{day}", t) for day in range(7)],
        "country": form["country"] or None,
        "region": form["region"] or None,
        "own_days": _days(form, "own_days", t),
        "worked_days": _days(form, "worked_days", t),
    }
    return {"name": form["name"], "terms": terms}


def _hours(form: Form, name: str, t: Said) -> list[str]:
    intervals = [part.strip().replace("–", "-").replace(" ", "") for part in re.split("[,;]", form[name])]
    try:
        return [str(Hours(interval)) for interval in intervals if interval]
    except ValueError:
        form.errors[name] = t("wrong.day_hours")
        return []


def _days(form: Form, name: str, t: Said) -> list[str]:
    try:
        return [date.fromisoformat(word).isoformat() for word in re.split(r"[\s,;]+", form[name]) if word]
    except ValueError:
        form.errors[name] = t("wrong.days")
        return []


def _day(form: Form, name: str, t: Said) -> str | None:
    try:
        return date.fromisoformat(form[name]).isoformat() if form[name] else None
    except ValueError:
        form.errors[name] = t("wrong.days")
        return None
