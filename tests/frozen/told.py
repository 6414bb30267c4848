"""The history of every lived ticket in sentences, as intake's API shows it to support and to the requester's side."""

import json
from collections.abc import Iterator
from typing import Any

from services.contract.vocabulary import Language
from services.intake.history.teller import Teller
from services.intake.rules.registry import read_line
from services.intake.rules.ticket import Entry
from tests.frozen.lived import Happened, Lived, lived


def sentences() -> str:
    """The sentences of all lives, one after the other."""
    return "".join(f"{line}\n" for one in lived() for line in _of_life(one))


def _of_life(one: Lived) -> Iterator[str]:
    ticket = one.ticket
    yield f"# {ticket.number}, {ticket.priority}, under {ticket.policy.version}, in {ticket.policy.calendar.zone}"
    for each in one.happened:
        yield from _of_act(each, ticket.policy.calendar.zone)
    closed = f" ({ticket.closed_reason})" if ticket.closed_reason else ""
    yield f"= {ticket.status}{closed}, version {ticket.version}"
    yield from (f"= {due.model_dump_json()}" for due in ticket.deadlines)
    yield ""


def _of_act(each: Happened, zone: str) -> Iterator[str]:
    if each.decision is None:
        yield f"{each.at.isoformat()} refused: {each.refusal}"
        return
    for entry in each.decision.history:
        side = "public" if entry.public else "internal"
        yield f"{each.at.isoformat()} {side} {entry.type} by {entry.by.kind} {entry.by.name}"
        if entry.message is None:
            yield from _told(entry, zone)


def _told(entry: Entry, zone: str) -> Iterator[str]:
    line = read_line(entry.type, json.loads(json.dumps(entry.line.kept())))  # as it comes back from the database
    for inside in (True, False) if entry.public else (True,):
        side = "support" if inside else "requester"
        yield f"  {side}: {_as_json(line.shown(inside=inside))}"
        for language in Language:
            told = line.told(Teller(language, zone, inside=inside), entry.by)
            yield f"  {side} {language}: {told.sentence}"
            if told.evidence:
                yield f"  {side} {language}, evidence: {told.evidence}"


def _as_json(facts: dict[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False, sort_keys=True)
