"""The form of a product: the fields it asks for, and the check of what was filled in. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator, validate_email

from services.contract.errors import Invalid
from services.contract.limits import FIELD_CHOICES_MAX, FIELD_KEY_CHARACTERS_MAX, FIELD_LABEL_CHARACTERS_MAX, FIELDS_MAX
from services.contract.storable import Storable
from services.contract.vocabulary import FieldKind, FieldProblem

_NUMBER = re.compile(r"-?[0-9]{1,18}([.,][0-9]{1,9})?")

Label = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=FIELD_LABEL_CHARACTERS_MAX), Storable
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Labels(_Part):
    """What the field is called, in every language of the desk."""

    nl: Label
    it: Label
    en: Label


class FormField(_Part):
    """One thing that is asked: the browser, the customer number, the module, the error message…"""

    key: str = Field(pattern=f"^[a-z][a-z0-9_]{{0,{FIELD_KEY_CHARACTERS_MAX - 1}}}$", examples=["customer_number"])
    label: Labels
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    choices: tuple[Label, ...] = Field(
        default=(), max_length=FIELD_CHOICES_MAX, description="Of a choice, in this order."
    )

    @model_validator(mode="after")
    def _has_choices_where_it_is_one(self) -> Self:
        if self.kind is FieldKind.CHOICE and not self.choices:
            raise ValueError(f"{self.key} is a choice: give what there is to choose from")
        if self.kind is not FieldKind.CHOICE and self.choices:
            raise ValueError(f"{self.key} is no choice but a {self.kind}: leave its choices out")
        if twice := _twice(self.choices):
            raise ValueError(f"{self.key} offers {twice!r} twice")
        return self


def _asked_once(fields: tuple[FormField, ...]) -> tuple[FormField, ...]:
    if twice := _twice(field.key for field in fields):
        raise ValueError(f"the form asks for {twice!r} twice; give each field a key of its own")
    return fields


Fields = Annotated[tuple[FormField, ...], Field(max_length=FIELDS_MAX), AfterValidator(_asked_once)]


class ProductForm(_Part):
    """The fields that a ticket about a product has to fill in, in this order."""

    fields: Fields = ()

    def checked(self, given: Mapping[str, str]) -> dict[str, str]:
        """The values filled in, tidied, by field key; empty fields are left out.

        Raises Invalid, whose `errors` name each missing, wrong or unknown field by its key, with its `problem`.
        """
        filled = {key: value.strip() for key, value in given.items() if value.strip()}
        known = {field.key: field for field in self.fields}
        refused = [(key, FieldProblem.UNKNOWN, "the form does not ask for it") for key in filled if key not in known]
        tidied: dict[str, str] = {}
        for key, field in known.items():
            try:
                if value := _tidied(field, filled.get(key)):
                    tidied[key] = value
            except _Refused as error:
                refused.append((key, error.problem, str(error)))
        if refused:
            raise refusal(refused)
        return tidied


def refusal(refused: Sequence[tuple[str, FieldProblem, str]]) -> Invalid:
    """The error that names each refused field, given as (key, problem, sentence)."""
    errors: list[dict[str, Any]] = [
        {"field": key, "problem": problem.value, "message": sentence} for key, problem, sentence in refused
    ]
    said = "; ".join(f"{key}: {sentence}" for key, _, sentence in refused)
    return Invalid(f"Mend these fields of the form and send it again. {said}.", errors=errors)


class _Refused(ValueError):
    def __init__(self, problem: FieldProblem, sentence: str) -> None:
        super().__init__(sentence)
        self.problem = problem


def _tidied(field: FormField, value: str | None) -> str | None:
    if value is None:
        if field.required:
            raise _Refused(FieldProblem.MISSING, "it must be filled in")
        return None
    if field.kind is FieldKind.CHOICE and value not in field.choices:
        raise _Refused(FieldProblem.NO_CHOICE, f"choose one of {', '.join(field.choices)}")
    if field.kind is FieldKind.EMAIL:
        return _email(value)
    if field.kind is FieldKind.NUMBER:
        if not _NUMBER.fullmatch(value):
            raise _Refused(FieldProblem.NO_NUMBER, "it must be a number, such as 12 or 3.5")
        return value.replace(",", ".")
    return value


def _email(value: str) -> str:
    # Accept only a bare address: validate_email alone would also accept "Marieke <marieke@devries.example>".
    try:
        name_and_address = validate_email(value) if "<" not in value else None
    except ValueError:
        name_and_address = None
    if name_and_address is None:
        raise _Refused(FieldProblem.NO_EMAIL, "it must be an e-mail address, such as marieke@devries.example")
    return name_and_address[1]


def _twice(values: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None
