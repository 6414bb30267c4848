"""The cursor of the list of articles: where its next page begins, opaque to callers."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Annotated

from fastapi import Query

from services.errors import Invalid
from services.http import PAGE_DEFAULT, PAGE_MAX
from services.kb.articles import Article

CURSOR_CHARACTERS_MAX = 500
Cursor = Annotated[str | None, Query(max_length=CURSOR_CHARACTERS_MAX, description="`next_cursor` of the last page.")]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="How many at the most.")]
DEFAULT_LIMIT = PAGE_DEFAULT


def read_cursor(cursor: str | None) -> tuple[datetime, str] | None:
    """The (updated_at, slug) the page begins after. Raises Invalid for a cursor we did not give."""
    if cursor is None:
        return None
    try:
        updated_at, slug = json.loads(urlsafe_b64decode(cursor.encode()))
        at = datetime.fromisoformat(updated_at)
        if at.tzinfo is None or not isinstance(slug, str) or "\x00" in slug or not slug.isascii():
            raise ValueError(cursor)
    except (ValueError, TypeError, OverflowError) as error:
        raise Invalid("This cursor is none of ours; begin again without one.") from error
    return at, slug


def cut(articles: list[Article], limit: int) -> tuple[list[Article], str | None]:
    """The page, and the cursor of the next one, of a list that was asked for one more than `limit`."""
    page = articles[:limit]
    if len(articles) <= limit:
        return page, None
    last = json.dumps([page[-1].updated_at.isoformat(), page[-1].slug])
    return page, urlsafe_b64encode(last.encode()).decode()
