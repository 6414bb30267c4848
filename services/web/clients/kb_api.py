"""A client for the knowledge base's HTTP API: one method for each call that the web makes."""

from urllib.parse import quote

import httpx

from services.contract.events import ArticleLink
from services.contract.vocabulary import ArticleKind, Language
from services.web.clients.records import Article, ArticleSummary, Page
from services.web.clients.upstream import Upstream

SEARCH_RESULTS = 20
SUGGESTIONS = 3


class KbApi:
    """All methods raise the problem that the knowledge base answers, as its class of `services.contract.errors`."""

    def __init__(self, http: httpx.AsyncClient, token: str | None, address: str | None = None) -> None:
        self._api = Upstream(http, token, address)

    async def articles(
        self,
        language: Language,
        q: str = "",
        kind: ArticleKind | None = None,
        cursor: str | None = None,
        limit: int = SEARCH_RESULTS,
    ) -> Page[ArticleSummary]:
        """The articles that answer `q`, best first; all articles if `q` is empty."""
        wish = {"q": q or None, "language": language, "kind": kind, "cursor": cursor or None, "limit": limit}
        return Page[ArticleSummary].model_validate((await self._api.get("/api/v1/articles", **wish)).json())

    async def article(self, slug: str, language: Language) -> Article:
        """The article in this language, or else in one it has. Raises NotFound."""
        return Article.model_validate((await self._api.get(_path(slug), language=language)).json())

    async def suggest(self, subject: str, language: Language) -> tuple[ArticleLink, ...]:
        """The articles that may already answer a ticket with this subject, best first."""
        answer = await self._api.get("/api/v1/suggest", subject=subject, language=language, limit=SUGGESTIONS)
        return Page[ArticleLink].model_validate(answer.json()).items

    async def feedback(self, key: str, slug: str, language: Language, *, helpful: bool, comment: str = "") -> None:
        """Say whether the article helped, in the language it was read in. Repeats under the same key count once."""
        facts = {"helpful": helpful, "language": language} | ({"comment": comment} if comment else {})
        await self._api.send("POST", f"{_path(slug)}/feedback", headers={"Idempotency-Key": key}, json=facts)


def _path(slug: str) -> str:
    # The slug comes from the visitor's address bar: it must not add a query or make the URL invalid.
    return f"/api/v1/articles/{quote(slug, safe='')}"
