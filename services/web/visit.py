"""One request of one visitor: who they are, the APIs called on their behalf, and how they are answered."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

import httpx
from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.contract.errors import NotAuthenticated, Temporary
from services.contract.languages import accepted
from services.contract.moves import shortcuts
from services.contract.vocabulary import Language
from services.contract.zones import zone_read_in
from services.platform.clock import Clock
from services.platform.identity import Caller, Signer
from services.web.clients.desk_api import DeskApi
from services.web.clients.intake_api import IntakeApi
from services.web.clients.kb_api import KbApi
from services.web.clients.upstream import Upstream
from services.web.guard import inside
from services.web.rendering import Rendering
from services.web.words import Catalogue, Said

SESSION_COOKIE = "balie_session"
LANGUAGE_COOKIE = "balie_language"
THEME_COOKIE = "balie_theme"
TOLD_COOKIE = "balie_told"
THEMES = ("auto", "light", "dark")
PREFERENCE_SECONDS = 365 * 24 * 3600
TOLD_SECONDS = 60
ZONE_SECONDS = 2
"""How long a page waits to hear its visitor's time zone: less than a person waits for a page that needs no intake."""


@dataclass(frozen=True)
class Surroundings:
    """The parts that every request needs; made once per process."""

    intake: httpx.AsyncClient
    kb: httpx.AsyncClient
    signer: Signer
    clock: Clock
    catalogues: Mapping[Language, Catalogue]
    rendering: Rendering
    desk_zone: str
    """The time zone of visitors who have chosen none of their own, or are not known."""
    secure: bool
    """Whether cookies are sent over HTTPS only."""
    has_mailbox: bool


@dataclass(frozen=True)
class Visit:
    """A request, and how to answer it. `caller` is None for a visitor who is not logged in."""

    request: Request
    around: Surroundings
    caller: Caller | None
    intake: IntakeApi
    desk: DeskApi
    kb: KbApi
    t: Said
    theme: str

    @property
    def language(self) -> Language:
        """The language of the pages for this visitor."""
        return self.t.language

    def in_zone(self, chosen: str | None) -> "Visit":
        """The visit, read in the time zone chosen; None for the desk's."""
        return replace(self, t=replace(self.t, zone=zone_read_in(chosen, self.around.desk_zone)))

    def as_mailed(self, zone: str | None) -> "Visit":
        """The visit read in the time zone of the mail whose link led here; in the visitor's own if they are known."""
        return self if self.caller else self.in_zone(zone)

    @property
    def here(self) -> str:
        """The path and query of this request, for coming back to it."""
        url = self.request.url
        return f"{url.path}?{url.query}" if url.query else url.path

    @property
    def by_htmx(self) -> bool:
        """Whether htmx asks, so that only part of the page is wanted."""
        headers = self.request.headers
        return "HX-Request" in headers and "HX-History-Restore-Request" not in headers

    def page(self, template: str, *, status: int = 200, also: tuple[str, ...] = (), **facts: Any) -> HTMLResponse:
        """The whole page; for htmx the block that it targets, with the blocks in `also` as out-of-band swaps."""
        told, _, told_key = self.request.cookies.get(TOLD_COOKIE, "").partition(".")
        known = {
            "visit": self,
            "themes": THEMES,
            "shortcuts": shortcuts(),
            "t": self.t,
            "caller": self.caller,
            "oob": False,
            "told": told if self.t.knows(f"told.{told}") else None,
            "told_key": told_key if self.t.knows(f"told.{told}") else "",
            "errors": {},
            "problem": None,
            **facts,
        }
        html = None
        if self.by_htmx:
            target = self.request.headers.get("HX-Target", "")
            html = self.around.rendering.blocks(template, (target, *also), known)
        response = HTMLResponse(html or self.around.rendering.page(template, known), status)
        response.headers["Vary"] = "HX-Request, HX-Target, Cookie, Accept-Language"
        if html is None and told:
            response.delete_cookie(TOLD_COOKIE)
        return response

    def see(self, address: str, told: str = "", key: str = "") -> Response:
        """Redirect to another page, which shows the sentence `told` once and deletes the draft sent under `key`."""
        if self.by_htmx:
            response = Response(status_code=200, headers={"HX-Redirect": address})
        else:
            response = RedirectResponse(address, 303)
        if told:
            self.set_cookie(response, TOLD_COOKIE, f"{told}.{key}", TOLD_SECONDS)
        return response

    def sent(self, response: Response, told: str, key: str) -> Response:
        """Add a header to an htmx answer that tells the page's scripts that the form with `key` was sent."""
        response.headers["HX-Trigger-After-Settle"] = json.dumps(
            {"balie:sent": {"key": key, "told": self.t(f"told.{told}")}}
        )
        return response

    def set_cookie(self, response: Response, name: str, value: str, max_age: int | None) -> None:
        """Set a cookie that scripts cannot read and that forms of other sites do not send."""
        secure = self.around.secure
        response.set_cookie(name, value, max_age=max_age, httponly=True, samesite="lax", secure=secure)

    def address(self, **changes: object) -> str:
        """This page's address with some parameters changed; None and empty ones are left out."""
        given = dict(parse_qsl(self.request.url.query))
        given |= {name: str(value) if value is not None else "" for name, value in changes.items()}
        query = urlencode({name: value for name, value in given.items() if value})
        return f"{self.request.url.path}?{query}" if query else self.request.url.path


