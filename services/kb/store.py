"""Saves articles and readers' opinions, in the caller's transaction."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Conflict, NotFound
from services.contract.vocabulary import ArticleKind, Language
from services.kb.articles import Article, Translation
from services.kb.tables import article, change, feedback, translation


async def take_turn(connection: AsyncConnection) -> None:
    """Wait until no other transaction writes articles, and keep others waiting until this one ends.

    The index reads changes in the order of their numbers: if a lower number were committed after a higher one, the
    index would miss it.
    """
    await connection.execute(text("select pg_advisory_xact_lock(hashtext('kb.articles'))"))


async def add_article(
    connection: AsyncConnection, slug: str, kind: ArticleKind, now: datetime, *, shipped: bool = False
) -> None:
    """Add an article, without texts. Raises Conflict if the slug is taken."""
    new = insert(article).values(slug=slug, kind=kind, shipped=shipped, created_at=now).on_conflict_do_nothing()
    if (await connection.execute(new.returning(article.c.slug))).first() is None:
        raise Conflict(f"There is an article '{slug}' already; choose another slug, or change its translations.")


async def kind_of(connection: AsyncConnection, slug: str) -> ArticleKind:
    """The article's kind. Raises NotFound."""
    query = select(article.c.kind).where(article.c.slug == slug)
    kind = (await connection.execute(query)).scalar_one_or_none()
    if kind is None:
        raise NotFound(f"There is no article '{slug}'.")
    return ArticleKind(kind)


async def put_text(
    connection: AsyncConnection, slug: str, kind: ArticleKind, text: Translation, now: datetime
) -> Article | None:
    """Add or replace the article's text in one language; None if it is the same already.

    The caller must have called `take_turn`.
    """
    fresh = {"title": text.title, "summary": text.summary, "markdown": text.markdown}
    here = (translation.c.slug == slug, translation.c.language == text.language)
    row = (await connection.execute(select(translation).where(*here))).first()
    if row and {name: row._mapping[name] for name in fresh} == fresh:
        return None
    revision = row.revision + 1 if row else 1
    values = {**fresh, "revision": revision, "change": change.next_value(), "updated_at": now}
    write = (
        update(translation).where(*here).values(values)
        if row
        else insert(translation).values(slug=slug, language=text.language, **values)
    )
    number = (await connection.execute(write.returning(translation.c.change))).scalar_one()
    return Article(slug, kind, text, revision, number, now)


async def remember_shipped(connection: AsyncConnection, slug: str, texts: Iterable[Translation]) -> None:
    """Save the digests of these shipped texts: a text that no longer has its digest was edited by hand."""
    for each in texts:
        here = (translation.c.slug == slug, translation.c.language == each.language)
        await connection.execute(update(translation).where(*here).values(shipped_digest=each.digest()))


async def add_opinion(
    connection: AsyncConnection,
    slug: str,
    language: Language,
    *,
    helpful: bool,
    comment: str,
    person_id: UUID | None,
    now: datetime,
) -> None:
    """Save a reader's opinion; a known person's newest opinion replaces an earlier one."""
    given = {"language": language, "helpful": helpful, "comment": comment, "given_at": now}
    keep = insert(feedback).values(slug=slug, person_id=person_id, **given)
    same = [feedback.c.slug, feedback.c.person_id]
    await connection.execute(keep.on_conflict_do_update(index_elements=same, set_=given))
