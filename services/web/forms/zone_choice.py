"""The time zones that a form offers, by region, each with what the clock on the wall shows there now."""

from zoneinfo import ZoneInfo

from services.contract.zones import zone_label, zone_names
from services.web.forms.forms import Form
from services.web.words import Said

ZoneGroup = tuple[str, list[tuple[str, str]]]
"""A region, and its zones: the name that is sent, and what people read."""


def zone_groups(t: Said) -> list[ZoneGroup]:
    """Every zone there is, by region; those of no region, such as UTC, come last."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in zone_names():
        region, _, place = name.partition("/")
        groups.setdefault(region if place else "", []).append((name, _shown(name, place or name, t)))
    elsewhere = groups.pop("", [])
    return [*sorted(groups.items()), (t("zone.others"), elsewhere)]


def check_zone(form: Form, t: Said) -> None:
    """Note an error if the field `zone` is neither empty, which stands for the desk's, nor a zone there is."""
    if form["zone"] and form["zone"] not in zone_names():
        form.errors["zone"] = t("wrong.zone")


def _shown(name: str, place: str, t: Said) -> str:
    return f"{place.replace('_', ' ')} ({t.now.astimezone(ZoneInfo(name)):%H:%M} {zone_label(t.now, name)})"
