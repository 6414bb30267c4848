"""Forms for products and teams: writes them into fields, and reads them back. Pure."""

import re
from collections.abc import Iterator
from typing import Any

from services.contract.limits import FIELD_KEY_CHARACTERS_MAX, FIELDS_MAX, NAME_CHARACTERS_MAX
from services.contract.vocabulary import FieldKind, Language
from services.web.clients.desk_records import Product, Team
from services.web.forms.forms import Form
from services.web.words import Said

BLANK_QUESTIONS = 3
"""How many empty questions a product's form ends with; saving gives as many again."""


def product_fields(product: Product | None) -> Form:
    """The form for a product; for a new one if None."""
    fields: dict[str, Any] = {
        "name": product.name if product else "",
        "version": product.version if product else "",
        "active": "yes" if product is None or product.active else "",
    }
    for place, question in enumerate(product.form if product else ()):
        fields |= {
            f"q{place}_key": question.key,
            f"q{place}_kind": question.kind,
            f"q{place}_required": "yes" if question.required else "",
            f"q{place}_choices": "\n".join(question.choices),
        }
        fields |= {f"q{place}_{language}": question.label.get(language, "") for language in Language}
    return Form.of(**fields)


def questions_shown(form: Form) -> range:
    """The places of the questions to show: those filled in, and some empty ones."""
    written = (re.fullmatch(r"q(\d{1,2})_(nl|it|en|choices)", name) for name in form.fields if form[name])
    places = [int(found[1]) for found in written if found]
    return range(min(max(places, default=-1) + 1 + BLANK_QUESTIONS, FIELDS_MAX))


def product_facts(form: Form, t: Said) -> dict[str, Any]:
    """The form's facts for intake; errors go into the form."""
    form.need("name", t, NAME_CHARACTERS_MAX)
    return {"name": form["name"], "active": form["active"] == "yes", "form": list(_questions(form, t))}


def _questions(form: Form, t: Said) -> Iterator[dict[str, Any]]:
    for place in range(FIELDS_MAX):
        label = {str(language): form[f"q{place}_{language}"] for language in Language}
        if not any((*label.values(), form[f"q{place}_choices"])):
            continue
        if not all(label.values()):
            form.errors[f"q{place}_en"] = t("wrong.labels")
        kind = form.choice(f"q{place}_kind", FieldKind, FieldKind.TEXT)
        choices = [line.strip() for line in form[f"q{place}_choices"].splitlines() if line.strip()]
        if kind == FieldKind.CHOICE and not choices:
            form.errors[f"q{place}_choices"] = t("wrong.no_choices")
        yield {
            "key": form[f"q{place}_key"] or _key(label[Language.ENGLISH], place),
            "label": label,
            "kind": kind,
            "required": form[f"q{place}_required"] == "yes",
            "choices": choices if kind == FieldKind.CHOICE else [],
        }


def _key(label: str, place: int) -> str:
    words = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:FIELD_KEY_CHARACTERS_MAX]
    return words if re.match("[a-z]", words) else f"question_{place + 1}"


def team_fields(team: Team | None) -> Form:
    """The form for a team; for a new one if None."""
    form = Form.of(
        name=team.name if team else "",
        version=team.version if team else "",
        round_robin="yes" if team and team.round_robin else "",
        active="yes" if team is None or team.active else "",
    )
    form.several["members"] = [str(member) for member in team.members] if team else []
    return form


def team_facts(form: Form, t: Said) -> dict[str, Any]:
    """The form's facts for intake; errors go into the form."""
    form.need("name", t, NAME_CHARACTERS_MAX)
    return {
        "name": form["name"],
        "members": form.every("members"),
        "round_robin": form["round_robin"] == "yes",
        "active": form["active"] == "yes",
    }
