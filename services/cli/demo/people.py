"""The people of the demonstration: agents, who use the HTTP API, and requesters, who read and write mail."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import httpx

from services.cli.demo.words import NotAsPlanned, Words
from services.contract.vocabulary import Language
from services.intake.mail.incoming import Mailroom, Receipt, receive_mail

_CODE = re.compile(r"[?&]code=([\w.-]+)")
PASSWORD = "a password of the demonstration"  # noqa: S105 - of requesters who exist for two minutes


class Caller:
    """Somebody logged in to the HTTP API. `turns` limits how many requests are sent at once."""

    def __init__(self, http: httpx.AsyncClient, turns: asyncio.Semaphore, person: dict[str, Any], token: str) -> None:
        self._http, self._turns, self._token = http, turns, token
        self.id: str = person["id"]
        self.name: str = person["name"]

    async def does(self, number: int, move: str, **body: Any) -> None:
        """Sends a command on a ticket. Raises NotAsPlanned if it is refused."""
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._turns:
            answer = await self._http.post(f"/api/v1/tickets/{number}/{move}", json=body, headers=headers)
        _must_succeed(answer, f"{self.name}'s {move} on ticket {number}")


class FrontDoor:
    """The HTTP API for people who are not logged in."""

    def __init__(self, url: str, *, asking_at_once: int = 8) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=60)
        self._turns = asyncio.Semaphore(asking_at_once)

    async def close(self) -> None:
        """Closes its connections."""
        await self._http.aclose()

    async def log_in(self, email: str, password: str) -> Caller:
        """Logs this person in."""
        answer = await self._post("/sessions", email=email, password=password)
        session = answer.json()
        return Caller(self._http, self._turns, session["person"], session["token"])

    async def ask_for_password_link(self, email: str) -> None:
        """Asks for a mail with a link to choose a password."""
        await self._post("/password-links", email=email)

    async def choose_password(self, mail: EmailMessage, password: str) -> None:
        """Chooses a password with the link in the mail."""
        await self._post("/passwords", code=code_in(mail), password=password)

    async def rate(self, mail: EmailMessage, *, good: bool, comment: str) -> None:
        """Answer the survey that the mail asks for."""
        await self._post("/survey", code=code_in(mail), good=good, comment=comment)

    async def _post(self, path: str, **body: Any) -> httpx.Response:
        async with self._turns:
            answer = await self._http.post(f"/api/v1{path}", json=body)
        _must_succeed(answer, f"POST {path}")
        return answer


@dataclass
class Requester:
    """Somebody outside with a mailbox, who answers what they are sent: one person, however many their tickets."""

    email: str
    mailroom: Mailroom
    sent: int = 0
    _session: Caller | None = None
    _logging_in: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def session(self, log_in: Callable[[str], Awaitable[Caller]]) -> Caller:
        """Log in at the first call and give that session to every later one. A second password link would end the
        session of the first, in the middle of another ticket's life."""
        async with self._logging_in:
            if self._session is None:
                self._session = await log_in(self.email)
            return self._session

    async def answers(self, mail: EmailMessage, text: str) -> Receipt:
        """Replies as mail programs do: with the same subject, in the thread, quoting the mail."""
        return await self._writes(mail, "Re", f"{text}\n\n{_quoted(mail)}")

    async def is_away(self, mail: EmailMessage, words: Words) -> Receipt:
        """Sends the automatic reply of a mail program."""
        return await self._writes(mail, words.away_subject, words.away, "Auto-Submitted: auto-replied")

    async def _writes(self, to: EmailMessage, prefix: str, text: str, *headers: str) -> Receipt:
        self.sent += 1
        thread = " ".join(filter(None, (str(to["References"] or ""), str(to["Message-ID"]))))
        lines = [
            f"From: <{self.email}>",
            f"To: {to['Reply-To']}",
            f"Subject: {prefix}: {to['Subject']}",
            f"Message-ID: <{to['Message-ID'].strip('<>').partition('@')[0]}.{self.sent}@answers.example>",
            f"In-Reply-To: {to['Message-ID']}",
            f"References: {thread}",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 8bit",
            *headers,
        ]
        return await receive_mail(self.mailroom, "\r\n".join([*lines, "", text, ""]).encode())


def code_in(mail: EmailMessage) -> str:
    """The code of the one-click link in a mail. Raises NotAsPlanned if it has none."""
    found = _CODE.search(_text(mail))
    if found is None:
        raise NotAsPlanned(f"the {mail['Subject']!r} mail holds no link")
    return found[1]


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()) if body else ""


def _quoted(mail: EmailMessage) -> str:
    attribution = {
        Language.DUTCH: "Op maandag schreef Balie:",
        Language.ITALIAN: "Il giorno lunedì Balie ha scritto:",
        Language.ENGLISH: "On Monday Balie wrote:",
    }[Language(mail["Content-Language"])]
    return "\n".join([attribution, *(f"> {line}" for line in _text(mail).splitlines())])


def _must_succeed(answer: httpx.Response, what: str) -> None:
    if not answer.is_success:
        raise NotAsPlanned(f"{what} was answered {answer.status_code}: {answer.text[:300]}")
