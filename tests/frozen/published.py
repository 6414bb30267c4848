"""The events that intake publishes about every lived ticket, as they arrive."""

import json
from collections.abc import Iterator

from services.contract.event_data import TicketEventData
from services.contract.events import EVENT_TYPES, Event
from services.intake.tickets.store import ticket_events
from tests.frozen.lived import Lived, lived


def published(one: Lived) -> Iterator[tuple[Event, TicketEventData]]:
    """The events about this ticket, in order, each with its data."""
    for at, decision in one.decisions:
        for event in ticket_events(decision.events, decision.ticket, at):
            arrived = Event.model_validate_json(event.model_dump_json())
            data = arrived.read(EVENT_TYPES[arrived.type])
            assert isinstance(data, TicketEventData)
            yield arrived, data


def events() -> str:
    """All events, one per line. Raises AssertionError if a type of event about tickets never occurs."""
    told = [event for one in lived() for event, _ in published(one)]
    missing = {name for name, model in EVENT_TYPES.items() if issubclass(model, TicketEventData)}
    missing -= {event.type for event in told}
    assert not missing, missing
    return "".join(f"{_line(event)}\n" for event in told)


def _line(event: Event) -> str:
    shown = event.model_dump(mode="json")
    about = shown["data"]
    for facts in (about, about.get("comment")):
        if isinstance(facts, dict):
            facts.pop("comment_id", None)  # the tests' messages have random ones
    return json.dumps(shown, ensure_ascii=False, sort_keys=True)
