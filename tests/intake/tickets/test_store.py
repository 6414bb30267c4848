"""What saving a ticket costs, and when its clock is told."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contract.errors import Conflict
from services.contract.event_data import Actor
from services.contract.temporal import MeetDeadline
from services.contract.vocabulary import ClosedReason, DeadlineKind, Metric, Priority, Status
from services.intake.rules.decide import Command, decide
from services.intake.rules.moves.ask import Ask
from services.intake.rules.moves.note import Note
from services.intake.rules.moves.reopen import Reopen
from services.intake.rules.moves.reply import Reply
from services.intake.rules.moves.solve import Solve
from services.intake.rules.moves.spam import MarkSpam
from services.intake.rules.ticket import Decision, Ticket
from services.intake.tables.tables import outbox, ticket
from services.intake.tickets.store import create, load, lock, next_number, save, save_by_clock
from services.intake.tickets.use_cases import meet_deadline
from services.messaging.outbox import CLOCK_SINK
from services.platform.database import transaction
from services.promises import deadlines
from services.promises.standing import Alert, Override, Standing, Stretch
from tests.intake.api_desk import As
from tests.intake.query_count import queries_of
from tests.intake.ticket_life import AGENT, PLAIN, message
from tests.moved_clock import START

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def worked_out(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the tickets whose deadlines were worked out since the test began, one for each time."""
    seen: list[int] = []
    genuine = deadlines.coming

    def noted(standing: Any, policy: Any, **how: Any) -> Iterator[deadlines.Due]:
        seen.append(standing.number)
        return genuine(standing, policy, **how)

    monkeypatch.setattr(deadlines, "coming", noted)
    return seen


@pytest.fixture
async def number(marieke: As, engine: AsyncEngine) -> int:
    """The number of a ticket of Marieke's, opened at START, for which nothing is promised."""
    first = int((await marieke.submits("The printer is on fire"))["number"])
    async with transaction(engine) as connection:
        return await _opened_like(connection, first)


async def _opened_like(connection: AsyncConnection, number: int) -> int:
    like, other = await load(connection, number), await next_number(connection)
    standing = like.standing._replace(number=other)
    opened = like.model_copy(update={"standing": standing, "policy": PLAIN.pinned("plain")})
    await create(connection, Decision(opened))
    return other


def _updates(statements: list[str]) -> list[str]:
    return [each for each in statements if each.lower().startswith("update intake.ticket ")]


async def _carry_out(engine: AsyncEngine, number: int, command: Command, now: datetime) -> Ticket:
    async with transaction(engine) as connection:
        before = await lock(connection, number)
        decision = decide(before, command, now)
        await save(connection, before, decision, now)
    return decision.ticket


async def _told(connection: AsyncConnection) -> int:
    rows = select(func.count()).select_from(outbox).where(outbox.c.sink == CLOCK_SINK)
    return int((await connection.execute(rows)).scalar_one())


async def _wakes_at(connection: AsyncConnection, number: int) -> datetime | None:
    found: datetime | None = (
        await connection.execute(select(ticket.c.wakes_at).where(ticket.c.number == number))
    ).scalar_one()
    return found


async def test_a_new_ticket_is_worked_out_once_and_written_once(
    number: int, engine: AsyncEngine, worked_out: list[int]
) -> None:
    worked_out.clear()
    async with transaction(engine) as connection:
        with queries_of(engine) as statements:
            other = await _opened_like(connection, number)
    assert (worked_out, _updates(statements)) == ([other], [])


async def test_all_that_deadlines_are_computed_from_is_read_as_it_was_saved(number: int, engine: AsyncEngine) -> None:
    step = Override(DeadlineKind.SURVEY, START + DAY)
    instants = ("asked_at", "reminded_at", "surveyed_at", "replied_at", "waits_since", "snoozed_until")
    async with transaction(engine) as connection:
        like, other = await load(connection, number), await next_number(connection)
        saved = Standing(
            other,
            Priority.HIGH,
            (Stretch(Status.OPEN, START), Stretch(Status.CLOSED, START + HOUR)),
            closed_reason=ClosedReason.SPAM,
            alerts=(Alert(DeadlineKind.BREACH, Metric.RESOLUTION, 0),),
            overrides=(step,),
            mail_down=HOUR,
            reopened_from=(step,),
            **{name: START + hours * HOUR for hours, name in enumerate(instants)},
        )
        assert [name for name, unset in Standing._field_defaults.items() if getattr(saved, name) == unset] == []
        await create(connection, Decision(like.model_copy(update={"standing": saved})))
        assert (await load(connection, other)).standing == saved


