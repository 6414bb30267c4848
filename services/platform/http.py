"""What all HTTP APIs of Balie share: problem responses, request ids, callers, rate limits, health checks."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import Annotated, Any, ClassVar

import structlog
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from services.contract.errors import (
    BalieError,
    Invalid,
    NotAuthenticated,
    NotFound,
    Temporary,
    TooLarge,
    TooManyRequests,
)
from services.contract.limits import BODY_BYTES_MAX
from services.platform.clock import Clock
from services.platform.database import UNREACHABLE
from services.platform.idempotency import AnsweredBefore
from services.platform.identity import Caller, Signer
from services.platform.telemetry import CORRELATION_ID_MAX, correlated, correlation_id

log = structlog.get_logger(__name__)

PROBLEM = "application/problem+json"
PROBLEM_TYPE = "https://balie.example/problems/"
REQUEST_ID = "X-Request-ID"
INTERNAL = "/internal/"
"""The prefix of paths that only Balie's own processes call, with a signed token. A reverse proxy can block them."""
HEALTH_PATHS = frozenset({"/healthz", "/readyz"})
PAGE_MAX = 100
PAGE_DEFAULT = 25
RATE_LIMIT = 1200
RATE_WINDOW_SECONDS = 60
RATE_CALLERS_MAX = 10_000
"""Most callers counted by one process; the caller whose last request is oldest is dropped first."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class Problem(BaseModel):
    """RFC 9457 problem details. Further members depend on `type`."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str


PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "A problem the caller can mend",
        "content": {PROBLEM: {"schema": Problem.model_json_schema()}},
    },
    "503": {"description": "Try again", "content": {PROBLEM: {"schema": Problem.model_json_schema()}}},
}


