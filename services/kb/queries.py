"""Queries for articles. Every list has a limit."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import NotFound
from services.contract.vocabulary import ArticleKind, Language
from services.kb.articles import Article, Translation, preference
from services.kb.tables import article, feedback, translation


@dataclass(frozen=True)
class Reading:
    """An article as its page shows it: in one language, with the languages it has and the readers' votes."""

    article: Article
    languages: tuple[Language, ...]
    helpful: int
    not_helpful: int


async def list_articles(
    connection: AsyncConnection,
    language: Language | None,
    kind: ArticleKind | None,
    after: int | None,
    limit: int,
) -> list[Article]:
    """Each article once, in the most preferred language it has, newest change first; only changes before `after`."""
    place = func.row_number().over(partition_by=translation.c.slug, order_by=_rank(language)).label("place")
    ranked = _texts().add_columns(place)
    if kind:
        ranked = ranked.where(article.c.kind == kind)
    best = ranked.subquery()
    query = select(best).where(best.c.place == 1).order_by(best.c.change.desc()).limit(limit)
    if after is not None:
        query = query.where(best.c.change < after)
    return [_article(row) for row in await connection.execute(query)]


async def read_article(connection: AsyncConnection, slug: str, language: Language | None) -> Reading:
    """The article in the most preferred language it has. Raises NotFound."""
    query = _texts().where(translation.c.slug == slug).order_by(_rank(language))
    texts = [_article(row) for row in await connection.execute(query)]
    if not texts:
        raise NotFound(f"There is no article '{slug}'.")
    helpful, not_helpful = await _opinions(connection, slug)
    return Reading(texts[0], tuple(sorted(each.text.language for each in texts)), helpful, not_helpful)


async def changed_since(connection: AsyncConnection, change: int, limit: int) -> list[Article]:
    """The texts whose change number is above `change`, in that order, at most `limit`."""
    query = _texts().where(translation.c.change > change).order_by(translation.c.change).limit(limit)
    return [_article(row) for row in await connection.execute(query)]


async def _opinions(connection: AsyncConnection, slug: str) -> tuple[int, int]:
    query = select(func.count().filter(feedback.c.helpful), func.count().filter(~feedback.c.helpful)).where(
        feedback.c.slug == slug
    )
    helpful, not_helpful = (await connection.execute(query)).one()
    return helpful, not_helpful


def _texts() -> Select[Any]:
    return select(translation, article.c.kind).join_from(translation, article, article.c.slug == translation.c.slug)


def _rank(language: Language | None) -> ColumnElement[int]:
    order = {each: place for place, each in enumerate(preference(language))}
    return case(order, value=translation.c.language)


def _article(row: Row[Any]) -> Article:
    text = Translation(Language(row.language), row.title, row.summary, row.markdown)
    return Article(row.slug, ArticleKind(row.kind), text, row.revision, row.change, row.updated_at)
