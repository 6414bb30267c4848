"""The knowledge base's HTTP API as the web uses it."""

import httpx

from services.events import ArticleLink
from services.vocabulary import ArticleKind, Language
from services.web.records import Article, ArticleSummary, Page
from services.web.upstream import Upstream

SEARCH_RESULTS = 20
SUGGESTIONS = 3


class KbApi:
    """Every method raises the problem the knowledge base answers, as its class of `services.errors`."""

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
        """What answers `q` best, or everything where it is empty."""
        wish = {"q": q or None, "language": language, "kind": kind, "cursor": cursor or None, "limit": limit}
        return Page[ArticleSummary].model_validate((await self._api.get("/api/v1/articles", **wish)).json())

    async def article(self, slug: str, language: Language) -> Article:
        """In the language, or in the one it has. Raises NotFound."""
        return Article.model_validate((await self._api.get(f"/api/v1/articles/{slug}", language=language)).json())

    async def suggest(self, subject: str, language: Language) -> tuple[ArticleLink, ...]:
        """The articles that may already answer a ticket with this subject, best first."""
        answer = await self._api.get("/api/v1/suggest", subject=subject, language=language, limit=SUGGESTIONS)
        return Page[ArticleLink].model_validate(answer.json()).items

    async def feedback(self, slug: str, helpful: bool, comment: str = "") -> None:
        """Say whether the article helped."""
        facts = {"helpful": helpful} | ({"comment": comment} if comment else {})
        await self._api.send("POST", f"/api/v1/articles/{slug}/feedback", json=facts)