def create_app(
    title: str, *, version: str, description: str, signer: Signer, clock: Clock, lifespan: Lifespan | None = None
) -> FastAPI:
    """A FastAPI app with problem+json errors, request ids, callers' tokens and rate limits."""
    app = FastAPI(
        title=title,
        version=version,
        description=description,
        lifespan=lifespan,
        responses=PROBLEM_RESPONSES,
        openapi_url="/api/v1/openapi.json",
        docs_url="/api/v1/docs",
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    app.state.signer = signer
    app.state.clock = clock
    app.state.rate_limit = RateLimit()
    app.middleware("http")(_with_request_id)
    app.add_exception_handler(AnsweredBefore, _first_answer)
    app.add_exception_handler(BalieError, _balie_problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_problem)
    for unreachable in (*UNREACHABLE, DBAPIError):
        app.add_exception_handler(unreachable, _database_problem)
    return app


def problem(error: BalieError) -> JSONResponse:
    """The error as a response."""
    body = {
        "type": PROBLEM_TYPE + error.slug,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "request_id": correlation_id(),
        **error.facts,
    }
    headers = {"WWW-Authenticate": "Bearer"} if error.status == NotAuthenticated.status else {}
    if "retry_after" in error.facts:
        headers["Retry-After"] = str(error.facts["retry_after"])
    return JSONResponse(body, error.status, headers=headers, media_type=PROBLEM)


_bearer = HTTPBearer(auto_error=False, description="A token from POST /api/v1/sessions or `balie token`.")


def place(request: Request) -> str:
    """The caller's IP address; behind a trusted proxy, the address that the proxy reports."""
    return request.client.host if request.client else ""


async def optional_caller(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Caller | None:
    """The caller that the token names; None without a token. Raises NotAuthenticated for a bad token."""
    if credentials is None:
        return None
    signer: Signer = request.app.state.signer
    clock: Clock = request.app.state.clock
    return signer.caller(credentials.credentials, clock())


async def known_caller(caller: Annotated[Caller | None, Depends(optional_caller)]) -> Caller:
    """The caller that the token names. Raises NotAuthenticated for a bad token, or without one."""
    if caller is None:
        raise NotAuthenticated("Send a token as 'Authorization: Bearer …'; POST /api/v1/sessions gives one.")
    return caller


async def staff_caller(caller: Annotated[Caller, Depends(known_caller)]) -> Caller:
    """The caller, who must be support staff or another service. Raises NotAllowed otherwise."""
    caller.must_be_staff()
    return caller


AnyCaller = Annotated[Caller | None, Depends(optional_caller)]
KnownCaller = Annotated[Caller, Depends(known_caller)]
StaffCaller = Annotated[Caller, Depends(staff_caller)]


class RateLimit:
    """Counts the requests of each caller in the current time window, in this process."""

    headers: ClassVar[tuple[str, str, str]] = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")

    def __init__(self, limit: int = RATE_LIMIT, window_seconds: int = RATE_WINDOW_SECONDS) -> None:
        self._limit, self._window = limit, window_seconds
        self._counts: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def count(self, caller: str, now: float) -> dict[str, str]:
        """Counts one request at `now` (seconds) and returns the headers for its answer.

        Raises TooManyRequests over the limit.
        """
        window = int(now // self._window)
        seen_in, seen = self._counts.pop(caller, (window, 0))
        seen = seen + 1 if seen_in == window else 1
        self._counts[caller] = (window, seen)
        if len(self._counts) > RATE_CALLERS_MAX:
            self._counts.popitem(last=False)
        reset = self._window - int(now % self._window)
        if seen > self._limit:
            raise TooManyRequests(
                f"At most {self._limit} requests in {self._window} seconds; try again in {reset}.", retry_after=reset
            )
        return dict(zip(self.headers, (str(self._limit), str(self._limit - seen), str(reset)), strict=True))


async def _with_request_id(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    given = request.headers.get(REQUEST_ID, "")
    usable = given.replace("-", "").replace("_", "").isalnum() and given.isascii()
    with correlated(given[:CORRELATION_ID_MAX] if usable else ""):
        response, limits = await _limited(request, call_next)
        response.headers[REQUEST_ID] = correlation_id()
        response.headers.update(limits)
        return response


async def _limited(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> tuple[Response, Mapping[str, str]]:
    limit: RateLimit = request.app.state.rate_limit
    try:
        # Internal calls are not limited: many deadlines may be due at the same time.
        is_internal = request.url.path.startswith(INTERNAL)
        limits = {} if is_internal else limit.count(_counted_as(request), time.time())
        _must_fit(request)
    except (TooManyRequests, TooLarge) as error:
        return problem(error), {}
    started = time.perf_counter()
    try:
        response = await call_next(request)
    except Exception as error:  # here and not as a handler, which would run outside of the request's correlation id
        response = await _unexpected(request, error)
    # Health checks come every few seconds: log them at debug level.
    noted = log.debug if request.url.path in HEALTH_PATHS else log.info
    noted(
        "request",
        method=request.method,
        path=request.url.path,
        status=response.status_code,
        ms=round((time.perf_counter() - started) * 1000, 1),
    )
    return response, limits


def _counted_as(request: Request) -> str:
    # Count by token only if it is valid: otherwise every made-up token would start a new count.
    signer: Signer = request.app.state.signer
    clock: Clock = request.app.state.clock
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        with suppress(NotAuthenticated):
            caller = signer.caller(token, clock())
            return str(caller.person_id or caller.token_id)
    return place(request)


def _must_fit(request: Request) -> None:
    length = request.headers.get("Content-Length", "0")
    if length.isdigit() and int(length) > BODY_BYTES_MAX:
        raise TooLarge(f"A request may have at most {BODY_BYTES_MAX // 1024 // 1024} MiB.")


async def _first_answer(_request: Request, error: Exception) -> Response:
    assert isinstance(error, AnsweredBefore)  # noqa: S101 - the registration guarantees it, mypy cannot see it
    return error.answer.response()


async def _balie_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, BalieError)  # noqa: S101 - the registration guarantees it, the type checker cannot see it
    return problem(error)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    wrong = [(tuple(each["loc"]), each["msg"]) for each in error.errors()]
    fields = [
        {"field": ".".join(map(str, where)), "message": message.removeprefix("Value error, ")}
        for where, message in wrong
        # Leave out an error about a container (its length, say) if there is one about a part of it.
        if not any(inner[: len(where)] == where for inner, _ in wrong if inner != where)
    ]
    names = ", ".join(field["field"] for field in fields)
    return problem(Invalid(f"Mend these and send it again: {names}.", fields=fields))


class _HttpProblem(BalieError):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.slug, self.title = status, f"http-{status}", detail  # type: ignore[misc]


async def _http_problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    if error.status_code == NotFound.status:
        return problem(NotFound("There is nothing at this address."))
    answer = problem(_HttpProblem(error.status_code, str(error.detail)))
    answer.headers.update(error.headers or {})
    return answer


async def _database_problem(request: Request, error: Exception) -> Response:
    if isinstance(error, UNREACHABLE) or (isinstance(error, DBAPIError) and error.connection_invalidated):
        log.warning("database unreachable", path=request.url.path, error=type(error).__name__)
        return problem(Temporary("The database cannot be reached; nothing was changed. Try again.", retry_after=1))
    return await _unexpected(request, error)


async def _unexpected(request: Request, error: Exception) -> Response:
    log.error("unexpected error", path=request.url.path, exc_info=error)
    return problem(BalieError("An unexpected error was logged under this request id; nothing was changed."))
