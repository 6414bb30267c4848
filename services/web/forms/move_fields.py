"""The fields of a move as a form asks for them, and as they were filled in, both by what the contract says of them.

The words are `act.<move>_<field>`, with `_hint` where there is one and `_<choice>` for each choice; where a move has no
words of its own for a field, `act.<field>` and `<field>.<choice>` say it. Pure.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from services.contract.limits import SUBJECT_CHARACTERS_MAX
from services.contract.moves import MoveField, PublicMove, known_moves
from services.contract.vocabulary import Kind, Priority
from services.web.forms.forms import Form
from services.web.forms.moving import instant, wire
from services.web.words import Said

LINE_CHARACTERS_MAX = SUBJECT_CHARACTERS_MAX
"""A text that may be longer than this gets more than one line."""
NUMBER_DIGITS_MAX = 9
YES, NO = "yes", "no"

MoveBody = dict[str, Any]
"""The facts of a command, as intake takes them."""


class Look(StrEnum):
    """How a field looks in a form. The templates' macro `asked` draws each."""

    LINE = "line"
    AREA = "area"
    NUMBER = "number"
    SELECT = "select"
    RADIOS = "radios"
    CHECK = "check"
    TIME = "time"


class Option(NamedTuple):
    """One of the answers to choose from."""

    value: str
    text: str
    meaning: str = ""


@dataclass(frozen=True)
class Asked:
    """A field as a form asks for it."""

    name: str
    look: Look
    label: str
    hint: str = ""
    required: bool = False
    most: int = 0
    """The most characters that may be typed."""
    options: tuple[Option, ...] = ()


def fields_of_action(move: str) -> tuple[MoveField, ...]:
    """The fields to ask for an action. None where none is required: such an action is one click."""
    fields = known_moves()[move].fields
    return _in_order(fields) if any(each.required for each in fields) else ()


def fields_of_many(fields: Iterable[MoveField]) -> tuple[MoveField, ...]:
    """The fields to ask for a command for many tickets."""
    return _in_order(fields)


def can_ask(field: MoveField) -> bool:
    """Whether a form can ask for this field by what the contract says of it. Others need a form of their own."""
    if field.type == "string" and not field.format:
        return bool(field.choices or field.most)
    return field.type in ("integer", "boolean") or field.format == "date-time"


def asked(move: str, fields: Iterable[MoveField], t: Said) -> list[Asked]:
    """The fields as the form of this move or command asks for them."""
    return [_asked(move, each, t) for each in fields]


def read(fields: Iterable[MoveField], form: Form, t: Said) -> MoveBody:
    """The facts from the form. What is missing or too long is noted in the form; what is left empty is left out."""
    found = {each.name: _READ[look(each)](each, form, t) for each in fields}
    return {name: value for name, value in found.items() if value is not None}


def need_words(form: Form, move: PublicMove, t: Said) -> None:
    """Note an error if the words of a message are missing where the move needs some, or are too long."""
    words = move.words
    if words and (words.required or form["text"]):
        form.need("text", t, words.most)


def look(field: MoveField) -> Look:
    """How the field looks."""
    if field.choices:
        return Look.RADIOS if field.name in _MEANT else Look.SELECT
    if field.type == "boolean":
        return Look.RADIOS if field.required else Look.CHECK
    if field.type == "integer":
        return Look.NUMBER
    if field.format == "date-time":
        return Look.TIME
    return Look.LINE if field.most and field.most <= LINE_CHARACTERS_MAX else Look.AREA


def _in_order(fields: Iterable[MoveField]) -> tuple[MoveField, ...]:
    # What is said to the requester comes last, below what the move itself is about.
    return tuple(sorted(filter(can_ask, fields), key=lambda each: each.name == "text"))


def _asked(move: str, field: MoveField, t: Said) -> Asked:
    own, shared = f"act.{move}_{field.name}", f"act.{field.name}"
    label = own if t.knows(own) else shared
    return Asked(
        field.name,
        look(field),
        t(label),
        t(f"{label}_hint") if t.knows(f"{label}_hint") else "",
        field.required,
        NUMBER_DIGITS_MAX if field.type == "integer" else field.most or 0,
        tuple(_option(own, field, value, t) for value in choices(field)),
    )


def choices(field: MoveField) -> tuple[str, ...]:
    """What there is to choose from; a yes or no that must be given is a choice as well."""
    return (YES, NO) if field.type == "boolean" and field.required else field.choices


def _option(own: str, field: MoveField, value: str, t: Said) -> Option:
    if meant := _MEANT.get(field.name):
        return Option(value, *meant(value, t))
    key = f"{own}_{value}"
    return Option(value, t(key if t.knows(key) else f"{field.name}.{value}"))


_MEANT: Mapping[str, Callable[[str, Said], tuple[str, str]]] = {
    "priority": lambda value, t: (t.priority(Priority(value)), t.priority_meaning(Priority(value))),
    "kind": lambda value, t: (t.kind(Kind(value)), t.kind_meaning(Kind(value))),
}
"""The enumerations whose values are defined wherever they are chosen: the label and the meaning of a value."""


def _text(field: MoveField, form: Form, t: Said) -> str | None:
    if field.required or form[field.name]:
        form.need(field.name, t, field.most)
    if form[field.name] and len(form[field.name]) < field.least:
        form.errors[field.name] = t("wrong.too_short", min=field.least)
    return form[field.name] or None


def _number(field: MoveField, form: Form, t: Said) -> int | None:
    number = form.number(field.name)
    if number is None and (field.required or form[field.name]):
        form.errors[field.name] = t("wrong.no_whole_number")
    return number


def _choice(field: MoveField, form: Form, t: Said) -> str | bool | None:
    chosen = form.choice(field.name, choices(field), "")
    if not chosen and (field.required or form[field.name]):
        form.errors[field.name] = t("wrong.no_good" if field.type == "boolean" else "wrong.field_no_choice")
    return chosen == YES if field.type == "boolean" else chosen or None


def _check(field: MoveField, form: Form, _t: Said) -> bool:
    return form[field.name] == YES


def _time(field: MoveField, form: Form, t: Said) -> str | None:
    if not field.required and not form["preset"] and not form["until"]:
        return None
    at = instant(form, t)
    return wire(at) if at else None


_READ: Mapping[Look, Callable[[MoveField, Form, Said], str | int | bool | None]] = {
    Look.LINE: _text,
    Look.AREA: _text,
    Look.NUMBER: _number,
    Look.SELECT: _choice,
    Look.RADIOS: _choice,
    Look.CHECK: _check,
    Look.TIME: _time,
}
