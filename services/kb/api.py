"""The routes of the HTTP API. Everybody may read and rate articles; support staff may write them."""

import re
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import NotFound
from services.contract.limits import QUESTION_CHARACTERS_MAX
from services.contract.vocabulary import ArticleKind, Language, Role
from services.kb import finding
from services.kb.articles import SLUG_PATTERN
from services.kb.index import Hit
from services.kb.library import Library, TheLibrary
from services.kb.publishing import publish, translate
from services.kb.queries import list_articles, read_article
from services.kb.question import asked
from services.kb.rendering import to_words
from services.kb.resources import (
    ArticleIn,
    ArticleOut,
    ArticlePage,
    ArticleSummary,
    OpinionIn,
    SuggestedArticle,
    Suggestions,
    TextIn,
)
from services.kb.snippet import snippet
from services.kb.store import add_opinion
from services.kb.tables import idempotency_key
from services.platform.database import transaction
from services.platform.http import AnyCaller, StaffCaller
from services.platform.idempotency import IdempotencyKey, JsonAnswer, Unit, once
from services.platform.identity import Caller
from services.platform.pages import DEFAULT_LIMIT, Cursor, Limit, cut, read_cursor

SUGGESTIONS_MAX = 10
SUGGESTIONS_DEFAULT = 3
NOBODY = Caller(person_id=None, role=Role.REQUESTER, name="(nobody logged in)")
"""The caller under whom visitors' idempotency keys are kept. All visitors share one space, so keys must be unique."""

CHANGE_MAX = 2**63 - 1
router = APIRouter(prefix="/api/v1", tags=["articles"])


def _slug(slug: Annotated[str, Path(examples=["logging-in"])]) -> str:
    # Do not ask the database for a text that cannot be a slug: some of them would make the query fail.
    if not re.fullmatch(SLUG_PATTERN, slug):
        raise NotFound("There is no such article.")
    return slug


SlugInPath = Annotated[str, Depends(_slug)]


async def _as_named(_connection: AsyncConnection, caller: Caller) -> Caller:
    # The people are intake's: here a caller is who the token says they are.
    return caller


async def _writing(
    library: TheLibrary, caller: StaffCaller, request: Request, key: IdempotencyKey = None
) -> AsyncIterator[Unit[Caller]]:
    async with once(library.engine, idempotency_key, caller, key, request, _as_named) as unit:
        yield unit
    library.catalogue.wake()


def _count_opinion(library: TheLibrary, slug: SlugInPath, caller: AnyCaller, request: Request) -> None:
    address = request.client.host if request.client else ""
    who = caller.person_id if caller else None
    library.opinions.count(f"{who or address}/{slug}", library.now().timestamp())


async def _voting(
    library: TheLibrary,
    caller: AnyCaller,
    _counted: Annotated[None, Depends(_count_opinion)],
    request: Request,
    key: IdempotencyKey = None,
) -> AsyncIterator[Unit[Caller]]:
    async with once(library.engine, idempotency_key, caller or NOBODY, key, request, _as_named) as unit:
        yield unit


# Without this scope FastAPI would commit after it has sent the response.
Writing = Annotated[Unit[Caller], Depends(_writing, scope="function")]
Voting = Annotated[Unit[Caller], Depends(_voting, scope="function")]
Preferred = Annotated[Language | None, Query(description="Preferred; each item says which language it is in.")]


