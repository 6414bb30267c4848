"""The cursor of the list of articles: where its next page begins, opaque to callers."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated

from fastapi import Query

from services.errors import Invalid
from services.http import PAGE_DEFAULT, PAGE_MAX
from services.kb.articles import Article

CURSOR_CHARACTERS_MAX = 100
CHANGE_MAX = 2**63 - 1
Cursor = Annotated[str | None, Query(max_length=CURSOR_CHARACTERS_MAX, description="`next_cursor` of the last page.")]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="How many at the most.")]
DEFAULT_LIMIT = PAGE_DEFAULT


def read_cursor(cursor: str | None) -> int | None:
    """The change the page begins after. Raises Invalid for a cursor we did not give."""
    if cursor is None:
        return None
    try:
        change = int(urlsafe_b64decode(cursor.encode()))
    except ValueError as error:
        raise Invalid("This cursor is none of ours; begin again without one.") from error
    if not 0 <= change <= CHANGE_MAX:
        raise Invalid("This cursor is none of ours; begin again without one.")
    return change


def cut(articles: list[Article], limit: int) -> tuple[list[Article], str | None]:
    """The page, and the cursor of the next one, of a list that was asked for one more than `limit`."""
    page = articles[:limit]
    if len(articles) <= limit:
        return page, None
    return page, urlsafe_b64encode(str(page[-1].change).encode()).decode()
