"""Publishes articles: saves their texts and the events about them, in the caller's transaction."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.events import ArticlePublished, Event, event_id
from services.contract.vocabulary import ArticleKind
from services.kb.articles import Article, Translation
from services.kb.store import add_article, kind_of, put_text, take_turn
from services.kb.tables import outbox
from services.messaging.outbox import append_events
from services.platform.telemetry import correlation_id

SOURCE = "/balie/kb"


async def publish(
    connection: AsyncConnection,
    slug: str,
    kind: ArticleKind,
    texts: Iterable[Translation],
    *,
    public_url: str,
    now: datetime,
    shipped: bool = False,
) -> None:
    """Save a new article with its texts. Raises Conflict if the slug is taken."""
    await take_turn(connection)
    await add_article(connection, slug, kind, now, shipped=shipped)
    written = [await put_text(connection, slug, kind, text, now) for text in texts]
    await _tell(connection, [article for article in written if article], public_url, now)


async def translate(
    connection: AsyncConnection, slug: str, text: Translation, *, public_url: str, now: datetime
) -> bool:
    """Add or replace an article's text in one language; False if it is the same already. Raises NotFound."""
    await take_turn(connection)
    written = await put_text(connection, slug, await kind_of(connection, slug), text, now)
    if written is None:
        return False
    await _tell(connection, [written], public_url, now)
    return True


async def _tell(connection: AsyncConnection, written: list[Article], public_url: str, now: datetime) -> None:
    await append_events(connection, outbox, [_published(article, public_url, now) for article in written])


def _published(article: Article, public_url: str, now: datetime) -> Event:
    # The id is made from the revision: two events about the same revision count as one.
    told_by = event_id(ArticlePublished.TYPE, article.slug, article.text.language, article.revision)
    data = ArticlePublished(kind=article.kind, article=article.link(public_url))
    return Event.of(data, id=told_by, source=SOURCE, time=now, correlation_id=correlation_id())
