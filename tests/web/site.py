"""Portal and desk on the real APIs of intake and kb, visited by browsers that run no scripts."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.events import PasswordLinkRequested
from services.contract.temporal import Deadline, MeetDeadline
from services.contract.vocabulary import BulkState, Role
from services.contract.zones import DESK_ZONE
from services.intake.api import app as intake_app
from services.intake.api.deps import Desk
from services.intake.bulk.steps import take_step
from services.intake.people.demonstration import PEOPLE, add_demonstration_people
from services.intake.people.people import Person, find_by_email
from services.intake.rules.contracts import Terms
from services.intake.tables.tables import outbox, suggestion
from services.intake.tickets.attachments import PostgresBlobs
from services.intake.tickets.use_cases import meet_deadline
from services.kb import app as kb_app
from services.kb.catalogue import Catalogue
from services.kb.help_centre import load
from services.kb.library import Library
from services.platform.database import transaction
from services.platform.identity import Signer
from services.web.app import create_app
from services.web.clients.mailbox import Mailbox
from services.web.live import Live
from services.web.rendering import Rendering
from services.web.visit import LANGUAGE_COOKIE, SESSION_COOKIE, Surroundings
from services.web.words import catalogues
from tests.built_apps import built
from tests.moved_clock import MovedClock
from tests.web.page import Page

ADDRESS = "https://desk.example"
PASSWORD = "a password for tests"
SECRET = "a secret for tests that is long enough"
MARIEKE, PIETER, EMMA = "marieke@devries.example", "pieter@devries.example", "emma@ferrari.example"
DAAN, GIULIA, ANNA = "daan@balie.example", "giulia@balie.example", "admin@balie.example"

STEPS_MAX = 20

Files = list[tuple[str, tuple[str, bytes, str]]]


class Line(httpx.AsyncBaseTransport):
    """The connection to one of the APIs. A test can cut it, or make it lose the answer to a request that arrived."""

    def __init__(self, app: FastAPI) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.cut = False
        self.loses_answers = False
        self.calls: list[tuple[str, str]] = []
        self.answers: Callable[[httpx.Request], Awaitable[httpx.Response]] | None = None
        """If set, answers in place of the API."""
        self.before_next: Callable[[], Awaitable[object]] | None = None
        """If set, called once just before the next POST arrives."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Called by httpx for each request."""
        self.calls.append((request.method, request.url.path))
        if self.cut:
            raise httpx.ConnectError("the line is cut")
        if self.answers:
            return await self.answers(request)
        if self.before_next and request.method == "POST":
            happens, self.before_next = self.before_next, None
            await happens()
        response = await self.asks(request)
        if self.loses_answers:
            raise httpx.ReadError("the answer got lost")
        return response

    async def asks(self, request: httpx.Request) -> httpx.Response:
        """The API's own answer."""
        return await self._transport.handle_async_request(request)


@dataclass
class Site:
    """The web, with the APIs behind it."""

    app: FastAPI
    live: Live
    intake: Line
    kb: Line
    clock: MovedClock
    people: dict[str, Person]
    engine: AsyncEngine
    mailbox: Path
    """The folder that mails are written to."""
    _behind: httpx.AsyncClient

    def visitor(self, email: str | None = None, language: str = "en", **headers: str) -> "Visitor":
        """A browser, logged in as this person, or not logged in."""
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app, raise_app_exceptions=False),
            base_url=ADDRESS,
            headers={"Origin": ADDRESS, **headers},
        )
        if language:
            client.cookies.set(LANGUAGE_COOKIE, language)
        if email:
            client.cookies.set(SESSION_COOKIE, self.token(email))
        return Visitor(client)

    def token(self, email: str) -> str:
        """A session token, without the wait for argon2."""
        return Signer(SECRET).token(self.people[email].caller(), self.clock())

    def link(self, purpose: str, about: str) -> str:
        """The code of a link, as in a mail from notify."""
        return Signer(SECRET).link(purpose, about, self.clock())

    async def asks(self, email: str, method: str, path: str, **options: Any) -> Any:
        """Call intake's API directly as this person, without the web."""
        headers = {"Authorization": f"Bearer {self.token(email)}", **options.pop("headers", {})}
        answer = await self._behind.request(method, path, headers=headers, **options)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def ticket(self, email: str = MARIEKE, subject: str = "The printer is silent", **more: Any) -> int:
        """Submit a ticket; returns its number."""
        body = {"subject": subject, "text": "Since this morning.", **more}
        return int((await self.asks(email, "POST", "/api/v1/tickets", json=body))["number"])

    async def moves(self, email: str, number: int, move: str, **body: Any) -> Any:
        """Give a command as this person."""
        return await self.asks(email, "POST", f"/api/v1/tickets/{number}/{move}", json=body)

    async def reads(self, email: str, number: int) -> Any:
        """The ticket as this person sees it."""
        return await self.asks(email, "GET", f"/api/v1/tickets/{number}")

    async def adds(self, name: str, role: Role) -> str:
        """Add a person; returns their address."""
        email = f"{name.lower()}@balie.example"
        await self.asks(ANNA, "POST", "/api/v1/people", json={"name": name, "email": email, "role": role})
        async with self.engine.connect() as connection:
            person = await find_by_email(connection, email)
        assert person is not None
        self.people[email] = person
        return email

    async def carries_out(self, bulk: str) -> None:
        """Carry out a bulk until it is done, as its worker does."""
        for _ in range(STEPS_MAX):
            step = await take_step(self.engine, Terms(), self.clock, UUID(bulk), lambda: None)
            if step.state not in (BulkState.RUNNING, BulkState.UNDOING):
                return
        raise AssertionError(f"the bulk {bulk} does not end")

    async def deadlines_pass(self, number: int, time: timedelta) -> None:
        """Let time pass; the ticket's clock meets the deadlines due in it."""
        self.clock.move(time)
        for due in (await self.reads(DAAN, number))["deadlines"]:
            deadline = Deadline.model_validate(due)
            if deadline.due_at <= self.clock():
                order = MeetDeadline(number=number, version=0, deadline=deadline, met_at=self.clock())
                async with transaction(self.engine) as connection:
                    await meet_deadline(connection, order)

    async def suggests(self, number: int, *articles: dict[str, str]) -> None:
        """Let the knowledge base suggest articles for the ticket."""
        async with transaction(self.engine) as connection:
            await connection.execute(suggestion.insert().values(ticket_number=number, articles=list(articles)))

    async def password_link_about(self, email: str) -> str:
        """What the password link for this address is about, read from the event that asks notify to mail it."""
        async with self.engine.connect() as connection:
            payloads = (await connection.execute(select(outbox.c.payload).order_by(outbox.c.id))).scalars()
            asked = [each["data"] for each in payloads if each.get("type") == PasswordLinkRequested.TYPE]
        return str(next(data["about"] for data in asked if data["person"]["email"] == email))

    async def said(self, number: int) -> list[str]:
        """The texts of all comments on a ticket, including notes."""
        timeline = await self.asks(DAAN, "GET", f"/api/v1/tickets/{number}/timeline", params={"limit": 100})
        return [entry["comment"]["text"] for entry in timeline["items"] if entry["comment"]]


