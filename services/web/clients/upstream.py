"""Calls one of Balie's HTTP APIs, and turns its problem documents back into the errors they were made from."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx

from services.contract import errors
from services.contract.errors import BalieError, Permanent, Temporary
from services.contract.vocabulary import Language
from services.platform.http import REQUEST_ID
from services.platform.telemetry import correlation_id

FORWARDED_FOR = "X-Forwarded-For"
CALL_TIMEOUT = timedelta(seconds=10)
CONNECTIONS_MAX = 50
PAGE_ITEMS = 100
PAGES_MAX = 50
"""With `PAGE_ITEMS` each: `every` reads at most the first 5,000 of a list (products, teams, contracts, staff)."""


class Unreachable(Temporary):
    """The service behind the page does not answer, or gives an answer that cannot be read."""

    slug, title = "unreachable", "The service cannot be reached"


_BY_SLUG: dict[str, type[BalieError]] = {
    error.slug: error for error in vars(errors).values() if isinstance(error, type) and issubclass(error, BalieError)
}


def connect(url: str) -> httpx.AsyncClient:
    """A connection pool for the API at `url`."""
    limits = httpx.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX)
    # trust_env=False: calls between our own services must not go through the machine's outgoing proxy.
    return httpx.AsyncClient(
        base_url=url, timeout=CALL_TIMEOUT.total_seconds(), limits=limits, follow_redirects=False, trust_env=False
    )


class Upstream:
    """One API, called on behalf of one visitor; without a token, of a visitor who is not logged in."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        token: str | None = None,
        address: str | None = None,
        language: Language | None = None,
    ) -> None:
        """`address` is the visitor's: the API limits visitors who are not logged in by it, instead of by our address.

        The API writes its sentences in `language`.
        """
        self._http, self._token, self._address, self._language = http, token, address, language

    async def get(self, path: str, **params: object) -> httpx.Response:
        """GET; parameters that are None are left out. Raises as `send` does."""
        given = {name: str(value) for name, value in params.items() if value is not None}
        return await self.send("GET", path, params=given)

    async def every(self, path: str, **params: object) -> list[Any]:
        """All items of a list that comes in pages, up to `PAGES_MAX` pages. Raises as `send` does."""
        items: list[Any] = []
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            page = (await self.get(path, **params, limit=PAGE_ITEMS, cursor=cursor)).json()
            items += page["items"]
            if not (cursor := page.get("next_cursor")):
                break
        return items

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        **content: Any,
    ) -> httpx.Response:
        """Send a request. Raises the problem answered, as its class of `services.contract.errors`, or Unreachable."""
        request = self._http.build_request(
            method, path, params=params, headers={**self._headers(), **(headers or {})}, **content
        )
        return await self._answer(request, stream=False)

    async def stream(self, path: str) -> httpx.Response:
        """Like `get`, without reading the body: the caller reads it and closes the response."""
        return await self._answer(self._http.build_request("GET", path, headers=self._headers()), stream=True)

    async def _answer(self, request: httpx.Request, *, stream: bool) -> httpx.Response:
        try:
            response = await self._http.send(request, stream=stream)
            if response.is_success:
                return response
            await response.aread()
        except httpx.HTTPError as error:
            raise Unreachable(f"{request.method} {request.url.path} got no answer: {type(error).__name__}.") from error
        raise _problem(response)

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", REQUEST_ID: correlation_id()}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if self._address:
            headers[FORWARDED_FOR] = self._address
        if self._language:
            headers["Accept-Language"] = self._language
        return headers


def _problem(response: httpx.Response) -> BalieError:
    try:
        body = response.json()
        slug, detail = str(body["type"]).rsplit("/", 1)[-1], str(body["detail"])
    except (ValueError, KeyError, TypeError):
        return Unreachable(f"The answer {response.status_code} was no problem document.")
    facts = {name: value for name, value in body.items() if name not in {"type", "title", "status", "detail"}}
    unknown = Temporary if response.is_server_error else Permanent
    return _BY_SLUG.get(slug, unknown)(detail, **facts)
