"""Contracts, calendars, products and teams as forms: what is written out is read back the same. Pure."""

from typing import Any
from uuid import uuid4

import pytest

from services.contract.vocabulary import AlertAudience, Language, Metric
from services.promises.policy import STEPS_MAX, TARGETS_MAX, Promises
from services.web.clients.desk_records import Calendar, Contract, Product
from services.web.forms.agreement_forms import (
    COLUMNS,
    calendar_facts,
    calendar_fields,
    contract_facts,
    contract_fields,
    pausing,
    steps_shown,
)
from services.web.forms.forms import Form
from services.web.forms.product_forms import product_facts, product_fields, questions_shown
from services.web.words import Said, catalogues
from tests.moved_clock import START

SAID = Said(catalogues()[Language.ENGLISH], Language.ENGLISH, "Europe/Amsterdam", START)
TERMS: dict[str, Any] = {
    "reminder_after": {"length": "P7D", "counted": "calendar"},
    "closure_after": {"length": "PT80H", "counted": "working"},
    "survey_after": {"length": "PT36H", "counted": "calendar"},
    "finalisation_after": {"length": "P2D", "counted": "calendar"},
    "survey_spread": "PT7M",
    "survey": False,
    "targets": [
        {"metric": "first_reply", "within": {"length": "PT30M", "counted": "working"}, "priority": "high"},
        {"metric": "resolution", "within": {"length": "PT24H", "counted": "calendar"}, "priority": None},
    ],
    "pauses": [{"metric": "resolution", "status": "pending"}],
    "warn_at": [50, 75],
    "escalations": [{"after": "PT0S", "tell": ["assignee"]}, {"after": "PT4H30M", "tell": ["team", "admins"]}],
    "priority_rule": "always_high",
    "ordinary_until": "2027-03-01",
}

FULL: dict[str, Any] = {
    "targets": [
        {"metric": metric, "within": {"length": f"PT{place + 1}H20S", "counted": "calendar"}, "priority": priority}
        for place, metric in enumerate(Metric)
        for priority in COLUMNS
    ],
    "pauses": [{"metric": metric, "status": status} for metric in Metric for status in pausing(metric)],
    "warn_at": [10, 20, 30, 40, 50, 60, 70, 80, 90, 99],
    "escalations": [{"after": f"PT{step}H", "tell": list(AlertAudience)} for step in range(STEPS_MAX)],
}
"""As many of everything as there may be."""


def promised(terms: dict[str, Any]) -> Promises:
    """The terms as the clock counts with them, however they were written."""
    return Promises.model_validate({name: value for name, value in terms.items() if name in Promises.model_fields})


def contract(terms: dict[str, Any]) -> Contract:
    """One for bakers."""
    return Contract(id=uuid4(), name="Bakers", terms=terms, product_ids=(uuid4(),))


@pytest.mark.parametrize("terms", [TERMS, FULL, {}])
def test_a_contract_saved_as_it_was_shown_stays_the_same(terms: dict[str, Any]) -> None:
    given = contract(terms)
    form = contract_fields(given)
    facts = contract_facts(form, SAID, given.terms)
    assert form.errors == {}
    assert promised(facts["terms"]) == promised(terms)
    rules = [facts["terms"][name] for name in ("priority_rule", "ordinary_until")]
    assert rules == [terms.get("priority_rule", "as_asked"), terms.get("ordinary_until")]
    assert facts["product_ids"] == [str(each) for each in given.product_ids]


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("target_resolution_all", "two days"),
        ("target_first_reply_high", "4:75"),
        ("reminder_after", ""),
        ("warn_at", "75, 120"),
        ("ordinary_until", "1 March"),
        ("step_1", "soon"),
        ("step_1", ""),
        ("step_2", "8"),
        ("name", ""),
    ],
)
def test_what_cannot_be_read_is_said_beside_its_field(field: str, typed: str) -> None:
    form = contract_fields(contract(TERMS))
    form.fields[field] = typed
    contract_facts(form, SAID, TERMS)
    assert list(form.errors) == [field]


def test_there_is_always_room_for_one_more_escalation_step_up_to_the_limit() -> None:
    assert len(FULL["targets"]) == TARGETS_MAX
    kept = [{"escalations": FULL["escalations"][:count]} for count in (0, 1, 5, STEPS_MAX)]
    assert [len(steps_shown(contract_fields(contract(terms)))) for terms in kept] == [1, 2, 6, STEPS_MAX]
    form = contract_fields(contract(TERMS))
    form.fields["step_5"] = "8"
    assert len(steps_shown(form)) == 7


def test_a_pause_that_could_never_count_is_not_sent() -> None:
    form = contract_fields(contract(TERMS))
    form.several["pause"] = ["agent_work pending", "resolution parked"]
    pauses = contract_facts(form, SAID, TERMS)["terms"]["pauses"]
    assert pauses == [{"metric": "resolution", "status": "parked"}]


def test_a_calendar_saved_as_it_was_shown_stays_the_same() -> None:
    week = [["09:00-12:30", "13:00-17:00"]] * 5 + [["10:00-12:00"], []]
    terms = {
        "zone": "Europe/Rome",
        "week": week,
        "country": "IT",
        "region": "BZ",
        "own_days": ["2026-12-24"],
        "worked_days": [],
    }
    form = calendar_fields(Calendar(id=uuid4(), name="Officina", terms=terms))
    assert form["day_0"] == "09:00-12:30, 13:00-17:00"
    assert calendar_facts(form, SAID, terms) == {"name": "Officina", "terms": terms}


@pytest.mark.parametrize(
    ("field", "typed"),
    [("day_3", "17:00-09:00"), ("day_3", "nine to five"), ("zone", "Mars/Olympus"), ("own_days", "Christmas")],
)
def test_hours_zones_and_days_nobody_can_read_are_said_beside_their_field(field: str, typed: str) -> None:
    form = calendar_fields(None)
    form.fields |= {"name": "Any", field: typed}
    calendar_facts(form, SAID, {})
    assert list(form.errors) == [field]


def test_a_products_questions_saved_as_shown_stay_the_same_and_new_ones_get_a_key() -> None:
    label = {"nl": "Type", "it": "Modello", "en": "Model"}
    questions = [{"key": "model", "label": label, "kind": "choice", "required": True, "choices": ["LX 8", "LX 9"]}]
    form = product_fields(Product.model_validate({"id": uuid4(), "name": "Printer", "form": questions}))
    assert list(questions_shown(form)) == [0, 1, 2, 3]
    assert product_facts(form, SAID)["form"] == questions
    form.fields |= {"q1_nl": "Klantnummer", "q1_it": "Numero cliente", "q1_en": "Customer number (8 digits)"}
    assert product_facts(form, SAID)["form"][1]["key"] == "customer_number_8_digits"


def test_a_question_begun_in_one_language_is_still_there_after_a_refusal() -> None:
    assert list(questions_shown(Form.of(q4_nl="Type"))) == list(range(8))
    assert list(questions_shown(Form.of(q5_choices="LX 8"))) == list(range(9))


def test_options_without_a_question_are_not_thrown_away() -> None:
    form = Form.of(name="Printer", q0_kind="choice", q0_choices="LX 8")
    product_facts(form, SAID)
    assert set(form.errors) == {"q0_en"}


def test_a_question_needs_every_language_and_a_choice_something_to_choose() -> None:
    form = Form.of(name="Printer", q0_nl="Type", q0_kind="choice")
    product_facts(form, SAID)
    assert set(form.errors) == {"q0_en", "q0_choices"}
