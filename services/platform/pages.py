"""Cursors for paged lists: they say where the next page begins, and are opaque to callers."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Protocol, TypeVar
from uuid import UUID

from fastapi import Query

from services.contract.errors import Invalid
from services.contract.storable import storable
from services.platform.http import PAGE_DEFAULT, PAGE_MAX

CURSOR_CHARACTERS_MAX = 1000
Cursor = Annotated[str | None, Query(max_length=CURSOR_CHARACTERS_MAX, description="`next_cursor` of the last page.")]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="How many at the most.")]
DEFAULT_LIMIT = PAGE_DEFAULT

Item = TypeVar("Item")
Key = TypeVar("Key")


def read_cursor(cursor: str | None, parse: Callable[[list[str]], Key]) -> Key | None:
    """The key of the item after which the page begins; None for the first page. Raises Invalid for a bad cursor."""
    if cursor is None:
        return None
    try:
        parts = json.loads(urlsafe_b64decode(cursor.encode()))
        return parse([storable(str(part)) for part in parts])
    except (ValueError, TypeError, LookupError, OverflowError) as error:
        raise Invalid("This cursor is none of ours; begin again without one.") from error


def cut(items: Sequence[Item], limit: int, key: Callable[[Item], Sequence[object]]) -> tuple[list[Item], str | None]:
    """The page, and the cursor of the next page or None if this is the last one.

    `items` must have been read with a limit of `limit + 1`: the extra item shows that there are more.
    """
    page = list(items[:limit])
    if len(items) <= limit:
        return page, None
    last = json.dumps([str(part) for part in key(page[-1])])
    return page, urlsafe_b64encode(last.encode()).decode()


class Named(Protocol):
    """Something that is listed by name."""

    @property
    def id(self) -> UUID:
        """Tells apart what has the same name."""

    @property
    def name(self) -> str:
        """Its name; capitals make no difference to its place."""


def name_key(item: Named) -> tuple[str, UUID]:
    """The key of an item in a list by name, for `cut`."""
    return item.name.lower(), item.id


def by_name(parts: list[str]) -> tuple[str, UUID]:
    """The key of the item after which a page of a list by name begins, for `read_cursor`."""
    name, last = parts
    return name, UUID(last)