async def test_a_save_works_out_the_deadline_once_and_updates_the_row_once(
    number: int, engine: AsyncEngine, worked_out: list[int]
) -> None:
    # The first is told to the clock, the second is not.
    for command in (Ask(AGENT, message()), Note(AGENT, message())):
        async with transaction(engine) as connection:
            before = await lock(connection, number)
            decision = decide(before, command, START + HOUR)
            worked_out.clear()
            with queries_of(engine) as statements:
                await save(connection, before, decision, START + HOUR)
        assert (worked_out, len(_updates(statements))) == ([number], 1)


async def test_a_save_by_the_clock_works_out_the_deadline_once_and_updates_the_row_once(
    number: int, engine: AsyncEngine, worked_out: list[int]
) -> None:
    asked = await _carry_out(engine, number, Ask(AGENT, message()), START)
    due = asked.deadlines[0]
    order = MeetDeadline(number=number, version=asked.version, deadline=due, met_at=due.due_at)
    async with transaction(engine) as connection:
        told = await _told(connection)
        with queries_of(engine) as statements:
            answer = await meet_deadline(connection, order)
        assert len(_updates(statements)) == 1
        assert answer.next_deadline is not None
        assert await _wakes_at(connection, number) == answer.next_deadline.due_at
        assert await _told(connection) == told
        met = await lock(connection, number)
        decision = decide(met, Note(AGENT, message()), due.due_at)
        worked_out.clear()
        again = await save_by_clock(connection, met, decision, due.due_at)
    assert (worked_out, again.next_deadline) == ([number], answer.next_deadline)


async def test_a_clock_that_asks_about_what_is_past_sleeps_until_what_its_answer_says(
    number: int, engine: AsyncEngine
) -> None:
    asked = await _carry_out(engine, number, Ask(AGENT, message()), START)
    due = asked.deadlines[0]
    requester = Actor(kind="person", name="Marieke", person_id=asked.requester.person_id)
    await _carry_out(engine, number, Reply(requester, message()), START + HOUR)
    order = MeetDeadline(number=number, version=asked.version, deadline=due, met_at=due.due_at)
    async with transaction(engine) as connection:
        assert await _wakes_at(connection, number) == due.due_at
        assert (await meet_deadline(connection, order)).next_deadline is None
        assert await _wakes_at(connection, number) is None
        with queries_of(engine) as statements:
            await meet_deadline(connection, order)
    assert len(_updates(statements)) == 1


async def test_a_clock_is_told_exactly_of_what_it_would_oversleep(number: int, engine: AsyncEngine) -> None:
    requester = Actor(kind="person", name="Marieke")
    lived: list[tuple[str, bool, bool]] = []
    for command, after in (
        (Note(AGENT, message()), HOUR),  # nothing is due, before and after
        (Ask(AGENT, message()), HOUR),  # the first deadline, and the clock sleeps for good
        (Note(AGENT, message()), HOUR),  # due as before
        (Reply(requester, message()), HOUR),  # nothing is due any more: a clock that wakes up for nothing asks
        (Ask(AGENT, message()), DAY),  # due later than the clock wakes up
        (Solve(AGENT, None), HOUR),  # the survey, due sooner
        (Reopen(AGENT), HOUR),  # nothing is due any more
        (MarkSpam(AGENT), HOUR),  # closed
        (Note(AGENT, message()), HOUR),  # closed before and after
        (Reopen(AGENT), HOUR),  # opened again
    ):
        async with engine.connect() as connection:
            told, slept = await _told(connection), await _wakes_at(connection, number)
        saved = await _carry_out(engine, number, command, START + after * (len(lived) + 1))
        due = saved.snapshot().next_deadline
        async with engine.connect() as connection:
            hears = await _told(connection) - told == 1
            sleeps = await _wakes_at(connection, number)
        lived.append((type(command).__name__, hears, sleeps == ((due.due_at if due else None) if hears else slept)))
    assert lived == [
        ("Note", False, True),
        ("Ask", True, True),
        ("Note", False, True),
        ("Reply", False, True),
        ("Ask", False, True),
        ("Solve", True, True),
        ("Reopen", False, True),
        ("MarkSpam", True, True),
        ("Note", False, True),
        ("Reopen", True, True),
    ]


async def test_a_ticket_that_moved_on_meanwhile_is_not_written_over(number: int, engine: AsyncEngine) -> None:
    async with transaction(engine) as connection:
        before = await lock(connection, number)
        moved = update(ticket).where(ticket.c.number == number).values(version=before.version + 1)
        await connection.execute(moved)
        with pytest.raises(Conflict):
            await save(connection, before, decide(before, Note(AGENT, message()), START), START)
