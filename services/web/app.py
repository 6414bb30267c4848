"""The web as one app: its pages, its static files, its event stream, and the page that each error leads to."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Annotated

import httpx
import structlog
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from services.contract.errors import BalieError, Invalid, NotAuthenticated, NotFound, Temporary, TooLarge
from services.web.clients.mailbox import Mailbox
from services.web.clients.upstream import Unreachable
from services.web.forms import forms
from services.web.guard import Guarded, refuse_foreign_forms, refuse_large_forms
from services.web.live import Live, stream
from services.web.pages import (
    account,
    agreement,
    answer,
    board,
    bulk,
    desk,
    doing,
    help,
    new_ticket,
    people,
    phone,
    portal,
    queue,
    survey,
)
from services.web.pages import mailbox as mailbox_pages
from services.web.rendering import STATIC
from services.web.visit import SESSION_COOKIE, ListeningVisit, Surroundings, Visit, log_in_address, visit

log = structlog.get_logger(__name__)

FOREVER = "public, max-age=31536000, immutable"
BRIEFLY = "no-cache"

PAGES = (
    account,
    agreement,
    answer,
    board,
    bulk,
    phone,
    desk,
    doing,
    help,
    mailbox_pages,
    new_ticket,
    people,
    portal,
    queue,
    survey,
)

health = APIRouter()
live_updates = APIRouter()


def create_app(around: Surroundings, live: Live, *, public_url: str, mailbox: Mailbox | None) -> FastAPI:
    """The web app. The caller closes the HTTP clients in `around` and runs `live.follow`."""
    app = FastAPI(
        title="Balie",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(refuse_foreign_forms), Depends(refuse_large_forms)],
    )
    app.state.around, app.state.live = around, live
    app.state.public_url, app.state.mailbox = public_url, mailbox
    for each in PAGES:
        app.include_router(each.router)
    app.include_router(live_updates)
    app.include_router(health)
    app.mount("/static", _Static(directory=STATIC), name="static")
    app.add_middleware(Guarded)
    handlers: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
        BalieError: _failed,
        HTTPException: _http_failed,
        RequestValidationError: _not_found,
        Exception: _unexpected,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    return app


class _Static(StaticFiles):
    """Static files; under an address with a fingerprint a file never changes."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with the header that says how long browsers may keep it."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = FOREVER if b"v=" in scope["query_string"] else BRIEFLY
        return response


@live_updates.get("/live")
async def listen(visit: ListeningVisit, ticket: Annotated[int | None, Query()] = None) -> Response:
    """Which tickets change, as server-sent events: all for staff; for others their own and the one asked for."""
    if visit.caller is None:
        raise NotAuthenticated("Log in to listen.")
    # Ask intake: the token does not show that the session was ended or the agent deactivated. If intake is down, let
    # the visitor listen: browsers do not retry after a refusal, and the stream sends nothing but ticket numbers.
    with suppress(Temporary):
        await visit.intake.me()
    if ticket is not None and not visit.caller.is_staff:
        await visit.intake.ticket(ticket)  # raises NotFound for somebody else's
    live: Live = visit.request.app.state.live
    live.must_have_room()
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(stream(live, visit.caller, ticket), headers=headers, media_type="text/event-stream")


@health.get("/healthz")
async def alive() -> dict[str, str]:
    """Liveness: the process runs."""
    return {"status": "ok"}


@health.get("/readyz")
async def ready(request: Request) -> JSONResponse:
    """Readiness: intake answers, because pages are of little use without it. The help centre may be down."""
    around: Surroundings = request.app.state.around
    try:
        (await around.intake.get("/healthz")).raise_for_status()
    except httpx.HTTPError as error:
        return JSONResponse({"status": "intake cannot be reached", "error": type(error).__name__}, 503)
    return JSONResponse({"status": "ok"})


async def _failed(request: Request, error: Exception) -> Response:
    if not isinstance(error, BalieError):
        return await _unexpected(request, error)
    visiting = visit(request)
    if isinstance(error, Unreachable):
        log.warning("service unreachable", path=request.url.path, detail=error.detail)
    if visiting.by_htmx:
        return _said_only(visiting, error)
    if isinstance(error, NotAuthenticated) and request.method == "GET":
        return _to_log_in(visiting)
    if isinstance(error, Invalid) and request.method == "GET":
        # An address with invalid parameters is answered like an address that does not exist.
        return await _not_found(request, error)
    if request.method == "POST" and isinstance(error, Temporary | NotAuthenticated):
        return await _unsent(visiting, error)
    return _error_page(visiting, error, error.status)


def _said_only(visiting: Visit, error: BalieError) -> Response:
    # The page keeps what was typed; its script shows the sentence.
    said = forms.sentence(error, visiting.t)
    return PlainTextResponse(said, error.status, headers={"HX-Reswap": "none"})


def _to_log_in(visiting: Visit) -> Response:
    response = visiting.see(log_in_address(visiting))
    # Delete the session that intake refused: with it, the log-in page would redirect straight back here.
    response.delete_cookie(SESSION_COOKIE)
    return response


async def _unsent(visiting: Visit, error: BalieError) -> Response:
    """A page with the whole form, so that nothing typed is lost and it can be sent again under the same key."""
    form = await forms.read(visiting.request)
    shown = {"text", "comment", "password", "kept"}
    return visiting.page(
        "unsent.html",
        status=error.status,
        form=form,
        hidden={name: value for name, value in form.fields.items() if name not in shown},
        action=visiting.request.url.path,
        sentence=forms.sentence(error, visiting.t),
        log_in=log_in_address(visiting) if isinstance(error, NotAuthenticated) else None,
    )


def _error_page(visiting: Visit, error: BalieError, status: int) -> Response:
    t, key = visiting.t, f"error.{status}"
    return visiting.page(
        "error.html",
        status=status,
        title=t(key if t.knows(key) else "error.500"),
        sentence=t("problem.foreign") if error.facts.get("foreign") else forms.sentence(error, t),
    )


async def _http_failed(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status in (404, 405):
        return await _not_found(request, error)
    kind = TooLarge if status == TooLarge.status else Invalid
    return _error_page(visit(request), kind("The form could not be read."), status)


async def _not_found(request: Request, _error: Exception) -> Response:
    return _error_page(visit(request), NotFound("There is no such page."), NotFound.status)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected error", path=request.url.path, exc_info=error)
    return _error_page(visit(request), BalieError("An unexpected error was logged."), BalieError.status)
