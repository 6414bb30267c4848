"""Forms: what was filled in, held against what a product asks."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.contract.errors import Invalid
from services.intake.rules.forms import ProductForm

LABEL = {"nl": "Iets", "it": "Qualcosa", "en": "Something"}


def field(key: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"key": key, "label": LABEL, "kind": kind, **more}


FORM = ProductForm.model_validate(
    {
        "fields": [
            field("browser", "choice", required=True, choices=["Firefox", "Chrome"]),
            field("customer_number", "number", required=True),
            field("user", "email"),
            field("error_message"),
        ]
    }
)


def problems(given: dict[str, str], form: ProductForm = FORM) -> dict[str, str]:
    with pytest.raises(Invalid) as raised:
        form.checked(given)
    assert all(error["message"] for error in raised.value.facts["errors"])
    return {error["field"]: error["problem"] for error in raised.value.facts["errors"]}


def test_what_is_filled_in_is_tidied_and_what_is_empty_left_out() -> None:
    given = {"browser": " Firefox ", "customer_number": "12,5", "user": "Ann@DeVries.Example", "error_message": "  "}
    tidied = {"browser": "Firefox", "customer_number": "12.5", "user": "Ann@devries.example"}
    assert FORM.checked(given) == tidied


def test_every_field_that_is_wrong_is_named_at_once() -> None:
    assert problems({"browser": "Lynx", "user": "nobody", "module": "tills"}) == {
        "browser": "no_choice",
        "customer_number": "missing",
        "user": "no_email",
        "module": "unknown",
    }


def test_a_required_field_of_spaces_is_missing() -> None:
    assert problems({"browser": "Chrome", "customer_number": "   "}) == {"customer_number": "missing"}


@pytest.mark.parametrize("number", ["0", "-3", "12", "3.5", "3,5", "1" * 18])
def test_a_number_is_a_number(number: str) -> None:
    given = {"browser": "Chrome", "customer_number": number}
    assert FORM.checked(given)["customer_number"] == number.replace(",", ".")


@pytest.mark.parametrize("number", ["twelve", "1e9", "1.", ".5", "--1", "1 000", "NaN", "١٢", "1" * 19, "1.2.3"])
def test_what_only_looks_like_a_number_is_none(number: str) -> None:
    assert problems({"browser": "Chrome", "customer_number": number}) == {"customer_number": "no_number"}


@pytest.mark.parametrize("address", ["x", "@x", "Ann <ann@devries.example>", "ann@devries.example, bob@x.example"])
def test_what_only_looks_like_an_address_is_none(address: str) -> None:
    assert problems({"browser": "Chrome", "customer_number": "1", "user": address}) == {"user": "no_email"}


def test_a_form_without_fields_asks_nothing_and_takes_nothing() -> None:
    assert ProductForm().checked({}) == {}
    assert problems({"browser": "Chrome"}, ProductForm()) == {"browser": "unknown"}


@given(given=st.dictionaries(st.sampled_from(["browser", "customer_number", "user", "error_message", "x"]), st.text()))
def test_whatever_is_sent_is_either_kept_as_the_form_asks_or_refused_by_name(given: dict[str, str]) -> None:
    kept, refused = {}, []
    try:
        kept = FORM.checked(given)
    except Invalid as error:
        refused = error.facts["errors"]
    if refused:
        assert {each["field"] for each in refused} <= {*given, "browser", "customer_number"}
    else:
        assert FORM.checked(kept) == kept
        assert {"browser", "customer_number"} <= kept.keys() <= given.keys()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ([field("a"), field("a", "number")], "asks for 'a' twice"),
        ([field("a", "choice")], "give what there is to choose from"),
        ([field("a", "choice", choices=["x", "x"])], "offers 'x' twice"),
        ([field("a", "email", choices=["x"])], "leave its choices out"),
        ([field("Customer number")], "should match pattern"),
        ([{**field("a"), "label": {"nl": "Iets"}}], "Field required"),
        ([field(f"a{number}") for number in range(31)], "at most 30 items"),
    ],
)
def test_a_form_nobody_could_fill_in_is_refused(fields: list[dict[str, Any]], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        ProductForm.model_validate({"fields": fields})
