"""A client for intake's HTTP API: one method for each call that the web makes, on behalf of one visitor."""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import httpx

from services.contract.vocabulary import STAFF, Language, Role
from services.web.clients.records import (
    Answerable,
    Answered,
    Attachment,
    Entry,
    Organisation,
    Page,
    Person,
    Session,
    Survey,
    Ticket,
    TicketSummary,
    View,
)
from services.web.clients.upstream import Upstream

TIMELINE_PAGE = 100
TIMELINE_PAGES_MAX = 20
"""With `TIMELINE_PAGE` entries each: at most the first 2,000 entries of a ticket are shown."""
LIST_PAGE = 25


class IntakeApi:
    """One method per call. All raise the problem that intake answers, as its class of `services.contract.errors`."""

    def __init__(self, api: Upstream) -> None:
        self._api = api

    async def log_in(self, email: str, password: str) -> Session:
        """Start a session. Raises NotAuthenticated if address and password do not match."""
        return Session.model_validate(await self._post("/api/v1/sessions", email=email, password=password))

    async def end_sessions(self) -> None:
        """End every session of the caller, on every device."""
        await self._api.send("DELETE", "/api/v1/sessions")

    async def send_password_link(self, email: str, name: str, language: Language) -> None:
        """Ask for a mail with a link; the answer does not tell whether the address is known."""
        wish = {"email": email, "language": language} | ({"name": name} if name else {})
        await self._api.send("POST", "/api/v1/password-links", json=wish)

    async def choose_password(self, code: str, password: str) -> None:
        """Set a new password by a link's code. Raises NotAuthenticated if the link is no longer valid."""
        await self._api.send("POST", "/api/v1/passwords", json={"code": code, "password": password})

    async def me(self) -> Person:
        """The visitor as a person."""
        return Person.model_validate((await self._api.get("/api/v1/me")).json())

    async def change_me(self, **changes: str | None) -> Person:
        """Change the visitor's name, language or time zone; None for the desk's zone."""
        return Person.model_validate((await self._api.send("PATCH", "/api/v1/me", json=changes)).json())

    async def people(
        self, q: str | None = None, role: str | None = None, cursor: str | None = None, limit: int = LIST_PAGE
    ) -> Page[Person]:
        """A page of people, found by `q` or role; staff only."""
        answer = await self._api.get("/api/v1/people", q=q or None, role=role, cursor=cursor, limit=limit)
        return Page[Person].model_validate(answer.json())

    async def staff(self, *besides: Role) -> tuple[Person, ...]:
        """All active people in support, and those with the roles in `besides`; staff only."""
        roles = (*besides, *sorted(STAFF))
        found = await asyncio.gather(*(self._api.every("/api/v1/people", role=role) for role in roles))
        people = (Person.model_validate(each) for each in (facts for of_role in found for facts in of_role))
        return tuple(person for person in people if person.active)

    async def person(self, person_id: UUID) -> Person:
        """One person; staff only."""
        return Person.model_validate((await self._api.get(f"/api/v1/people/{person_id}")).json())

    async def add_person(self, key: str, facts: dict[str, Any]) -> Person:
        """Add a person. Raises Conflict if the address belongs to somebody already."""
        return Person.model_validate(await self._post("/api/v1/people", key, **facts))

    async def change_person(self, person_id: UUID, facts: dict[str, Any]) -> Person:
        """Change the fields in `facts`."""
        return Person.model_validate((await self._api.send("PATCH", f"/api/v1/people/{person_id}", json=facts)).json())

    async def organisations(
        self, q: str | None = None, cursor: str | None = None, limit: int = LIST_PAGE
    ) -> Page[Organisation]:
        """A page of organisations, found by `q`; staff only."""
        answer = await self._api.get("/api/v1/organisations", q=q or None, cursor=cursor, limit=limit)
        return Page[Organisation].model_validate(answer.json())

    async def organisation(self, organisation_id: UUID) -> Organisation:
        """One organisation; staff only."""
        return Organisation.model_validate((await self._api.get(f"/api/v1/organisations/{organisation_id}")).json())

    async def add_organisation(self, key: str, name: str) -> Organisation:
        """Add an organisation. Raises Conflict if the name is taken."""
        return Organisation.model_validate(await self._post("/api/v1/organisations", key, name=name))

    async def change_organisation(self, organisation_id: UUID, facts: dict[str, Any]) -> Organisation:
        """Change the fields in `facts`: its name, its contract."""
        answer = await self._api.send("PATCH", f"/api/v1/organisations/{organisation_id}", json=facts)
        return Organisation.model_validate(answer.json())

    async def upload(self, key: str, position: int, name: str, content_type: str, content: bytes) -> Attachment:
        """Store a file for a message to be sent. The same file at the same position under one key is stored once."""
        digest = hashlib.sha256(f"{position}\n{name}\n{content_type}\n".encode(errors="replace") + content)
        headers = {"Idempotency-Key": f"{key}.{digest.hexdigest()[:32]}"}
        files = {"file": (name, content, content_type)}
        answer = await self._api.send("POST", "/api/v1/attachments", headers=headers, files=files)
        return Attachment.model_validate(answer.json())

    async def download(self, attachment_id: UUID) -> httpx.Response:
        """The file as a response; the caller reads its body and closes it."""
        return await self._api.stream(f"/api/v1/attachments/{attachment_id}")

    async def submit(self, key: str, facts: dict[str, Any]) -> Ticket:
        """Open a new ticket."""
        return Ticket.model_validate(await self._post("/api/v1/tickets", key, **facts))

    async def tickets(self, *, limit: int = LIST_PAGE, filters: Mapping[str, str | None]) -> Page[TicketSummary]:
        """A page of tickets; `filters` are those of the API: view, status, assignee, requester, q, cursor, sort."""
        answer = await self._api.get("/api/v1/tickets", limit=limit, **{k: v or None for k, v in filters.items()})
        return Page[TicketSummary].model_validate(answer.json())

    async def views(self) -> tuple[View, ...]:
        """The queue's views and their counts; staff only."""
        return Page[View].model_validate((await self._api.get("/api/v1/views")).json()).items

    async def ticket(self, number: int) -> Ticket:
        """One ticket. Raises NotFound also if the visitor may not see it."""
        return Ticket.model_validate((await self._api.get(f"/api/v1/tickets/{number}")).json())

    async def timeline(self, number: int) -> tuple[Entry, ...]:
        """The ticket's timeline, oldest entry first, up to `TIMELINE_PAGES_MAX` pages."""
        entries: list[Entry] = []
        cursor: str | None = None
        for _ in range(TIMELINE_PAGES_MAX):
            path = f"/api/v1/tickets/{number}/timeline"
            page = Page[Entry].model_validate((await self._api.get(path, cursor=cursor, limit=TIMELINE_PAGE)).json())
            entries += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        return tuple(entries)

    async def command(
        self, number: int, command: str, key: str, facts: dict[str, Any], version: int | None = None
    ) -> Ticket:
        """Give a command. Raises VersionMismatch if a `version` is given and the ticket has another one now."""
        headers = {"If-Match": f'"{version}"'} if version is not None else {}
        return Ticket.model_validate(await self._post(f"/api/v1/tickets/{number}/{command}", key, headers, **facts))

    async def survey(self, code: str) -> Survey:
        """The question behind a survey link."""
        return Survey.model_validate((await self._api.get("/api/v1/survey", code=code)).json())

    async def rate(self, code: str, good: bool, comment: str) -> None:
        """Answer the survey; a later answer replaces an earlier one."""
        await self._api.send("POST", "/api/v1/survey", json={"code": code, "good": good, "comment": comment})

    async def answerable(self, code: str) -> Answerable:
        """The ticket behind a reminder's link. Raises Conflict for the link of an older question."""
        return Answerable.model_validate((await self._api.get("/api/v1/answer-link", code=code)).json())

    async def answer(self, code: str, facts: dict[str, Any]) -> Answered:
        """Do one of the acts that a reminder's link offers."""
        return Answered.model_validate(await self._post("/api/v1/answer-link", code=code, **facts))

    async def _post(
        self, path: str, key: str | None = None, headers: dict[str, str] | None = None, **facts: object
    ) -> Any:
        sent = {**(headers or {}), **({"Idempotency-Key": key} if key else {})}
        return (await self._api.send("POST", path, headers=sent, json=facts)).json()
