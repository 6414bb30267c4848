"""The kb API on a real database, called over HTTP as its callers do, and articles for tests."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import httpx
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.vocabulary import ArticleKind, Language, Role
from services.kb.app import build_api
from services.kb.articles import Article, Translation
from services.kb.catalogue import Catalogue
from services.kb.index import SearchIndex
from services.kb.library import Library
from services.kb.publishing import publish
from services.kb.shipped import read_all
from services.platform.database import transaction
from services.platform.identity import Caller, Signer
from tests.built_apps import built
from tests.moved_clock import MovedClock

SECRET = "a secret for tests that is long enough"
PUBLIC_URL = "https://support.example"


class Reader:
    """One caller's view of the API."""

    def __init__(self, client: httpx.AsyncClient, token: str | None = None) -> None:
        self._client, self.token = client, token

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send any request; returns the response."""
        headers = {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **options.pop("headers", {})}
        return await self._client.request(method, path, headers=headers, **options)

    async def get(self, path: str, **params: Any) -> Any:
        """The answer to a GET, which must succeed."""
        response = await self.ask("GET", path, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    async def finds(self, q: str, **params: Any) -> list[str]:
        """The slugs of the articles that a search finds, best first."""
        return [item["slug"] for item in (await self.get("/api/v1/articles", q=q, **params))["items"]]

    async def publishes(self, slug: str, **texts: dict[str, str]) -> Any:
        """Publish a new how-to, with one text per language: `publishes("printer", en=text("Printing"))`."""
        translations = [{"language": language, **text} for language, text in texts.items()]
        body = {"slug": slug, "kind": "how_to", "translations": translations}
        response = await self.ask("POST", "/api/v1/articles", json=body)
        assert response.status_code == 201, response.text
        return response.json()


def text(title: str, summary: str = "What it says.", markdown: str = "How it goes.") -> dict[str, str]:
    """An article's text as the API takes it."""
    return {"title": title, "summary": summary, "markdown": markdown}


def token_for(name: str, role: Role, clock: MovedClock) -> str:
    """A session token, as intake signs it."""
    caller = Caller(person_id=uuid5(UUID(int=0), name), role=role, name=name)
    return Signer(SECRET).token(caller, clock())


@asynccontextmanager
async def api_on(engine: AsyncEngine, catalogue: Catalogue, clock: MovedClock) -> AsyncIterator[Reader]:
    """The API, called by somebody who is not logged in."""
    library = Library(engine, catalogue, PUBLIC_URL, Signer(SECRET), clock)
    with built(build_api(library)) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://kb") as client:
            yield Reader(client)


async def save(engine: AsyncEngine, clock: MovedClock, slug: str, *texts: Translation) -> None:
    """Save an article directly in the tables, without the API."""
    async with transaction(engine) as connection:
        await publish(connection, slug, ArticleKind.HOW_TO, texts, public_url=PUBLIC_URL, now=clock())


def article(slug: str, title: str, *, language: Language = Language.ENGLISH, **more: Any) -> Article:
    """An article that is in no table."""
    said = Translation(language, title, more.get("summary", ""), more.get("markdown", ""))
    at = datetime(2026, 11, 2, 9, tzinfo=UTC)
    return Article(slug, more.get("kind", ArticleKind.HOW_TO), said, 1, more.get("change", 1), at)


def index_of(*articles: Article) -> SearchIndex:
    """An index with these articles."""
    index = SearchIndex()
    index.put(articles)
    return index


def help_centre() -> list[Article]:
    """The articles that ship, as they are just after loading."""
    return [
        article(
            shipped.slug,
            text.title,
            language=text.language,
            summary=text.summary,
            markdown=text.markdown,
            kind=shipped.kind,
        )
        for shipped in read_all()
        for text in shipped.translations
    ]


@contextmanager
def counted_statements(engine: AsyncEngine) -> Iterator[list[str]]:
    """The statements sent to the database inside the block."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
