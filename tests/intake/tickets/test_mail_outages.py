"""When mail could not come in, no ticket is closed for want of an answer."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.errors import Conflict, Invalid
from services.contract.temporal import Deadline, MeetDeadline
from services.contract.vocabulary import DeadlineKind, Priority
from services.intake.rules.outages import LASTING_STEP, Outages, Period, uncovered
from services.intake.rules.simulation.lives import Life
from services.intake.tables.tables import received_mail
from services.intake.tickets.mail_outages import (
    GAP_MIN,
    OWN_REASON,
    Outage,
    beat,
    end_outage,
    keep_pulse,
    list_outages,
    mail_down_since,
    report_outage,
)
from services.intake.tickets.use_cases import meet_deadline
from services.platform.clock import wall_clock
from services.platform.database import transaction
from services.promises.deadlines import next_due
from services.promises.policy import Policy
from services.promises.standing import asked, opened, reminded
from tests.intake.api_desk import api_on
from tests.moved_clock import MovedClock
from tests.patience import until

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _at(hours: float) -> datetime:
    return NOON + HOUR * hours


@pytest.mark.parametrize(
    ("reported", "known", "left"),
    [
        ((0, 4), [], [(0, 4)]),
        ((0, 4), [(1, 2)], [(0, 1), (2, 4)]),
        ((0, 4), [(2, 3), (-1, 1)], [(1, 2), (3, 4)]),
        ((0, 4), [(0, 4)], []),
        ((0, 4), [(-1, 9)], []),
        ((0, 4), [(4, 5)], [(0, 4)]),
        ((0, 4), [(1, None)], [(0, 1)]),
        ((0, None), [(1, 2)], [(0, 1), (2, None)]),
        ((3, None), [(1, 2)], [(3, None)]),
    ],
)
def test_what_is_known_already_is_not_counted_twice(
    reported: tuple[float, float | None],
    known: list[tuple[float, float | None]],
    left: list[tuple[float, float | None]],
) -> None:
    def span(hours: tuple[float, float | None]) -> Period:
        return _at(hours[0]), None if hours[1] is None else _at(hours[1])

    assert uncovered(span(reported), map(span, known)) == [span(each) for each in left]


async def test_a_closure_waits_as_long_again_as_mail_was_down(engine: AsyncEngine, clock: MovedClock) -> None:
    clock.now = NOON
    async with api_on(engine, clock) as desk:
        marieke, daan = await desk.logs_in("marieke@devries.example"), await desk.logs_in("daan@balie.example")
        number = (await marieke.submits("De printer brandt"))["number"]
        await daan.moves({"number": number}, "ask", text="Welke?")

        async def met(kind: DeadlineKind, due_at: datetime) -> None:
            order = MeetDeadline(number=number, version=2, deadline=Deadline(kind=kind, due_at=due_at), met_at=due_at)
            async with transaction(engine) as connection:
                await meet_deadline(connection, order)

        await met(DeadlineKind.REMINDER, NOON + 7 * DAY)
        clock.now = NOON + 10 * DAY
        async with transaction(engine) as connection:
            # Two hours of it lie before the reminder and make no difference.
            await report_outage(connection, NOON + 7 * DAY - 2 * HOUR, NOON + 7 * DAY + HOUR, "moved", clock.now)
            await report_outage(connection, NOON + 9 * DAY, NOON + 9 * DAY + 4 * HOUR, "full", clock.now)

        await met(DeadlineKind.CLOSURE, NOON + 14 * DAY)
        daan = await desk.logs_in("daan@balie.example")
        ticket = await daan.get(f"/api/v1/tickets/{number}")
        assert ticket["status"] == "pending"
        assert [(each["kind"], datetime.fromisoformat(each["due_at"])) for each in ticket["deadlines"]] == [
            ("closure", NOON + 14 * DAY + 5 * HOUR)
        ]
        await met(DeadlineKind.CLOSURE, NOON + 14 * DAY + 5 * HOUR)
        assert (await daan.get(f"/api/v1/tickets/{number}"))["closed_reason"] == "no_response"
        lines = (await daan.get(f"/api/v1/tickets/{number}/timeline"))["items"]
        happened = [line["event"] for line in lines if line["event"]]
        (postponed,) = [each["facts"] for each in happened if each["type"] == "postponed"]
        assert (postponed["reason"], postponed["down_seconds"]) == ("mail_down", 5 * 3600)
        closed = [each["facts"] for each in happened if each["type"] == "deadline_met"][-1]
        assert {"reason": "mail_down", "seconds": 5 * 3600} in closed["because"]


async def test_an_outage_that_lasts_moves_a_closure_a_few_times_a_day_not_every_minute(engine: AsyncEngine) -> None:
    asked_at, closes_at = NOON - 14 * DAY, NOON
    async with transaction(engine) as connection:
        (lasting,) = await report_outage(connection, NOON - timedelta(seconds=10), None, "the provider", NOON)
        assert await mail_down_since(connection, asked_at, closes_at) == LASTING_STEP
        assert await mail_down_since(connection, asked_at, closes_at + LASTING_STEP) == 2 * LASTING_STEP
        await end_outage(connection, lasting.id, NOON + 8 * HOUR, NOON + 8 * HOUR)
        exactly = 8 * HOUR + timedelta(seconds=10)
        assert await mail_down_since(connection, asked_at, closes_at + 2 * LASTING_STEP) == exactly


def test_a_life_lived_again_waits_for_an_outage_in_the_steps_in_which_the_desk_waited() -> None:
    policy = Policy().pinned("standard")
    waiting = asked(opened(1, Priority.LOW, NOON, taken_up=True), NOON)
    reminder = next_due(waiting, policy)
    assert reminder is not None
    closure = next_due(reminded(waiting, reminder.at), policy)
    assert closure is not None
    # Its end is known now; while it lasted nobody knew.
    outages = Outages(((closure.at - HOUR, closure.at + 8 * HOUR),))
    life = Life(waiting, policy, {}, outages, NOON)
    life.pass_until(closure.at + 10 * DAY)

    closes_at = closure.at + 2 * LASTING_STEP
    assert [(each.kind, each.at) for each in life.met[:2]] == [
        (DeadlineKind.REMINDER, reminder.at),
        (DeadlineKind.CLOSURE, closes_at),
    ]


async def test_an_outage_is_not_ended_while_another_is_reported(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        (lasting,) = await report_outage(connection, NOON, None, "the provider", NOON + HOUR)

    async def reports() -> list[Outage]:
        async with transaction(engine) as connection:
            return await report_outage(connection, NOON, NOON + 4 * HOUR, "the server as well", NOON + 4 * HOUR)

    async with transaction(engine) as connection:
        await end_outage(connection, lasting.id, NOON + 2 * HOUR, NOON + 4 * HOUR)
        reporting = asyncio.create_task(reports())

        async def waits_or_is_done() -> bool:
            async with engine.connect() as other:
                waiting = (await other.execute(text("select 1 from pg_locks where not granted limit 1"))).scalar()
            return reporting.done() or bool(waiting)

        await until(waits_or_is_done, "the report waits for the end")
    assert [(each.began_at, each.ended_at) for each in await reporting] == [(NOON + 2 * HOUR, NOON + 4 * HOUR)]


async def test_a_desk_that_has_not_beaten_since_its_outage_closes_nothing_yet(engine: AsyncEngine) -> None:
    now = wall_clock()
    async with transaction(engine) as connection:
        await beat(connection, now - 2 * HOUR)
        assert await mail_down_since(connection, now - DAY, now) == LASTING_STEP
        (found,) = await beat(connection, now)
        assert await mail_down_since(connection, now - DAY, now) == 2 * HOUR
        assert (found.began_at, found.ended_at) == (now - 2 * HOUR, now)


async def test_a_desk_that_beats_or_hears_mail_is_up(engine: AsyncEngine) -> None:
    now = wall_clock()
    async with transaction(engine) as connection:
        assert await mail_down_since(connection, now - DAY, now) == timedelta(0)
        await beat(connection, now - 2 * HOUR)
        mail = {"key": "<2@x>", "refused": "a loop", "received_at": now - HOUR}
        await connection.execute(received_mail.insert().values(mail))
        assert await mail_down_since(connection, now - DAY, now) == timedelta(0)


async def test_a_pulse_outlives_a_statement_that_failed(engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.intake.tickets.mail_outages.PULSE_EVERY", timedelta(0))
    beats: list[int] = []

    def clock() -> datetime:
        beats.append(1)
        # What a statement raises that runs while PostgreSQL shuts down.
        raise DBAPIError("beat", None, Exception("terminating connection due to administrator command"))

    pulsing = asyncio.create_task(keep_pulse(engine, clock))

    async def tried_again() -> bool:
        return len(beats) > 1

    await until(tried_again, "it has tried to beat again")
    pulsing.cancel()
    with suppress(asyncio.CancelledError):
        await pulsing


async def test_a_gap_in_the_pulse_is_an_outage_found_once(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        assert await beat(connection, NOON) == []
        assert await beat(connection, NOON + GAP_MIN - timedelta(seconds=1)) == []
        woken = NOON + 6 * HOUR
        (found,) = await beat(connection, woken)
        assert (found.began_at, found.ended_at) == (NOON + GAP_MIN - timedelta(seconds=1), woken)
        assert found.reason == OWN_REASON
        assert await beat(connection, woken) == []


async def test_a_gap_in_which_mail_came_in_is_none(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        await beat(connection, NOON)
        mail = {"key": "<1@x>", "refused": "a loop", "received_at": NOON + HOUR}
        await connection.execute(received_mail.insert().values(mail))
        assert await beat(connection, NOON + 6 * HOUR) == []


async def test_an_outage_that_lasts_is_ended_once(engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        (lasting,) = await report_outage(connection, NOON, None, "the provider", NOON + HOUR)
        with pytest.raises(Conflict):
            await report_outage(connection, NOON + HOUR, None, "again", NOON + HOUR)
        with pytest.raises(Invalid):
            await end_outage(connection, lasting.id, NOON + 3 * HOUR, NOON + 2 * HOUR)
        ended = await end_outage(connection, lasting.id, NOON + 2 * HOUR, NOON + 2 * HOUR)
        assert await end_outage(connection, lasting.id, NOON + 3 * HOUR, NOON + 3 * HOUR) == ended
        assert await list_outages(connection, None, 10) == [ended]


@pytest.mark.parametrize(("begins", "ends"), [(1, None), (-9000, None), (-1, -2), (-1, 1)])
async def test_times_that_make_no_sense_are_refused(engine: AsyncEngine, begins: float, ends: float | None) -> None:
    async with transaction(engine) as connection:
        with pytest.raises(Invalid):
            await report_outage(connection, _at(begins), None if ends is None else _at(ends), "why", NOON)


async def test_only_administrators_report_outages(engine: AsyncEngine, clock: MovedClock) -> None:
    async with api_on(engine, clock) as desk:
        body = {"began_at": (clock() - HOUR).isoformat(), "reason": "the mail server was moved"}
        agent = await desk.logs_in("daan@balie.example")
        answer = await agent.ask("POST", "/api/v1/mail-outages", json=body)
        assert answer.status_code == 403
        marieke = await desk.logs_in("marieke@devries.example")
        assert (await marieke.ask("GET", "/api/v1/mail-outages")).status_code == 403
        admin = await desk.logs_in("admin@balie.example")
        (added,) = (await admin.does("/api/v1/mail-outages", body))["items"]
        ended = await admin.does(f"/api/v1/mail-outages/{added['id']}/end")
        assert ended["ended_at"] is not None
        assert (await agent.get("/api/v1/mail-outages"))["items"] == [ended]
