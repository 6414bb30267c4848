"""What a bulk of any version of Balie keeps is read back, and undone.

`written_bulks.jsonl` has a sample of each command: its facts, and what was kept of a ticket. Samples are only added.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from services.intake.history.stored import VERSION_KEY, Stored
from services.intake.rules.decide import decide
from services.intake.rules.move import Given
from services.intake.rules.moves.solve import Solve
from services.intake.rules.moves.take_back import StoodBefore, TakeBack
from services.intake.rules.registry import MANY
from tests.intake.ticket_life import AGENT, DAAN, NOON, asked, message, new_ticket

SAMPLES = [json.loads(line) for line in (Path(__file__).parent / "written_bulks.jsonl").read_text("utf-8").splitlines()]
STORED: list[type[Stored]] = [
    *(many.facts for many in MANY.values()),
    *(many.undo.former for many in MANY.values() if many.undo),
]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample["command"])
def test_what_a_bulk_ever_kept_is_read_back(sample: dict[str, Any]) -> None:
    many = MANY[sample["command"]]
    facts = many.facts.read(sample["facts"])
    assert many.facts.read(json.loads(json.dumps(facts.kept()))) == facts
    if sample["former"] is not None:
        assert many.undo is not None
        former = many.undo.former.read(sample["former"])
        assert many.undo.former.read(json.loads(json.dumps(former.kept()))) == former


def test_every_command_has_a_sample() -> None:
    assert {sample["command"] for sample in SAMPLES} == set(MANY)
    assert {each["command"] for each in SAMPLES if each["former"]} == {name for name, each in MANY.items() if each.undo}


@pytest.mark.parametrize("model", STORED, ids=lambda model: model.__name__)
def test_every_version_before_the_newest_is_brought_up_to_it(model: type[Stored]) -> None:
    assert set(model.UPCASTS) == set(range(1, model.VERSION))


def test_how_a_ticket_stood_is_kept_by_name_and_was_not_always() -> None:
    (sample,) = (each for each in SAMPLES if each["command"] == "spam" and VERSION_KEY not in each["former"])
    assert isinstance(sample["former"]["standing"], list)
    former = StoodBefore.read(sample["former"])
    assert former.standing is not None
    assert former.standing.asked_at == NOON
    assert former.kept()["standing"]["asked_at"] == "2026-11-02T12:00:00Z"
    assert StoodBefore.read(json.loads(json.dumps(former.kept()))) == former


def test_a_solution_is_undone_from_what_was_kept_of_it() -> None:
    before = asked(new_ticket(), NOON)
    after = decide(before, Solve(AGENT, DAAN, None), NOON).ticket
    undo = MANY["solve"].undo
    assert undo is not None
    assert undo.order is not None
    kept = json.loads(json.dumps(undo.keep(MANY["solve"].facts(), before, after).kept()))
    order = undo.order(Given(AGENT, DAAN, message()), undo.former.read(kept), after)
    assert isinstance(order, TakeBack)
    assert order.former == before.standing