class Visitor:
    """One browser."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def opens(self, path: str, **headers: str) -> Page:
        """Open a page, without following redirects."""
        return Page(await self.client.get(path, headers=headers))

    async def sends(
        self,
        page: Page,
        action: str,
        files: Files | None = None,
        headers: dict[str, str] | None = None,
        **typed: str | list[str],
    ) -> Page:
        """Send the page's form for `action`, with what somebody typed or pressed."""
        form = page.form(action, typed)
        unknown = set(typed) - form.names
        assert not unknown, f"the form has no {unknown}, only {form.names}"
        several = {name: values for name, values in form.every.items() if len(values) > 1}
        sent = {**form.fields, **several, **typed}
        return Page(await self.client.post(action, data=sent, files=files or None, headers=headers))

    async def follows(self, page: Page) -> Page:
        """Open the page that a redirect leads to."""
        return await self.opens(page.leads_to)


@asynccontextmanager
async def site_on(engine: AsyncEngine, catalogue: Catalogue, clock: MovedClock, mailbox: Path) -> AsyncIterator[Site]:
    """The web on the real APIs, on a database that `furnish` has filled."""
    signer = Signer(SECRET)
    api, kb_api, live = _intake(engine, signer, clock), _kb(engine, catalogue, signer, clock), Live()
    with built(api) as api, built(kb_api) as kb_api:
        intake, behind, kb = Line(api), Line(api), Line(kb_api)
        async with (
            httpx.AsyncClient(transport=intake, base_url="http://intake") as to_intake,
            httpx.AsyncClient(transport=kb, base_url="http://kb") as to_kb,
            httpx.AsyncClient(transport=behind, base_url="http://intake") as behind_the_web,
        ):
            around = Surroundings(
                intake=to_intake,
                kb=to_kb,
                signer=signer,
                clock=clock,
                catalogues=_catalogues(),
                rendering=_rendering(),
                desk_zone=DESK_ZONE,
                secure=True,
                has_mailbox=True,
            )
            with built(create_app(around, live, public_url=ADDRESS, mailbox=Mailbox(mailbox))) as web:
                yield Site(web, live, intake, kb, clock, await _people(engine), engine, mailbox, behind_the_web)


def _intake(engine: AsyncEngine, signer: Signer, clock: MovedClock) -> FastAPI:
    return intake_app.build_api(Desk(engine, PostgresBlobs(), Terms(), signer, clock))


def _kb(engine: AsyncEngine, catalogue: Catalogue, signer: Signer, clock: MovedClock) -> FastAPI:
    return kb_app.build_api(Library(engine, catalogue, ADDRESS, signer, clock))


# Nobody writes to these; reading the sentences and compiling the templates takes longer than most tests.
_catalogues, _rendering = cache(catalogues), cache(Rendering)


async def furnish(engine: AsyncEngine) -> Catalogue:
    """Add the demonstration people and the help centre that ships; returns the search index of the articles."""
    await add_demonstration_people(engine, PASSWORD, MovedClock())
    await load(engine, MovedClock(), ADDRESS)
    catalogue = Catalogue(engine)
    await catalogue.refresh()
    return catalogue


async def _people(engine: AsyncEngine) -> dict[str, Person]:
    async with engine.connect() as connection:
        found = {somebody.email: await find_by_email(connection, somebody.email) for somebody in PEOPLE}
    return {email: person for email, person in found.items() if person}
