"""What breaks those who build on Balie, and what does not."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from services.cli.contract_changes import breaking_api_changes, breaking_event_changes
from services.cli.contract_documents import EVENTS_FILE, asyncapi, check_documents, write_documents
from services.contract.errors import Permanent
from services.contract.events import EVENT_TYPES

API: dict[str, Any] = {
    "paths": {
        "/tickets": {
            "post": {
                "parameters": [{"in": "query", "name": "view", "required": False, "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/TicketIn"}}}},
                "responses": {
                    "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ticket"}}}}
                },
            }
        }
    },
    "components": {
        "schemas": {
            "TicketIn": {
                "type": "object",
                "properties": {
                    "subject": {"type": "string"},
                    "priority": {"type": "string", "enum": ["high", "low"]},
                    "number": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                },
                "required": ["subject"],
            },
            "Ticket": {
                "type": "object",
                "properties": {
                    "number": {"type": "integer"},
                    "opened_at": {"type": "string", "format": "date-time"},
                    "status": {"type": "string", "enum": ["new", "open"]},
                    "follow_ups": {"type": "array", "items": {"$ref": "#/components/schemas/Ticket"}},
                },
                "required": ["number", "status"],
            },
        }
    },
}
POST = "POST /tickets"
ANSWER = f"{POST}: answer 201"


def changed(path: str, value: Any) -> dict[str, Any]:
    """The API with what lies at `path` set to `value`, or taken away where that is None."""
    new = deepcopy(API)
    *above, last = path.split(">")
    place: Any = new
    for part in above:
        place = place[int(part) if part.isdigit() and isinstance(place, list) else part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return new


_IN, _OUT = "components>schemas>TicketIn", "components>schemas>Ticket"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("paths>/tickets", None, f"{POST} is gone"),
        ("paths>/tickets>post", None, f"{POST} is gone"),
        ("paths>/tickets>post>responses>201", None, f"{POST}: answer 201 is gone"),
        ("paths>/tickets>post>parameters", [], f"{POST}: query parameter view is gone"),
        ("paths>/tickets>post>parameters>0>required", True, f"{POST}: query parameter view is required now"),
        ("paths>/tickets>post>requestBody>required", True, f"{POST}: a body is required now"),
        (f"{_IN}>properties>subject", None, f"{POST}: request.subject is gone"),
        (f"{_IN}>properties>subject>type", "integer", f"{POST}: request.subject was string and is integer"),
        (f"{_IN}>properties>priority>enum", ["high"], f"{POST}: request.priority does not take low any more"),
        (f"{_IN}>properties>number", {"type": "integer"}, f"{POST}: request.number was integer or null and is integer"),
        (f"{_IN}>required", ["subject", "number"], f"{POST}: request.number is required now"),
        (f"{_OUT}>properties>number", None, f"{ANSWER}.number is gone"),
        (f"{_OUT}>properties>number>type", ["integer", "null"], f"{ANSWER}.number was integer and is integer or null"),
        (
            f"{_OUT}>properties>opened_at>format",
            "date",
            f"{ANSWER}.opened_at was string (date-time) and is string (date)",
        ),
        (
            f"{_OUT}>properties>follow_ups>items",
            {"type": "integer"},
            f"{ANSWER}.follow_ups[] was object and is integer",
        ),
        (f"{_OUT}>required", ["status"], f"{ANSWER}.number may be missing now"),
    ],
)
def test_taking_away_or_retyping_breaks(path: str, value: Any, said: str) -> None:
    assert breaking_api_changes(API, changed(path, value)) == [said]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("paths>/people", {"get": {"responses": {}}}),
        ("paths>/tickets>get", {"responses": {}}),
        ("paths>/tickets>post>responses>409", {}),
        (f"{_IN}>properties>text", {"type": "string"}),
        (f"{_IN}>properties>priority>enum", ["high", "medium", "low"]),
        (f"{_IN}>properties>subject", {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        (f"{_IN}>required", []),
        (f"{_OUT}>properties>closed_at", {"type": "string"}),
        (f"{_OUT}>properties>status>enum", ["new", "open", "closed"]),
        (f"{_OUT}>required", ["number", "status", "opened_at"]),
    ],
)
def test_adding_breaks_nobody(path: str, value: Any) -> None:
    assert breaking_api_changes(API, changed(path, value)) == []


def test_a_document_does_not_break_itself() -> None:
    values = {"anyOf": [{"type": "string", "const": "me"}, {"type": "string", "format": "uuid"}]}
    api = changed("paths>/tickets>post>parameters>0>schema", values)
    assert breaking_api_changes(api, api) == []


def test_an_event_that_is_gone_and_a_field_that_is_gone_break() -> None:
    old, new = asyncapi(), asyncapi()
    del new["components"]["messages"]["ticket.rated.v1"]
    del new["components"]["schemas"]["TicketAssigned"]["properties"]["ticket"]
    assert breaking_event_changes(old, new) == ["ticket.assigned.v1: .data.ticket is gone", "ticket.rated.v1 is gone"]


def test_every_event_is_documented_with_its_own_type_and_data() -> None:
    messages = asyncapi()["components"]["messages"]
    assert {name: message["payload"]["properties"]["type"]["const"] for name, message in messages.items()} == {
        name: name for name in EVENT_TYPES
    }


def test_a_breaking_document_is_not_written_unless_that_is_meant(tmp_path: Path) -> None:
    whole, poorer = {EVENTS_FILE: asyncapi()}, {EVENTS_FILE: asyncapi()}
    del poorer[EVENTS_FILE]["components"]["messages"]["ticket.rated.v1"]
    write_documents(tmp_path, whole, breaking=False)
    check_documents(tmp_path, whole)

    with pytest.raises(Permanent, match=r"ticket\.rated\.v1 is gone"):
        write_documents(tmp_path, poorer, breaking=False)
    with pytest.raises(Permanent, match=r"ticket\.rated\.v1 is gone"):
        check_documents(tmp_path, poorer)
    write_documents(tmp_path, poorer, breaking=True)
    with pytest.raises(Permanent, match="run `make contract`"):
        check_documents(tmp_path, whole)
