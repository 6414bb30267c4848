"""End to end in one process: from HTTP through outbox, clock and broker to mail, on the parts `make run` uses."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.cli.embedded.whole import Embedded, running
from services.intake.rules.contracts import ContractTerms, Terms
from services.promises.working_time import Span
from tests.patience import until
from tests.smtp_server import SmtpServer, running_smtp_server

MARIEKE = "marieke@devries.example"


def _seconds(length: float) -> Span:
    return Span(length=timedelta(seconds=length))


FAST = Terms(
    name="fast",
    contract=ContractTerms(
        reminder_after=_seconds(1),
        closure_after=_seconds(2),
        survey_after=_seconds(1),
        survey_spread=timedelta(0),
        finalisation_after=_seconds(2),
    ),
)


@dataclass
class Desk:
    """The running desk, as its people use it."""

    balie: Embedded
    http: httpx.AsyncClient
    smtp: SmtpServer

    async def log_in(self, email: str) -> dict[str, str]:
        """The headers that say who calls."""
        body = {"email": email, "password": self.balie.password}
        answer = await self.http.post("/api/v1/sessions", json=body)
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    async def does(self, who: dict[str, str], path: str, **body: Any) -> Any:
        """A POST that must succeed."""
        answer = await self.http.post(f"/api/v1/tickets{path}", json=body, headers=who)
        assert answer.is_success, answer.text
        return answer.json()

    async def ticket(self, who: dict[str, str], number: int) -> Any:
        """The ticket as this person sees it."""
        return (await self.http.get(f"/api/v1/tickets/{number}", headers=who)).json()

    async def evidence(self, who: dict[str, str], number: int) -> list[dict[str, Any]]:
        """What the clock did, from the ticket's history."""
        page = (await self.http.get(f"/api/v1/tickets/{number}/timeline?limit=100", headers=who)).json()
        happenings = [line["event"] for line in page["items"] if line["event"]]
        return [happening["facts"] for happening in happenings if happening["type"] == "deadline_met"]

    def mails_to(self, address: str) -> list[EmailMessage]:
        """What this address got so far."""
        return [message for message in self.smtp.messages if message["X-Envelope-To"] == address]

    async def mails(self, address: str, count: int) -> list[EmailMessage]:
        """What this address got, once it is so many."""
        await until(lambda: len(self.mails_to(address)) >= count, f"{count} mails to {address}")
        return self.mails_to(address)


@pytest.fixture(scope="module")
async def desk(parts_folder: Path) -> AsyncIterator[Desk]:
    state = parts_folder / "whole-life"
    with running_smtp_server() as smtp:
        async with (
            running(state, standard=FAST, smtp_url=smtp.url) as balie,
            httpx.AsyncClient(base_url=balie.intake_url, timeout=30) as http,
        ):
            yield Desk(balie, http, smtp)


async def test_silence_is_reminded_of_and_closed_and_a_reply_reopens(desk: Desk) -> None:
    marieke, daan = await desk.log_in(MARIEKE), await desk.log_in("daan@balie.example")
    before = len(desk.mails_to(MARIEKE))
    number = (await desk.does(marieke, "", subject="De printer brandt", text="Help!"))["number"]
    await desk.does(daan, f"/{number}/ask", text="Welke printer?")

    async def is_closed() -> bool:
        return bool((await desk.ticket(daan, number))["status"] == "closed")

    await until(is_closed, "the ticket is closed")
    assert (await desk.ticket(daan, number))["closed_reason"] == "no_response"
    reminder, closure = await desk.evidence(daan, number)
    assert (reminder["deadline"], closure["deadline"]) == ("reminder", "closure")
    for met in (reminder, closure):
        assert datetime.fromisoformat(met["met_at"]) >= datetime.fromisoformat(met["due_at"])
        assert met["policy"].startswith("fast-")

    reopened = await desk.does(marieke, f"/{number}/reply", text="De rode.")
    assert (reopened["status"], reopened["reopened"]) == ("open", 1)

    # Confirmation, question, reminder, closure: one mail each, in her language, each its own Message-ID.
    got = (await desk.mails(MARIEKE, before + 4))[before:]
    assert len({message["Message-ID"] for message in got}) == 4
    assert all(f"#{number}]" in message["Subject"] for message in got)


async def test_a_solved_ticket_is_surveyed_finalised_and_followed_up(desk: Desk) -> None:
    marieke, daan = await desk.log_in(MARIEKE), await desk.log_in("daan@balie.example")
    number = (await desk.does(marieke, "", subject="Wat betekent geparkeerd?", text="Dat zie ik staan."))["number"]
    await desk.does(daan, f"/{number}/solve", text="Het wacht op een nieuwe versie.")

    async def is_final() -> bool:
        return bool((await desk.ticket(daan, number))["closed_reason"] == "finalised")

    await until(is_final, "the ticket is finalised")
    survey, final = await desk.evidence(daan, number)
    assert (survey["deadline"], final["deadline"]) == ("survey", "finalisation")

    follow_up = await desk.does(marieke, f"/{number}/reply", text="En nu?")
    assert follow_up["follow_up_of"] == number
    assert (await desk.ticket(daan, number))["follow_ups"] == [follow_up["number"]]

    def about() -> list[EmailMessage]:
        return [message for message in desk.mails_to(MARIEKE) if f"#{number}]" in message["Subject"]]

    # Confirmation with articles, solution, survey; finalisation is silent, as the solution announced it.
    await until(lambda: len(about()) >= 3, "three mails about the ticket")
    assert len(about()) == 3
    said = [body.get_content() for message in about() if (body := message.get_body(("plain",)))]
    # Only the confirmation names articles; in which order mails arrive nobody promises.
    assert len([text for text in said if "/help/ticket-statuses" in text]) == 1


async def test_the_correlation_id_of_a_request_arrives_in_the_mail_it_caused(desk: Desk) -> None:
    marieke = await desk.log_in(MARIEKE)
    body = {"subject": "Waar is mijn bon?", "text": "Kwijt."}
    answer = await desk.http.post("/api/v1/tickets", json=body, headers={**marieke, "X-Request-ID": "trace-me-42"})
    number = answer.json()["number"]

    def confirmation() -> list[EmailMessage]:
        return [message for message in desk.mails_to(MARIEKE) if f"#{number}]" in message["Subject"]]

    await until(lambda: len(confirmation()) == 1, "the confirmation")
    assert confirmation()[0]["X-Balie-Correlation-Id"] == "trace-me-42"


async def test_the_correlation_id_of_a_question_arrives_in_the_reminder_its_clock_caused(desk: Desk) -> None:
    marieke, daan = await desk.log_in(MARIEKE), await desk.log_in("daan@balie.example")
    number = (await desk.does(marieke, "", subject="Waar is mijn factuur?", text="Kwijt."))["number"]
    asked = {**daan, "X-Request-ID": "asked-77"}
    await desk.does(asked, f"/{number}/ask", text="Van welke maand?")

    def caused() -> list[EmailMessage]:
        return [message for message in desk.mails_to(MARIEKE) if message["X-Balie-Correlation-Id"] == "asked-77"]

    # The question, the reminder and the closure: one act and what its clock made of it.
    await until(lambda: len(caused()) == 3, "three mails under the id of the question")