@router.get("/articles", summary="Search or list articles")
async def search_articles(
    library: TheLibrary,
    q: Annotated[
        str, Query(max_length=QUESTION_CHARACTERS_MAX, description="Words; all articles without.", examples=["passwrd"])
    ] = "",
    language: Preferred = None,
    kind: ArticleKind | None = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> ArticlePage:
    """Public. With `q` the best answers, forgiving typing mistakes; without it all articles, newest text first.

    A search looks in `language`, and where nothing is found in the other languages too.
    """
    if q.strip():
        hits = finding.search(library.catalogue.index, q, language, kind=kind, limit=limit)
        return ArticlePage(items=[_found(library, hit, q) for hit in hits], next_cursor=None)
    async with library.engine.connect() as connection:
        listed = await list_articles(connection, language, kind, read_cursor(cursor, _change), limit + 1)
    page, next_cursor = cut(listed, limit, lambda article: (article.change,))
    return ArticlePage(items=[ArticleSummary.of(each, library.public_url) for each in page], next_cursor=next_cursor)


@router.get("/suggest", summary="Suggest articles for a subject")
async def suggest_articles(
    library: TheLibrary,
    subject: Annotated[str, Query(max_length=QUESTION_CHARACTERS_MAX, examples=["I forgot my passw"])],
    language: Language = Language.ENGLISH,
    limit: Annotated[int, Query(ge=1, le=SUGGESTIONS_MAX)] = SUGGESTIONS_DEFAULT,
) -> Suggestions:
    """Public. Made to be asked while somebody types: the last word may be unfinished. Often suggests nothing."""
    hits = finding.suggest(library.catalogue.index, subject, language, limit)
    return Suggestions(items=[_suggested(library, hit) for hit in hits])


@router.get("/articles/{slug}", summary="Read an article")
async def read(library: TheLibrary, slug: SlugInPath, language: Preferred = None) -> ArticleOut:
    """Public. In the language asked for, else in one it has."""
    async with library.engine.connect() as connection:
        return await _article(connection, library, slug, language)


@router.post("/articles", status_code=201, summary="Publish an article", response_model=ArticleOut)
async def create_article(library: TheLibrary, wanted: ArticleIn, work: Writing) -> Response:
    """Support staff and services. It can be read at once, and others are told by `article.published.v1`."""
    texts = [each.text(each.language) for each in wanted.translations]
    await publish(work.connection, wanted.slug, wanted.kind, texts, public_url=library.public_url, now=library.now())
    article = await _article(work.connection, library, wanted.slug, texts[0].language)
    headers = {"Location": f"/api/v1/articles/{wanted.slug}"}
    return await work.answer(JsonAnswer(201, article.model_dump(mode="json"), headers))


@router.put("/articles/{slug}/translations/{language}", summary="Write an article's text in one language")
async def write_translation(
    library: TheLibrary,
    slug: SlugInPath,
    language: Language,
    wanted: TextIn,
    caller: StaffCaller,  # noqa: ARG001 - declared so that only staff may call
) -> ArticleOut:
    """Support staff and services. Adds the translation or replaces its text; the same text again changes nothing."""
    async with transaction(library.engine) as connection:
        await translate(connection, slug, wanted.text(language), public_url=library.public_url, now=library.now())
        article = await _article(connection, library, slug, language)
    library.catalogue.wake()
    return article


@router.post("/articles/{slug}/feedback", status_code=204, summary="Say whether an article helped")
async def give_feedback(library: TheLibrary, slug: SlugInPath, opinion: OpinionIn, work: Voting) -> Response:
    """Public, twenty times a minute per address and article. A logged-in person's newest opinion replaces the last."""
    read = await read_article(work.connection, slug, opinion.language)
    await add_opinion(
        work.connection,
        slug,
        read.article.text.language,
        helpful=opinion.helpful,
        comment=opinion.comment or "",
        person_id=work.admitted.person_id,
        now=library.now(),
    )
    return await work.answer(JsonAnswer(204, {}))


async def _article(connection: AsyncConnection, library: Library, slug: str, language: Language | None) -> ArticleOut:
    return ArticleOut.of(await read_article(connection, slug, language), library.public_url)


def _found(library: Library, hit: Hit, q: str) -> ArticleSummary:
    text = hit.article.text
    shown = snippet(to_words(text.markdown), asked(q, text.language, typing=True), text.language)
    return ArticleSummary.of(hit.article, library.public_url, shown)


def _suggested(library: Library, hit: Hit) -> SuggestedArticle:
    return SuggestedArticle(**hit.article.link(library.public_url).model_dump(), score=round(hit.score, 3))


def _change(parts: list[str]) -> int:
    change = int(parts[0])
    if not 0 <= change <= CHANGE_MAX:
        raise ValueError("no change of ours")
    return change
