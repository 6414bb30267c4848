"""What is written as JSON and read back for years, by whatever version of Balie runs then. Pure."""

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict

VERSION_KEY = "v"
"""The key under which the JSON says which version of the model wrote it; left out for version 1."""

Upcast = Callable[[dict[str, Any]], dict[str, Any]]
"""Makes the facts of the next version from those of one version."""


class Stored(BaseModel):
    """Base of all such models. Frozen, since what was written is not changed.

    A field may be added with a default. Any other change is a new `VERSION`, with an upcast from the one before, so
    that the code knows the newest shape only. How to make one: `docs/adding-a-move.md`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True)

    VERSION: ClassVar[int] = 1
    UPCASTS: ClassVar[Mapping[int, Upcast]] = {}
    """By the version they read; there is one for every version before `VERSION`."""

    def kept(self) -> dict[str, Any]:
        """The facts as JSON to write: those that were given, under the names they have there."""
        facts = self.facts()
        return facts if self.VERSION == 1 else {**facts, VERSION_KEY: self.VERSION}

    def facts(self) -> dict[str, Any]:
        """The facts without the version, JSON-ready, for people and programs that read them today."""
        given = {
            field.alias or name for name, field in type(self).model_fields.items() if name in self.model_fields_set
        }
        given |= set(type(self).model_computed_fields)
        return {name: value for name, value in self.model_dump(mode="json", by_alias=True).items() if name in given}

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Self:
        """What was written, in the newest shape. Raises pydantic.ValidationError for facts that make no sense."""
        facts = dict(kept)
        version = facts.pop(VERSION_KEY, 1)
        for older in range(version, cls.VERSION):
            facts = cls.UPCASTS[older](facts)
        return cls.model_validate(facts)

    @classmethod
    def read_text(cls, kept: str) -> Self:
        """Like `read`, from the JSON as text: five times as fast where no upcast is needed (used by `simulate`)."""
        return cls.model_validate_json(kept) if cls.VERSION == 1 else cls.read(json.loads(kept))
