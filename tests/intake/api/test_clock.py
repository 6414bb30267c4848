"""What tickets' clocks ask of intake directly: the same as by the activity, and nobody else may."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.temporal import MEET_DEADLINE_PATH, Deadline, MeetDeadline, Snapshot
from services.contract.vocabulary import DeadlineKind, Status
from services.intake.tables.tables import timeline
from services.intake.tickets.store import load
from services.platform.http import RATE_LIMIT
from services.platform.identity import CLOCK_CALL, CLOCK_CALL_LIFETIME, Signer
from tests.intake.api_desk import SECRET, As
from tests.moved_clock import START, MovedClock

DUE_AT = START + timedelta(days=7)


@pytest.fixture
async def number(marieke: As, daan: As) -> int:
    """A ticket that waits for its requester since START."""
    opened = await marieke.submits("The printer is on fire")
    await daan.moves(opened, "ask", text="Which?")
    return int(opened["number"])


async def test_a_clock_has_its_deadline_met_once_and_learns_how_the_ticket_stands(
    api: As, number: int, engine: AsyncEngine, clock: MovedClock
) -> None:
    clock.now = DUE_AT

    first = await _asks(api, _order(number, correlation_id="the-question"), clock)
    second = await _asks(api, _order(number, correlation_id="the-question"), clock)

    assert first.content == second.content
    known = Snapshot.model_validate_json(first.content)
    assert (known.status, known.correlation_id) == (Status.PENDING, "the-question")
    assert known.next_deadline == Deadline(kind=DeadlineKind.CLOSURE, due_at=START + timedelta(days=14))
    async with engine.connect() as connection:
        met = select(func.count()).select_from(timeline).where(timeline.c.type == "deadline_met")
        assert (await connection.execute(met)).scalar_one() == 1


@pytest.mark.parametrize("late", [timedelta(0), timedelta(days=1)])
async def test_a_deadline_is_met_when_the_clock_says_or_when_intake_got_to_it_where_that_is_later(
    api: As, number: int, engine: AsyncEngine, clock: MovedClock, late: timedelta
) -> None:
    clock.now = DUE_AT - timedelta(hours=1) + late

    assert (await _asks(api, _order(number), clock)).status_code == 200

    async with engine.connect() as connection:
        assert (await load(connection, number)).reminded_at == max(DUE_AT, clock.now)


async def test_a_deadline_that_does_not_stand_any_more_is_answered_with_what_does(
    api: As, marieke: As, number: int, clock: MovedClock
) -> None:
    await marieke.moves({"number": number}, "reply", text="The red one.")
    clock.now = DUE_AT

    answer = await _asks(api, _order(number), clock)

    assert Snapshot.model_validate_json(answer.content).status is Status.OPEN


async def test_a_ticket_that_is_not_there_is_refused_in_the_one_way_the_clock_takes_for_an_answer(
    api: As, clock: MovedClock
) -> None:
    answer = await _asks(api, _order(404), clock)

    assert (answer.status_code, answer.json()["detail"]) == (409, "There is no ticket 404.")


@pytest.mark.parametrize(
    "code",
    [
        None,
        "made up",
        Signer("another secret, as long as the real one").link(CLOCK_CALL, "1", START),
        Signer(SECRET).link("survey", "1", START),
        Signer(SECRET).link(CLOCK_CALL, "1", START - CLOCK_CALL_LIFETIME * 2, CLOCK_CALL_LIFETIME),
        Signer(SECRET).link(CLOCK_CALL, "2", START, CLOCK_CALL_LIFETIME),
    ],
    ids=["nothing", "garbage", "another secret", "another purpose", "expired", "another ticket"],
)
async def test_nobody_but_the_tickets_own_clock_may_ask(api: As, code: str | None) -> None:
    headers = {"Authorization": f"Bearer {code}"} if code else {}

    answer = await api.ask("POST", MEET_DEADLINE_PATH, content=_order(1).model_dump_json(), headers=headers)

    assert (answer.status_code, answer.json()["title"]) == (401, "Log in first")


async def test_an_administrator_is_no_clock(anna: As, number: int) -> None:
    answer = await anna.ask("POST", MEET_DEADLINE_PATH, content=_order(number).model_dump_json())

    assert answer.status_code == 401


async def test_what_a_clock_signed_opens_nothing_else(api: As, clock: MovedClock) -> None:
    answer = await api.ask("GET", "/api/v1/tickets", headers=_signed(1, clock.now))

    assert answer.status_code == 401


async def test_something_that_is_no_order_is_said_to_be_none(api: As, clock: MovedClock) -> None:
    answer = await api.ask("POST", MEET_DEADLINE_PATH, content=b'{"number": 1}', headers=_signed(1, clock.now))

    assert (answer.status_code, answer.json()["detail"]) == (422, "This is no deadline to meet: 3 fields are wrong.")


async def test_a_storm_of_deadlines_is_not_held_back(api: As, number: int, clock: MovedClock) -> None:
    for _ in range(RATE_LIMIT + 1):
        answer = await api.ask("POST", MEET_DEADLINE_PATH)
        assert answer.status_code == 401

    assert (await _asks(api, _order(number), clock)).status_code == 200


async def test_the_published_api_does_not_mention_it(api: As) -> None:
    assert "/internal/" not in str(await api.get("/api/v1/openapi.json"))


def _order(number: int, **facts: Any) -> MeetDeadline:
    reminder = Deadline(kind=DeadlineKind.REMINDER, due_at=DUE_AT)
    return MeetDeadline(number=number, version=2, deadline=reminder, met_at=DUE_AT, **facts)


def _signed(number: int, now: datetime) -> dict[str, str]:
    return {"Authorization": f"Bearer {Signer(SECRET).link(CLOCK_CALL, str(number), now, CLOCK_CALL_LIFETIME)}"}


async def _asks(api: As, order: MeetDeadline, clock: MovedClock) -> httpx.Response:
    headers = _signed(order.number, clock.now)
    return await api.ask("POST", MEET_DEADLINE_PATH, content=order.model_dump_json(), headers=headers)
