"""The links of a reminder: no log-in, one question, and a look changes nothing."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.tables.tables import outbox
from services.platform.identity import REMINDER_LINK, SURVEY_LINK, Signer, question
from tests.intake.api.test_steps import asked, at
from tests.intake.api_desk import SECRET, As
from tests.moved_clock import MovedClock

PATH = "/api/v1/answer-link"


def code(ticket: dict[str, Any], clock: MovedClock) -> str:
    """What the reminder of the ticket's present question carries."""
    about = question(ticket["number"], datetime.fromisoformat(ticket["asked_at"]))
    return Signer(SECRET).link(REMINDER_LINK, about, clock())


async def test_a_look_shows_what_may_be_answered_and_changes_nothing(
    api: As, marieke: As, daan: As, clock: MovedClock
) -> None:
    waiting = await asked(marieke, daan)
    shown = await api.get(PATH, code=code(waiting, clock))
    assert shown == {
        "number": waiting["number"],
        "subject": "The printer is on fire",
        "language": "nl",
        "status": "pending",
        "acts": ["confirm_solved", "keep_open", "postpone"],
        "closes_at": at(14),
        "zone": "Europe/Amsterdam",
    }
    assert (await daan.get(f"/api/v1/tickets/{waiting['number']}"))["version"] == waiting["version"]


async def test_keeping_open_by_link_is_the_requesters_act_and_works_once(
    api: As, marieke: As, daan: As, clock: MovedClock
) -> None:
    waiting = await asked(marieke, daan)
    link = code(waiting, clock)
    clock.move(timedelta(days=1))
    kept = await api.does(PATH, {"code": link, "act": "keep_open"})
    assert kept == {"status": "pending", "closes_at": at(15), "zone": "Europe/Amsterdam"}
    line = (await daan.get(f"/api/v1/tickets/{waiting['number']}/timeline"))["items"][-1]
    assert (line["event"]["type"], line["actor"]["name"], line["actor"]["staff"]) == (
        "kept_open",
        "Marieke de Vries",
        False,
    )
    again = await api.ask("POST", PATH, json={"code": link, "act": "confirm_solved"})
    assert (again.status_code, again.json()["type"]) == (409, "https://balie.example/problems/conflict")
    assert "earlier question" in again.json()["detail"]
    assert (await api.ask("GET", PATH, params={"code": link})).status_code == 409


async def test_it_is_solved_by_link(api: As, marieke: As, daan: As, clock: MovedClock) -> None:
    waiting = await asked(marieke, daan)
    link = code(waiting, clock)
    assert (await api.does(PATH, {"code": link, "act": "confirm_solved"}))["status"] == "solved"
    assert (await api.ask("GET", PATH, params={"code": link})).status_code == 409


async def test_postponing_by_link_has_its_limit(api: As, marieke: As, daan: As, clock: MovedClock) -> None:
    waiting = await asked(marieke, daan)
    link = code(waiting, clock)
    for until in ({}, {"until": at(31)}, {"until": at(-1)}):
        refused = await api.ask("POST", PATH, json={"code": link, "act": "postpone", **until})
        assert refused.status_code == 422
    assert (await api.does(PATH, {"code": link, "act": "postpone", "until": at(30)}))["closes_at"] == at(30)
    assert (await api.get(PATH, code=link))["closes_at"] == at(30)


async def test_the_same_postponement_again_changes_nothing_and_tells_nobody(
    api: As, marieke: As, daan: As, clock: MovedClock, engine: AsyncEngine
) -> None:
    waiting = await asked(marieke, daan)
    wish = {"code": code(waiting, clock), "act": "postpone", "until": at(20)}
    await api.does(PATH, wish)
    once = await daan.get(f"/api/v1/tickets/{waiting['number']}"), await _told(engine)
    clock.move(timedelta(minutes=1))
    again = await api.does(PATH, wish)
    assert again == {"status": "pending", "closes_at": at(20), "zone": "Europe/Amsterdam"}
    assert (await daan.get(f"/api/v1/tickets/{waiting['number']}"), await _told(engine)) == once
    assert (await api.does(PATH, {**wish, "until": at(21)}))["closes_at"] == at(21)


async def _told(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(outbox))).scalar_one()


@pytest.mark.parametrize("made", ["forged", "other purpose", "no question", "too late"])
async def test_another_link_answers_nothing(api: As, marieke: As, daan: As, clock: MovedClock, made: str) -> None:
    waiting = await asked(marieke, daan)
    about = question(waiting["number"], clock())
    link = {
        "forged": Signer("another secret that is long enough").link(REMINDER_LINK, about, clock()),
        "other purpose": Signer(SECRET).link(SURVEY_LINK, about, clock()),
        "no question": Signer(SECRET).link(REMINDER_LINK, "7", clock()),
        "too late": Signer(SECRET).link(REMINDER_LINK, about, clock() - timedelta(days=100)),
    }[made]
    assert (await api.ask("GET", PATH, params={"code": link})).status_code == 401
    assert (await api.ask("POST", PATH, json={"code": link, "act": "keep_open"})).status_code == 401