def visit(request: Request) -> Visit:
    """The visit of anybody, logged in or not. An invalid or expired session cookie counts as not logged in."""
    around: Surroundings = request.app.state.around
    token: str | None = request.cookies.get(SESSION_COOKIE)
    now = around.clock()
    try:
        caller = around.signer.caller(token, now) if token else None
    except NotAuthenticated:
        caller, token = None, None
    language = _language(request)
    address = request.client.host if request.client else None
    theme = request.cookies.get(THEME_COOKIE, "auto")
    intake = Upstream(around.intake, token, address, language)
    return Visit(
        request,
        around,
        caller,
        IntakeApi(intake),
        DeskApi(intake),
        KbApi(around.kb, token, address),
        Said(around.catalogues[language], language, around.desk_zone, now),
        theme if theme in THEMES else "auto",
    )


def known_visit(request: Request) -> Visit:
    """The visit of a person who is logged in. Raises NotAuthenticated, which leads to the log-in page."""
    visiting = visit(request)
    if visiting.caller is None or visiting.caller.person_id is None:
        raise NotAuthenticated("Log in to see this page.")
    return visiting


def desk_visit(request: Request) -> Visit:
    """The visit of support staff. Raises NotAuthenticated, or NotAllowed for a requester."""
    visiting = known_visit(request)
    if visiting.caller is not None:
        visiting.caller.must_be_staff()
    return visiting


async def in_own_zone(visiting: Visit) -> Visit:
    """The visit in the time zone that the visitor has chosen in their profile, as intake knows it now.

    Intake is asked each time, because the choice may be made in another browser, or by support. Where it does not
    answer soon, or the session has ended, the visit stays in the desk's zone, which pages name: what the page itself
    needs of intake then says what is wrong.
    """
    if visiting.caller is None or visiting.caller.person_id is None:
        return visiting
    with suppress(Temporary, NotAuthenticated, TimeoutError):
        async with asyncio.timeout(ZONE_SECONDS):
            return visiting.in_zone((await visiting.intake.me()).zone)
    return visiting


async def _any_visit(visiting: Annotated[Visit, Depends(visit)]) -> Visit:
    return await in_own_zone(visiting)


async def _known_visit(visiting: Annotated[Visit, Depends(known_visit)]) -> Visit:
    return await in_own_zone(visiting)


async def _desk_visit(visiting: Annotated[Visit, Depends(desk_visit)]) -> Visit:
    return await in_own_zone(visiting)


AnyVisit = Annotated[Visit, Depends(_any_visit)]
KnownVisit = Annotated[Visit, Depends(_known_visit)]
DeskVisit = Annotated[Visit, Depends(_desk_visit)]
ListeningVisit = Annotated[Visit, Depends(known_visit)]
"""The visit of somebody logged in who is shown no instants."""


def log_in_address(visiting: Visit) -> str:
    """The address of the log-in page, with this page as the one to go to afterwards."""
    back = visiting.here if visiting.request.method == "GET" else visiting.request.url.path
    return "/login?" + urlencode({"next": inside(back)})


def _language(request: Request) -> Language:
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in list(Language):
        return Language(chosen)
    return accepted(request.headers.get("Accept-Language"), Language.ENGLISH)
