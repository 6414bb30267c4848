"""The knowledge base's HTTP API as the web uses it."""

from urllib.parse import quote

import httpx

from services.contract.events import ArticleLink
from services.contract.vocabulary import ArticleKind, Language
from services.web.clients.records import Article, ArticleSummary, Page
from services.web.clients.upstream import Upstream

SEARCH_RESULTS = 20
SUGGESTIONS = 3


class KbApi:
    """Every method raises the problem the knowledge base answers, as its class of `services.contract.errors`."""

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
        return Article.model_validate((await self._api.get(_path(slug), language=language)).json())

    async def suggest(self, subject: str, language: Language) -> tuple[ArticleLink, ...]:
        """The articles that may already answer a ticket with this subject, best first."""
        answer = await self._api.get("/api/v1/suggest", subject=subject, language=language, limit=SUGGESTIONS)
        return Page[ArticleLink].model_validate(answer.json()).items

    async def feedback(self, key: str, slug: str, language: Language, *, helpful: bool, comment: str = "") -> None:
        """Say whether the article helped, as read in this language; once however often it is said under this key."""
        facts = {"helpful": helpful, "language": language} | ({"comment": comment} if comment else {})
        await self._api.send("POST", f"{_path(slug)}/feedback", headers={"Idempotency-Key": key}, json=facts)


def _path(slug: str) -> str:
    # A slug is what somebody typed into the address: it must not become a query, or a URL that is none.
    return f"/api/v1/articles/{quote(slug, safe='')}"
