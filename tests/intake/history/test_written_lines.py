"""Every line of history that any version of Balie ever wrote is read back.

`written_lines.jsonl` has a sample of each shape, in the order in which they came into being: type, facts, and the kind
of actor. Samples are only added: the desk of a customer has such lines.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from services.contract.event_data import Actor
from services.contract.vocabulary import Language
from services.intake.history.line import Line, UnknownLine
from services.intake.history.stored import VERSION_KEY
from services.intake.history.teller import Teller
from services.intake.rules.moves.replan import MovedDeadline, Replanned
from services.intake.rules.registry import LINES, read_line

SAMPLES = [
    json.loads(line)
    for line in Path(__file__).with_name("written_lines.jsonl").read_text(encoding="utf-8").splitlines()
]


def _said(line: Line, by: str) -> list[str]:
    tellers = [Teller(language, "Europe/Rome", inside=inside) for language in Language for inside in (True, False)]
    return [line.told(teller, Actor(kind=by, name="Daan")).sentence for teller in tellers]


def _shape(facts: dict[str, Any]) -> frozenset[str]:
    return frozenset(facts)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample['type']}-{len(str(sample['facts']))}")
def test_a_line_that_was_ever_written_is_read_back_and_said(sample: dict[str, Any]) -> None:
    line = read_line(sample["type"], sample["facts"])
    assert type(line) is LINES[sample["type"]]
    assert all(_said(line, sample["by"]))
    assert read_line(line.TYPE, json.loads(json.dumps(line.kept()))) == line
    assert type(line).read_text(json.dumps(sample["facts"])) == line


@pytest.mark.parametrize("kind", LINES.values(), ids=lambda kind: kind.TYPE)
def test_every_kind_of_line_has_a_sample_of_the_shape_it_has_now(kind: type[Line]) -> None:
    current = {
        _shape(sample["facts"])
        for sample in SAMPLES
        if sample["type"] == kind.TYPE and sample["facts"].get(VERSION_KEY, 1) == kind.VERSION
    }
    names = {field.alias or name for name, field in kind.model_fields.items()} | {VERSION_KEY}
    required = {field.alias or name for name, field in kind.model_fields.items() if field.is_required()}
    assert current
    assert all(required <= shape for shape in current)
    assert frozenset().union(*current) - {VERSION_KEY} == names - {VERSION_KEY}


@pytest.mark.parametrize("kind", LINES.values(), ids=lambda kind: kind.TYPE)
def test_every_version_of_a_line_before_the_newest_is_brought_up_to_it(kind: type[Line]) -> None:
    assert set(kind.UPCASTS) == set(range(1, kind.VERSION))


def test_a_deadline_named_by_version_1_of_a_replanning_has_its_parts() -> None:
    change = {"deadline": "warning first_reply 50", "before": None, "after": "2026-11-02T12:00:00+00:00"}
    kept = {"because": "calendar", "policy_before": "a", "policy": "b", "changes": [change]}
    line = read_line("replanned", kept)
    assert isinstance(line, Replanned)
    (read,) = line.changes
    assert isinstance(read, MovedDeadline)
    assert (read.kind, read.metric, read.point, read.before) == ("warning", "first_reply", 50, None)
    assert read.deadline == "warning first_reply 50"


def test_a_line_of_a_version_to_come_is_said_as_far_as_it_is_known() -> None:
    unknown = [read_line("levitated", {"height": 3}), read_line("merged", {VERSION_KEY: 9, "where": "there"})]
    assert unknown == [UnknownLine(type="levitated"), UnknownLine(type="merged")]
    assert _said(unknown[0], "person")[0] == "Daan: levitated"
    assert unknown[0].shown(inside=False) == {}


def test_facts_of_a_known_version_that_make_no_sense_are_an_error() -> None:
    with pytest.raises(ValueError, match="into"):
        read_line("merged", {"where": "there"})
