"""The public half of intake's moves, from which `services/contract/moves.json` is written, for the pages."""

from typing import Any

from services.contract.moves import MoveField, PublicMany, PublicMove, PublicMoves, Shown
from services.intake.rules.body import Input
from services.intake.rules.move import Move, State
from services.intake.rules.registry import MOVES

NULL = {"type": "null"}


def public_moves() -> PublicMoves:
    """Every move that people are offered, in the order in which to offer them."""
    return PublicMoves(moves=tuple(_public(move) for move in MOVES.values() if not move.inward))


def _public(move: Move) -> PublicMove:
    return PublicMove(
        name=move.name,
        staff=_states(move.staff),
        requester=_states(move.requester),
        directors=move.directors,
        colleagues=move.colleagues,
        shown=move.shown if move.staff else Shown.NOT,
        shown_requester=(move.shown_requester or move.shown) if move.requester else Shown.NOT,
        key=move.key,
        by_link=move.by_link,
        many=tuple(PublicMany(name=many.name, fields=_fields(many.body)) for many in move.many if many.body),
        fields=_fields(move.body) if move.body else (),
    )


def _states(states: frozenset[State]) -> tuple[str, ...]:
    return tuple(sorted(f"{status}:{reason}" if reason else status.value for status, reason in states))


def _fields(body: type[Input]) -> tuple[MoveField, ...]:
    schema = body.model_json_schema()
    required, definitions = schema.get("required", []), schema.get("$defs", {})
    return tuple(
        _field(name, each, definitions, required=name in required) for name, each in schema["properties"].items()
    )


def _field(name: str, schema: dict[str, Any], definitions: dict[str, Any], *, required: bool) -> MoveField:
    # A field that may be null is "this or null"; an enumeration is defined apart.
    said = next((each for each in schema.get("anyOf", ()) if each != NULL), schema)
    if reference := said.get("$ref"):
        said = definitions[reference.rsplit("/", 1)[-1]]
    return MoveField(
        name=name,
        type=said["type"],
        required=required,
        format=said.get("format", ""),
        least=said.get("minLength", 0),
        most=said.get("maxLength", said.get("maxItems")),
        choices=tuple(said.get("enum", ())),
    )
