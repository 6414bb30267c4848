"""A choice of statuses, steps or roles stands once: under a name, where all who need it may import it."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from services.contract import vocabulary
from services.contract.vocabulary import BULKS_AT_WORK, VIEWS, Status
from services.intake.rules.bulk import TAKES_UP
from services.intake.tables.tables import ticket
from services.promises.standing import UNFINISHED
from tests.architecture import ROOT, modules

ENUMS: dict[str, type[StrEnum]] = {
    name: each for name, each in vars(vocabulary).items() if isinstance(each, type) and issubclass(each, StrEnum)
}
OWN_ORDER = {
    "services/web/forms/agreement_forms.py",  # the statuses that may pause a promise, those that mostly do first
    "services/promises/deadlines.py",  # all kinds of deadlines, in the order they are met
    "services/kb/articles.py",  # the languages, those that most people read first
    "services/web/pages/bulk.py",  # what became of a bulk's tickets, what needs looking at first
}
"""Files whose tuple says an order, which no other file needs."""
IN_TEMPLATE = re.compile(r"\((?:'\w+'(?:, ?|(?=\))))+\)")

Choice = frozenset[str]


def _choices(text: str) -> Iterator[Choice]:
    """Every literal tuple, set or list of two or more members of one enumeration, by name or by value."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Tuple | ast.Set | ast.List) and len(node.elts) > 1:
            yield from _of_members(node.elts)
            yield from _of_values([each.value for each in node.elts if isinstance(each, ast.Constant)], node.elts)


def _of_members(elements: list[ast.expr]) -> Iterator[Choice]:
    named = {ast.unparse(each).rpartition(".")[0] for each in elements}
    if len(named) == 1 and named < ENUMS.keys():
        yield frozenset(ast.unparse(each) for each in elements)


def _of_values(values: list[Any], elements: list[ast.expr]) -> Iterator[Choice]:
    for name, enum in ENUMS.items():
        if len(values) == len(elements) and set(values) <= set(enum):
            yield frozenset(f"{name}.{enum(value).name}" for value in values)


def _in_template(text: str) -> Iterator[Choice]:
    for found in IN_TEMPLATE.findall(text):
        yield from _choices(found)


def test_no_choice_stands_in_two_places() -> None:
    places: dict[Choice, set[str]] = defaultdict(set)
    for module in modules().values():
        for number, choice in enumerate(_choices(module.file.read_text(encoding="utf-8"))):
            if (file := _name(module.file)) not in OWN_ORDER:
                places[choice].add(f"{file} {number}")
    for template in (ROOT / "services").rglob("templates/**/*.*"):
        for number, choice in enumerate(_in_template(template.read_text(encoding="utf-8"))):
            places[choice].add(f"{_name(template)} {number}")
    assert len(places) > 5  # it does find them
    assert {choice: where for choice, where in places.items() if len(where) > 1} == {}


def test_no_whole_enumeration_is_written_out() -> None:
    whole = {frozenset(f"{name}.{each.name}" for each in enum) for name, enum in ENUMS.items()}
    templates = {
        _name(file)
        for file in (ROOT / "services").rglob("templates/**/*.*")
        for choice in _in_template(file.read_text(encoding="utf-8"))
        if choice in whole
    }
    code = {
        _name(module.file)
        for module in modules().values()
        for choice in _choices(module.file.read_text(encoding="utf-8"))
        if choice in whole
    }
    assert templates | code <= OWN_ORDER


def test_what_may_be_chosen_is_found_by_name_by_value_and_in_a_template() -> None:
    both = {frozenset({"Status.NEW", "Status.OPEN"})}
    assert set(_choices("status in (Status.NEW, Status.OPEN)")) == both
    assert set(_choices("status in {'open', 'new'}")) == both
    assert set(_in_template("{% if status in ('new', 'open') %}")) == both
    assert set(_choices("(Status.NEW, None), (Status.NEW, Role.AGENT), ('new', 'agent')")) == set()


def test_the_index_of_tickets_at_work_is_of_the_unfinished_ones() -> None:
    index = next(each for each in ticket.indexes if each.name == "ticket_at_work")
    named = re.fullmatch(r"status in \((.+)\)", str(index.dialect_options["postgresql"]["where"]))
    assert named is not None
    assert sorted(named[1].split(", ")) == sorted(f"'{status}'" for status in UNFINISHED)


def test_there_is_a_view_for_each_status() -> None:
    assert [each for each in VIEWS if each in list(Status)] == list(Status)


def test_a_bulk_takes_up_tickets_only_while_it_is_at_work() -> None:
    assert TAKES_UP.keys() == BULKS_AT_WORK


def _name(file: Path) -> str:
    return str(file.relative_to(ROOT))
