"""Meeting deadlines in the database: once, not early, and with the snapshot given back."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from services.contract.temporal import DEADLINE_REFUSED, Deadline, MeetDeadline
from services.contract.vocabulary import DeadlineKind, Status
from services.intake.clock.deadline_activity import DeadlineActivity
from services.intake.tables.tables import outbox, timeline
from services.intake.tickets.store import load
from services.intake.tickets.use_cases import meet_deadline
from services.messaging.outbox import CLOCK_SINK
from tests.intake.api_desk import As
from tests.moved_clock import START


async def _order(engine: AsyncEngine, number: int, late: timedelta = timedelta(0)) -> MeetDeadline:
    async with engine.connect() as connection:
        snapshot = (await load(connection, number)).snapshot()
    due = snapshot.next_deadline
    assert due is not None
    return MeetDeadline(number=number, version=snapshot.version, deadline=due, met_at=due.due_at + late)


async def test_a_deadline_met_twice_is_done_once(marieke: As, daan: As, engine: AsyncEngine) -> None:
    opened = await marieke.submits("The printer is on fire")
    await daan.moves(opened, "ask", text="Which?")
    order = await _order(engine, opened["number"])
    async with engine.begin() as connection:
        first = await meet_deadline(connection, order)
    async with engine.begin() as connection:
        second = await meet_deadline(connection, order)

    assert first == second
    async with engine.connect() as connection:
        assert (await load(connection, opened["number"])).reminded_at == order.met_at
        met = select(func.count()).select_from(timeline).where(timeline.c.type == "deadline_met")
        assert (await connection.execute(met)).scalar_one() == 1


async def test_the_answer_tells_the_clock_so_no_outbox_row_does(marieke: As, daan: As, engine: AsyncEngine) -> None:
    opened = await marieke.submits("The printer is on fire")
    await daan.moves(opened, "ask", text="Which?")
    rows = select(func.count()).select_from(outbox).where(outbox.c.sink == CLOCK_SINK)
    async with engine.connect() as connection:
        before = (await connection.execute(rows)).scalar_one()
    order = await _order(engine, opened["number"])
    async with engine.begin() as connection:
        await meet_deadline(connection, order)
        assert (await connection.execute(rows)).scalar_one() == before


async def test_a_ticket_that_closes_or_opens_again_is_told_to_its_clock(
    marieke: As, daan: As, engine: AsyncEngine
) -> None:
    opened = await marieke.submits("Cheap watches")
    rows = select(outbox.c.payload["status"].astext).where(outbox.c.sink == CLOCK_SINK).order_by(outbox.c.id)
    for move in ("spam", "reopen"):
        await daan.moves(opened, move)
    async with engine.connect() as connection:
        assert list((await connection.execute(rows)).scalars()) == ["new", "closed", "open"]


async def test_a_deadline_the_requester_forestalled_is_not_met(marieke: As, daan: As, engine: AsyncEngine) -> None:
    opened = await marieke.submits("The printer is on fire")
    await daan.moves(opened, "ask", text="Which?")
    order = await _order(engine, opened["number"])
    await marieke.moves(opened, "reply", text="The red one.")
    async with engine.begin() as connection:
        snapshot = await meet_deadline(connection, order)
        ticket = await load(connection, opened["number"])
    assert (snapshot.status, ticket.reminded_at) == (Status.OPEN, None)


async def test_the_activity_counts_a_deadline_as_met_when_its_try_began(
    marieke: As, daan: As, engine: AsyncEngine
) -> None:
    opened = await marieke.submits("The printer is on fire")
    await daan.moves(opened, "ask", text="Which?")
    order = await _order(engine, opened["number"])
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, started_time=order.met_at + timedelta(days=1))

    snapshot = await environment.run(
        DeadlineActivity(engine).meet_deadline, order.model_copy(update={"correlation_id": "the-question"})
    )

    assert snapshot.correlation_id == "the-question"
    async with engine.connect() as connection:
        assert (await load(connection, opened["number"])).reminded_at == order.met_at + timedelta(days=1)


async def test_the_activity_gives_up_on_a_ticket_that_is_not_there(engine: AsyncEngine) -> None:
    reminder = Deadline(kind=DeadlineKind.REMINDER, due_at=START)
    order = MeetDeadline(number=404, version=1, deadline=reminder, met_at=START)

    with pytest.raises(ApplicationError, match="There is no ticket 404") as refused:
        await ActivityEnvironment().run(DeadlineActivity(engine).meet_deadline, order)

    assert (refused.value.type, refused.value.non_retryable) == (DEADLINE_REFUSED, True)


async def test_a_finalised_ticket_gets_a_linked_follow_up_on_reply(marieke: As, daan: As, engine: AsyncEngine) -> None:
    opened = await marieke.submits("The printer is on fire", kind="incident", priority="high")
    await daan.moves(opened, "solve", text="Put out.")
    for _ in range(2):
        order = await _order(engine, opened["number"])
        async with engine.begin() as connection:
            await meet_deadline(connection, order)
    ended = await marieke.get(f"/api/v1/tickets/{opened['number']}")
    assert (ended["status"], ended["closed_reason"], ended["moves"]) == ("closed", "finalised", ["follow_up", "rate"])

    follow_up = await marieke.moves(opened, "reply", text="It burns again.")
    assert follow_up["number"] != opened["number"]
    assert (follow_up["follow_up_of"], follow_up["priority"]) == (opened["number"], "high")
    assert (follow_up["status"], follow_up["assignee"]["name"]) == ("open", "Daan Visser")
    ended = await daan.get(f"/api/v1/tickets/{opened['number']}")
    assert (ended["status"], ended["follow_ups"]) == ("closed", [follow_up["number"]])
    refused = await daan.refused(opened, "reply", text="Hello?")
    assert refused["allowed"] == ["note", "tag"]
