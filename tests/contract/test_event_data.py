"""Who acts on the requester's side is decided by one function."""

import ast
from uuid import UUID

import pytest

from services.contract.event_data import Actor, Contact
from services.contract.vocabulary import Language
from tests.architecture import modules

EMMA, DAAN = UUID(int=1), UUID(int=2)
REQUESTER = Contact(person_id=EMMA, name="Emma", email=None, language=Language.ENGLISH)
DECIDE = {
    "services.contract.event_data",
    "services.cli.demo.history",  # judges for itself, so that an error in the one function shows
}


@pytest.mark.parametrize(
    ("actor", "speaks"),
    [
        (Actor(kind="person", name="Emma", person_id=EMMA), True),
        (Actor(kind="person", name="a colleague of hers", person_id=DAAN), True),
        (Actor(kind="person", name="Daan of support", person_id=DAAN, staff=True), False),
        (Actor(kind="person", name="Emma of support, about her own ticket", person_id=EMMA, staff=True), True),
        (Actor(kind="service", name="a service of support", staff=True), False),
        (Actor(kind="clock", name="the clock"), False),
    ],
    ids=lambda each: each.name if isinstance(each, Actor) else "",
)
def test_all_but_support_speak_for_the_requester_and_support_on_tickets_of_their_own(
    actor: Actor, *, speaks: bool
) -> None:
    assert actor.speaks_for(REQUESTER.person_id) is speaks


def test_no_other_expression_decides_whether_support_acts_on_a_ticket_of_its_own() -> None:
    deciding = {
        name
        for name, module in modules().items()
        for node in ast.walk(ast.parse(module.file.read_text(encoding="utf-8")))
        if isinstance(node, ast.BoolOp) and _asks_for_staff(node) and _compares_with_the_requester(node)
    }
    assert deciding == DECIDE


def _asks_for_staff(node: ast.BoolOp) -> bool:
    return any(isinstance(part, ast.Attribute) and part.attr in ("staff", "is_staff") for part in ast.walk(node))


def _compares_with_the_requester(node: ast.BoolOp) -> bool:
    compared = (part for part in ast.walk(node) if isinstance(part, ast.Compare))
    return any("requester" in ast.unparse(each) for each in compared)
