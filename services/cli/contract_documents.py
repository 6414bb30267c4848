"""The public contract, as documents generated from the code: OpenAPI of the APIs, AsyncAPI of the events."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.cli.contract_changes import breaking_api_changes, breaking_event_changes
from services.contract.errors import Permanent
from services.contract.events import EVENT_TYPES, EXCHANGE, Event

EVENTS_FILE = "events.asyncapi.json"
Document = dict[str, Any]


def documents(apis: Mapping[str, Document]) -> dict[str, Document]:
    """The documents by file name: one for each API in `apis` (service → its OpenAPI), and one for the events."""
    return {f"{service}.openapi.json": api for service, api in apis.items()} | {EVENTS_FILE: asyncapi()}


def write_documents(folder: Path, new: Mapping[str, Document], *, breaking: bool) -> None:
    """Writes the documents to `folder`. Raises Permanent if a change breaks their users, unless `breaking` is set."""
    if not breaking:
        _refuse(breaking_changes(folder, new))
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in new.items():
        (folder / name).write_text(_text(document))


def check_documents(folder: Path, new: Mapping[str, Document]) -> None:
    """Raises Permanent if the code breaks the contract in `folder`, or if the documents there are out of date."""
    _refuse(breaking_changes(folder, new))
    stale = [name for name, document in new.items() if _read(folder / name) != json.loads(_text(document))]
    if stale:
        raise Permanent(f"The code says more than {', '.join(stale)}: run `make contract` and commit what it wrote.")


def write_moves(moves: BaseModel, file: Path) -> None:
    """Writes what the pages know of the moves."""
    file.write_text(_text(_known(moves)))


def check_moves(moves: BaseModel, file: Path) -> None:
    """Raises Permanent if the file is not what intake's moves say."""
    if _read(file) != _known(moves):
        raise Permanent(f"Intake's moves say something else than {file.name}: run `make contract` and commit it.")


def _known(moves: BaseModel) -> Document:
    return moves.model_dump(mode="json", exclude_defaults=True)


def breaking_changes(folder: Path, new: Mapping[str, Document]) -> list[str]:
    """A sentence for each change against the documents in `folder` that breaks their users."""
    changes = []
    for file in sorted(folder.glob("*.json")):
        old, now = _read(file), new.get(file.name)
        if now is None:
            changes.append(f"{file.name}: is not offered any more")
            continue
        compare = breaking_event_changes if file.name == EVENTS_FILE else breaking_api_changes
        changes += [f"{file.name}: {change}" for change in compare(old, now)]
    return changes


def asyncapi() -> Document:
    """Every event as AsyncAPI 3: one topic exchange, a message per event type, whose name is its routing key."""
    models = [(model, "serialization") for model in (Event, *EVENT_TYPES.values())]
    _, generated = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]  # the tuples' literal is lost in the list
    schemas: Document = generated["$defs"]
    envelope = schemas.pop(Event.__name__)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Balie events",
            "version": "1",
            "description": "What Balie's services tell each other and anybody who listens: CloudEvents 1.0 in JSON. "
            "Delivered at least once, in no promised order; `id` is the same in every repeat. Fields and values of "
            "enumerations are only ever added.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {"events": _channel()},
        "operations": {
            "tell": {"action": "send", "channel": {"$ref": "#/channels/events"}, "summary": "Something has happened."}
        },
        "components": {
            "messages": {name: _message(name, envelope) for name in EVENT_TYPES},
            "schemas": schemas,
        },
    }


def _channel() -> Document:
    exchange = {"name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False}
    return {
        "address": EXCHANGE,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in EVENT_TYPES},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": "0.3.0"}},
    }


def _message(name: str, envelope: Document) -> Document:
    model = EVENT_TYPES[name]
    properties = envelope["properties"] | {
        "type": {"type": "string", "const": name},
        "data": {"$ref": f"#/components/schemas/{model.__name__}"},
    }
    return {
        "name": name,
        "title": model.__name__,
        "summary": (model.__doc__ or "").strip().partition("\n")[0],
        "payload": {**envelope, "title": f"{model.__name__} event", "properties": properties},
    }


def _refuse(changes: list[str]) -> None:
    if changes:
        raise Permanent("\n".join(["This breaks who builds on Balie:", *(f"- {change}" for change in changes)]))


def _read(file: Path) -> Document:
    try:
        found: Document = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    return found


def _text(document: Document) -> str:
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
