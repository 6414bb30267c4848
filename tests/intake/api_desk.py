"""The intake API on a real database, called over HTTP as its callers do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Self

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.api.app import build_api
from services.intake.api.deps import Desk
from services.intake.people.demonstration import add_people_of_demonstration
from services.intake.people.sessions import hash_password
from services.intake.rules.contracts import Terms
from services.intake.tickets.attachments import PostgresBlobs
from services.platform.clock import Clock
from services.platform.identity import Caller, Signer
from tests.built_apps import built
from tests.moved_clock import MovedClock

PASSWORD = "a password for tests"
TOKEN_LIFETIME = timedelta(days=100)
SECRET = "a secret for tests that is long enough"


class As:
    """One caller's view of the API: `await marieke.submits("printer on fire")`."""

    def __init__(
        self, client: httpx.AsyncClient, token: str | None = None, person: dict[str, Any] | None = None
    ) -> None:
        self._client = client
        self.token = token
        self.person = person or {}

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send any request; returns the response."""
        headers = {**({"Authorization": f"Bearer {self.token}"} if self.token else {}), **options.pop("headers", {})}
        return await self._client.request(method, path, headers=headers, **options)

    async def get(self, path: str, **params: Any) -> Any:
        """The answer to a GET, which must succeed."""
        response = await self.ask("GET", path, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    async def does(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
        """The answer to a POST, which must succeed."""
        response = await self.ask("POST", path, json=body or {}, headers=headers)
        assert response.status_code in (200, 201), response.text
        return response.json()

    async def submits(self, subject: str, text: str = "It is so.", **more: Any) -> Any:
        """Submit a new ticket."""
        return await self.does("/api/v1/tickets", {"subject": subject, "text": text, **more})

    async def moves(self, ticket: Any, move: str, **body: Any) -> Any:
        """Give a command to a ticket, which must allow it."""
        return await self.does(f"/api/v1/tickets/{ticket['number']}/{move}", body)

    async def refused(self, ticket: Any, move: str, **body: Any) -> Any:
        """Give a command that must be refused; returns the problem."""
        response = await self.ask("POST", f"/api/v1/tickets/{ticket['number']}/{move}", json=body)
        assert response.status_code >= 400
        assert response.headers["content-type"] == "application/problem+json"
        return response.json()

    async def logs_in(self, email: str, password: str = PASSWORD) -> Self:
        """The same API, called by another person."""
        answer = await self.does("/api/v1/sessions", {"email": email, "password": password})
        return type(self)(self._client, answer["token"], answer["person"])


@asynccontextmanager
async def api_on(engine: AsyncEngine, clock: MovedClock, standard: Terms | None = None) -> AsyncIterator[As]:
    """The API with the demonstration people, called by somebody who is not logged in."""
    await add_people(engine, clock)
    desk = Desk(engine, PostgresBlobs(), standard or Terms(), Signer(SECRET), clock)
    with built(build_api(desk)) as app:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
            yield As(client)


_hashed: list[str] = []


async def add_people(engine: AsyncEngine, clock: Clock) -> None:
    """The demonstration people, all with PASSWORD, hashed once for all tests: argon2 takes its time on purpose."""
    if not _hashed:
        _hashed.append(await hash_password(PASSWORD))
    await add_people_of_demonstration(engine, _hashed[0], clock)


def token_for(person: dict[str, Any], clock: MovedClock, session: int = 0) -> str:
    """A token like those of `POST /sessions`, without the wait for argon2, and valid although the clock is moved."""
    caller = Caller(person_id=person["id"], role=person["role"], name=person["name"], token_id=str(session))
    return Signer(SECRET).token(caller, clock(), TOKEN_LIFETIME)
