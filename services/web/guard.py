"""Security of the pages: which forms are accepted, where redirects may lead, and the security headers."""

import re
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.contract.errors import Invalid, NotAllowed, TooLarge
from services.contract.limits import FORM_BYTES_MAX
from services.platform.http import REQUEST_ID
from services.platform.telemetry import CORRELATION_ID_MAX, correlated, correlation_id

_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with it, browsers send our own forms with `Origin: null`.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_INSIDE = re.compile(r"/(?![/\\])[^\x00-\x20\x7f\\]*")


def inside(address: str | None, otherwise: str = "/") -> str:
    """The address if it is a path on this site, else `otherwise`, so that a log-in never redirects to another site."""
    return address if address and _INSIDE.fullmatch(address) else otherwise


async def refuse_foreign_forms(request: Request) -> None:
    """Raises NotAllowed for a form sent from another site, or without a header that says from which site."""
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        allowed = site in ("same-origin", "none")
    else:
        origin = request.headers.get("Origin") or request.headers.get("Referer")
        allowed = bool(origin) and _origin(str(origin)) in _own_origins(request)
    if not allowed:
        raise NotAllowed("This form was not sent from a page of this site.", foreign=True)


async def refuse_large_forms(request: Request) -> None:
    """Raises TooLarge before the body is read, or Invalid if the request does not say how large it is."""
    if request.method in SAFE_METHODS:
        return
    length = request.headers.get("Content-Length", "")
    if not length.isdigit() and "Transfer-Encoding" in request.headers:
        raise Invalid("Send the length of the form along.")
    if length.isdigit() and int(length) > FORM_BYTES_MAX:
        raise TooLarge(f"A form may have at most {FORM_BYTES_MAX // 1024**2} MiB.")


def _origin(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.scheme, parts.netloc


def _own_origins(request: Request) -> set[tuple[str, str]]:
    public = _origin(request.app.state.public_url)
    return {public, ("http", request.headers.get("Host", "")), ("https", request.headers.get("Host", ""))}


class Guarded:
    """Adds a correlation id to each request, and to each answer those of `HEADERS` that it does not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers[REQUEST_ID] = correlation_id()
            await send(message)

        with correlated(_given(scope)):
            await self._app(scope, receive, send_guarded)


def _given(scope: Scope) -> str:
    given = dict(scope["headers"]).get(REQUEST_ID.lower().encode(), b"").decode("latin-1")
    return given if re.fullmatch(rf"[\w.:-]{{1,{CORRELATION_ID_MAX}}}", given, re.ASCII) else ""
