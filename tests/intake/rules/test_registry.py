"""What must hold of all moves together: nothing is left out, nothing is said twice."""

from collections import Counter
from typing import Any

from services.intake.api import moves as routes
from services.intake.history.line import Line
from services.intake.rules import moves as folder
from services.intake.rules.registry import LINES, MANY, MOVES, RELIVED
from services.intake.tickets import makers
from tests.architecture import ROOT, modules

FILES = {file.stem for file in (ROOT / "services/intake/rules/moves").glob("*.py")} - {"__init__"}
ALL = MOVES.values()


def test_each_file_holds_the_move_of_its_name() -> None:
    assert set(MOVES) == FILES


def test_no_two_moves_share_a_command_a_line_a_key_or_a_bulk() -> None:
    for shared in (
        [move.command for move in ALL if move.command],
        [line.TYPE for move in ALL for line in move.lines],
        [move.key for move in ALL if move.key],
        [many.name for move in ALL for many in move.many],
    ):
        assert [each for each, count in Counter(shared).items() if count > 1] == []


def test_each_command_has_its_rule_and_each_body_something_that_makes_the_command() -> None:
    assert [move.name for move in ALL if (move.command is None) != (move.rule is None)] == []
    # A reply and a merge are made by their use cases too; see `api/moves.py`.
    made = {name: (MOVES[name].order is not None) + (name in makers._FROM_BODY) for name in MOVES if MOVES[name].body}
    assert {name: times for name, times in made.items() if times != 1} == {}
    of_many = {name: (many.order is not None) + (name in makers._FROM_FACTS) for name, many in MANY.items()}
    assert {name: times for name, times in of_many.items() if times != 1} == {}
    back = {name: (many.undo.order is not None) + (name in makers._BACK) for name, many in MANY.items() if many.undo}
    assert {name: times for name, times in back.items() if times != 1} == {}


def test_each_move_with_a_body_has_its_route_which_says_what_it_is_and_for_whom() -> None:
    paths = {route.path for route in routes.router.routes}  # type: ignore[attr-defined]  # all are routes of an API
    assert paths == {f"/api/v1/tickets/{{number}}/{move.name}" for move in ALL if move.body}
    unsaid = [move.name for move in ALL if move.body and not (move.summary and move.description)]
    assert unsaid == []


def test_each_kind_of_line_is_known_and_those_lived_again_are_written_by_somebody() -> None:
    kinds = {kind for kind in _below(Line) if kind.__module__.startswith("services.intake") and hasattr(kind, "TYPE")}
    assert {kind.__dict__["TYPE"] for kind in kinds} - {"other"} == set(LINES)
    assert set(RELIVED) <= set(LINES.values())


def test_moves_are_pure_and_know_nothing_of_what_is_made_from_them() -> None:
    known = {
        imported
        for name, module in modules().items()
        if name.startswith(folder.__name__)
        for imported in module.imports()
        if imported.startswith("services.intake")
    }
    above = ("services.intake.api", "services.intake.bulk", "services.intake.tickets", "services.intake.rules.registry")
    assert [each for each in known if each.startswith(above)] == []


def _below(kind: type[Any]) -> set[type[Any]]:
    return {each for below in kind.__subclasses__() for each in (below, *_below(below))}
