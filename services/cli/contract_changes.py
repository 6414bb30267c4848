"""Finds the changes of an OpenAPI or AsyncAPI document that break its users. Pure.

Allowed is to add endpoints, optional input, output fields and values of an output. Not allowed is to remove one of
these or to change its type.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Any

Document = dict[str, Any]
Schema = dict[str, Any]

_METHODS = frozenset({"get", "put", "post", "delete", "patch"})


class Direction(Enum):
    """Who sends what a schema describes: its user (a request) or Balie (a response, an event)."""

    IN = "in"
    OUT = "out"


def breaking_api_changes(old: Document, new: Document) -> list[str]:
    """A phrase for each change of an OpenAPI document that breaks its users."""
    changes: list[str] = []
    for path, methods in old.get("paths", {}).items():
        for method in _METHODS & methods.keys():
            name = f"{method.upper()} {path}"
            operation = new.get("paths", {}).get(path, {}).get(method)
            if operation is None:
                changes.append(f"{name} is gone")
            else:
                changes += [
                    f"{name}: {change}" for change in _Comparison(old, new).operations(methods[method], operation)
                ]
    return changes


def breaking_event_changes(old: Document, new: Document) -> list[str]:
    """A phrase for each change of an AsyncAPI document that breaks its users."""
    changes: list[str] = []
    messages = new["components"]["messages"]
    for name, message in old["components"]["messages"].items():
        if name not in messages:
            changes.append(f"{name} is gone")
            continue
        found = _Comparison(old, new).schemas(message["payload"], messages[name]["payload"], Direction.OUT, "")
        changes += [f"{name}: {change}" for change in found]
    return changes


class _Comparison:
    """Compares two documents; resolves the references (`$ref`) in their schemas."""

    def __init__(self, old: Document, new: Document) -> None:
        self._old, self._new = old, new
        self._under_way: set[tuple[str, str]] = set()

    def operations(self, old: Document, new: Document) -> Iterator[str]:
        """The breaking changes in the parameters, request and responses of one endpoint."""
        yield from self._parameters(old, new)
        yield from self._contents(old.get("requestBody", {}), new.get("requestBody", {}), Direction.IN, "request")
        if new.get("requestBody", {}).get("required") and not old.get("requestBody", {}).get("required"):
            yield "a body is required now"
        for status, response in old.get("responses", {}).items():
            if status not in new.get("responses", {}):
                yield f"answer {status} is gone"
            else:
                yield from self._contents(response, new["responses"][status], Direction.OUT, f"answer {status}")

    def schemas(self, old: Schema, new: Schema, direction: Direction, where: str) -> Iterator[str]:
        """The breaking changes in a schema, at any depth; `where` names its place."""
        references = (old.get("$ref", ""), new.get("$ref", ""))
        if references[0] and references in self._under_way:
            return  # a schema that contains itself
        self._under_way.add(references)
        old, new = _resolved(self._old, old), _resolved(self._new, new)
        retyped = list(_retyped(_kinds(self._old, old), _kinds(self._new, new), direction, where))
        yield from retyped or self._parts(old, new, direction, where)
        self._under_way.discard(references)

    def _parts(self, old: Schema, new: Schema, direction: Direction, where: str) -> Iterator[str]:
        yield from _values(old, new, direction, where)
        yield from self._objects(old, new, direction, where)
        if "items" in old and "items" in new:
            yield from self.schemas(old["items"], new["items"], direction, f"{where}[]")
        yield from self._variants(old, new, direction, where)

    def _parameters(self, old: Document, new: Document) -> Iterator[str]:
        before = {(each["in"], each["name"]): each for each in old.get("parameters", [])}
        after = {(each["in"], each["name"]): each for each in new.get("parameters", [])}
        for key, parameter in after.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"{key[0]} parameter {key[1]} is required now"
        for key, parameter in before.items():
            if key not in after:
                yield f"{key[0]} parameter {key[1]} is gone"
            else:
                where = f"{key[0]} parameter {key[1]}"
                yield from self.schemas(parameter["schema"], after[key]["schema"], Direction.IN, where)

    def _contents(self, old: Document, new: Document, direction: Direction, where: str) -> Iterator[str]:
        for media, content in old.get("content", {}).items():
            if media not in new.get("content", {}):
                yield f"{where} is not {media} any more"
            else:
                yield from self.schemas(
                    content.get("schema", {}), new["content"][media].get("schema", {}), direction, where
                )

    def _objects(self, old: Schema, new: Schema, direction: Direction, where: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        required, required_now = set(old.get("required", [])), set(new.get("required", []))
        for name, schema in before.items():
            if name not in after:
                yield f"{where}.{name} is gone"
            else:
                yield from self.schemas(schema, after[name], direction, f"{where}.{name}")
        if direction is Direction.IN:
            yield from (f"{where}.{name} is required now" for name in sorted(required_now - required))
        else:
            yield from (
                f"{where}.{name} may be missing now" for name in sorted((required - required_now) & after.keys())
            )

    def _variants(self, old: Schema, new: Schema, direction: Direction, where: str) -> Iterator[str]:
        # Pair the variants by name or type; `_retyped` finds those that were added or removed.
        after = {_name(variant): variant for variant in new.get("anyOf", [])}
        for variant in old.get("anyOf", []):
            if (same := after.get(_name(variant))) is not None:
                yield from self.schemas(variant, same, direction, where)


def _kinds(document: Document, schema: Schema) -> set[str]:
    """The types that a schema allows, with their formats; empty if it allows anything."""
    if "anyOf" in schema:
        return {
            f"{kind} {each['const']!r}" if "const" in each else kind
            for each in schema["anyOf"]
            for kind in _kinds(document, _resolved(document, each))
        }
    types = schema.get("type", [])
    return {
        f"{kind} ({schema['format']})" if "format" in schema else kind
        for kind in ([types] if isinstance(types, str) else types)
    }


def _retyped(old: set[str], new: set[str], direction: Direction, where: str) -> Iterator[str]:
    # Balie must still accept every type that users send, and must not send users a type that it did not send before.
    sent, understood = (old, new) if direction is Direction.IN else (new, old)
    if understood and not (sent and sent <= understood):
        yield f"{where} was {_list(old)} and is {_list(new)}"


def _values(old: Schema, new: Schema, direction: Direction, where: str) -> Iterator[str]:
    before, after = _allowed(old), _allowed(new)
    if direction is Direction.IN and after is not None:
        gone = [value for value in before or [] if value not in after]
        if before is None or gone:
            yield f"{where} does not take {_list(map(str, gone)) if gone else 'every value'} any more"


def _allowed(schema: Schema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values


def _resolved(document: Document, schema: Schema) -> Schema:
    while "$ref" in schema:
        found: Any = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def _name(schema: Schema) -> str:
    return " ".join(str(schema.get(key)) for key in ("$ref", "type", "format", "const", "title"))


def _list(kinds: Any) -> str:
    return " or ".join(sorted(kinds)) or "anything"
