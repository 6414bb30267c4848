"""Whatever is broken by hand between a ticket and its clock is found, and set right."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity
from temporalio.client import Client, Interceptor, OutboundInterceptor, QueryWorkflowInput, WorkflowExecutionStatus
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError
from temporalio.worker import Worker

from services.contract.event_data import Contact
from services.contract.temporal import (
    INTAKE_BULK_TASK_QUEUE,
    MEET_DEADLINE_ACTIVITY,
    RECONCILE_SCHEDULE,
    SNAPSHOT_QUERY,
    TICKET_WORKFLOW,
    WORKFLOW_TASK_QUEUE,
    MeetDeadline,
    Snapshot,
    workflow_id,
)
from services.contract.vocabulary import ClosedReason, Status
from services.intake.clock.reconcile_activity import ReconcileActivity
from services.intake.clock.reconciliation import HELD_TWICE, Comparison, compare, heal
from services.intake.rules.decide import decide
from services.intake.rules.moves.spam import MarkSpam
from services.intake.rules.ticket import Decision, Ticket
from services.intake.tables.tables import outbox, person, ticket
from services.intake.tickets.store import create, load, save
from services.intake.tickets.ticket_row import ticket_values
from services.messaging.clock_sink import ClockSink
from services.messaging.outbox import OutboxRow
from services.platform.clock import wall_clock
from services.platform.database import transaction
from services.promises.deadlines import next_due
from services.workflows.reconcile_schedule import keep_reconciling
from services.workflows.worker import ticket_worker
from tests.intake.ticket_life import AGENT, DAAN, MARIEKE, asked, new_ticket, solved
from tests.patience import until

EVER = datetime(2000, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Counter:
    """A desk with its clocks: what lies in the outbox goes out only when told."""

    def __init__(self, engine: AsyncEngine, temporal: Client) -> None:
        self.engine, self.temporal = engine, temporal
        self.numbers: set[int] = set()

    async def opens(self, number: int) -> Ticket:
        """A ticket asked about an hour ago, with its clock."""
        then = wall_clock() - HOUR
        what = asked(new_ticket(then, number=number), then)
        async with transaction(self.engine) as connection:
            await connection.execute(insert(person).on_conflict_do_nothing(), [_row(MARIEKE), _row(DAAN)])
            await create(connection, Decision(what))
        self.numbers.add(number)
        await self.relays()
        return what

    async def relays(self) -> None:
        """What waits for the clocks goes out."""
        async with transaction(self.engine) as connection:
            rows = (await connection.execute(select(outbox).order_by(outbox.c.id))).all()
            results = await ClockSink(self.temporal).deliver([OutboxRow(**_of_outbox(row)) for row in rows])
            assert set(results) <= {None}
            await connection.execute(outbox.delete())

    async def looks(self) -> Comparison:
        """Every clock is asked; only this test's tickets count, for others share the server."""
        found = await compare(self.engine, self.temporal, wall_clock(), since=EVER)
        found.differing = [each for each in found.differing if each.number in self.numbers]
        return found

    async def heals(self) -> None:
        """What a comparison finds is set right, and told."""
        await heal(self.engine, self.temporal, await self.looks(), wall_clock())
        await self.relays()

    async def agrees(self, number: int) -> None:
        """Wait until clock and ticket do."""

        async def same() -> bool:
            async with self.engine.connect() as connection:
                row = (await load(connection, number)).snapshot()
            known = await self.known(number)
            return known.version <= row.version and known.in_time_for(row)

        await until(same, f"the clock of {number} knows its ticket")

    async def known(self, number: int) -> Snapshot:
        """What the clock knows."""
        handle = self.temporal.get_workflow_handle(workflow_id(number))
        known: Snapshot = await handle.query(SNAPSHOT_QUERY, result_type=Snapshot)
        return known

    async def changes(self, number: int, **columns: object) -> None:
        """Somebody writes into the row by hand."""
        async with transaction(self.engine) as connection:
            await connection.execute(update(ticket).where(ticket.c.number == number).values(columns))

    async def searched_by(self, number: int) -> dict[str, object]:
        """What the row holds twice."""
        columns = [ticket.c[name] for name in HELD_TWICE]
        async with self.engine.connect() as connection:
            return dict((await connection.execute(select(*columns).where(ticket.c.number == number))).one()._mapping)

    async def rings(self, number: int) -> bool:
        """Whether a clock runs for it, as Temporal's list will say."""
        handle = self.temporal.get_workflow_handle(workflow_id(number))
        return (await handle.describe()).status is WorkflowExecutionStatus.RUNNING

    async def finds(self, how: str) -> list[int]:
        """Wait until a comparison says this of some tickets: Temporal's list lags behind a little."""
        found: list[int] = []

        async def said() -> bool:
            found[:] = [each.number for each in (await self.looks()).differing if how in each.how]
            return bool(found)

        await until(said, f"a comparison says {how!r}")
        return found


class _BeforeQueries(Interceptor):
    """What happens right before each clock is asked."""

    def __init__(self, happens: Callable[[], Awaitable[None]]) -> None:
        self._happens = happens

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        happens = self._happens

        class Outbound(OutboundInterceptor):
            async def query_workflow(self, input: QueryWorkflowInput) -> Any:
                await happens()
                return await super().query_workflow(input)

        return Outbound(next)


@pytest.fixture
async def counter(engine: AsyncEngine, temporal_address: str) -> AsyncIterator[Counter]:
    temporal = await Client.connect(temporal_address, data_converter=pydantic_data_converter)
    desk = Counter(engine, temporal)
    async with ticket_worker(temporal, _nothing_is_due):
        yield desk
        for number in desk.numbers:
            with suppress(RPCError):  # it has ended already
                await temporal.get_workflow_handle(workflow_id(number)).terminate()


@activity.defn(name=MEET_DEADLINE_ACTIVITY)
async def _nothing_is_due(_order: MeetDeadline) -> Snapshot:
    raise AssertionError("nothing is due in these tests")


async def test_a_desk_in_order_needs_no_healing(counter: Counter) -> None:
    for number in (900_101, 900_102):
        await counter.opens(number)
        await counter.agrees(number)
    found = await counter.looks()
    assert (found.tickets, found.asked, found.differing, found.silent) == (2, 2, [], "")


async def test_a_clock_terminated_by_hand_is_started_again(counter: Counter) -> None:
    await counter.opens(900_111)
    await counter.temporal.get_workflow_handle(workflow_id(900_111)).terminate("by hand")
    assert await counter.finds("is pending but ") == [900_111]
    await counter.heals()
    await counter.agrees(900_111)
    assert (await counter.looks()).differing == []


async def test_a_lost_outbox_row_is_made_up_for(counter: Counter) -> None:
    what = await counter.opens(900_121)
    await counter.agrees(900_121)
    then = wall_clock() - HOUR / 2
    async with transaction(counter.engine) as connection:
        before = await load(connection, what.number)
        await save(connection, before, Decision(solved(before, then)), then)
        await connection.execute(outbox.delete())
    (wrong,) = (await counter.looks()).differing
    assert wrong.how == "is solved, version 3; its clock knows pending, version 2"
    await counter.heals()
    await counter.agrees(900_121)


async def test_a_lost_row_is_found_without_asking_every_clock(counter: Counter) -> None:
    what = await counter.opens(900_126)
    await counter.agrees(900_126)
    then = wall_clock() - HOUR / 2
    async with transaction(counter.engine) as connection:
        before = await load(connection, what.number)
        await save(connection, before, Decision(solved(before, then)), then)
        await connection.execute(outbox.delete())
    found = await compare(counter.engine, counter.temporal, wall_clock(), since=then - timedelta(minutes=1), turn=10**9)
    assert [each.number for each in found.differing if each.number in counter.numbers] == [900_126]


async def test_a_row_changed_by_hand_is_found_by_its_sum(counter: Counter) -> None:
    what = await counter.opens(900_131)
    await counter.agrees(900_131)
    assert what.asked_at is not None
    await counter.changes(900_131, asked_at=what.asked_at + 24 * HOUR)
    found = await compare(counter.engine, counter.temporal, wall_clock())
    assert [each.how for each in found.differing if each.number in counter.numbers] == [
        "was changed by other means than Balie's"
    ]
    await counter.heals()
    await counter.agrees(900_131)
    due = (await counter.known(900_131)).next_deadline
    assert due is not None
    assert due.due_at == what.asked_at + 8 * 24 * HOUR
    assert (await counter.looks()).differing == []


@pytest.mark.parametrize(
    ("number", "changes"),
    [
        (900_201, {"status": Status.PARKED}),
        (900_202, {"next_breach_at": datetime(2020, 1, 1, tzinfo=UTC)}),
        (900_203, {"next_deadline_at": None}),
        (900_204, {"closed_reason": ClosedReason.SPAM}),
    ],
)
async def test_a_row_that_would_be_searched_for_in_vain_is_made_of_one_piece(
    counter: Counter, number: int, changes: dict[str, object]
) -> None:
    await counter.opens(number)
    await counter.agrees(number)
    before = await counter.searched_by(number)
    await counter.changes(number, **changes)
    assert await counter.finds("was changed by other means") == [number]
    await counter.heals()
    assert await counter.searched_by(number) == before
    assert (await counter.looks()).differing == []


async def test_a_ticket_that_was_closed_by_hand_is_what_its_history_says_again(counter: Counter) -> None:
    await counter.opens(900_211)
    await counter.agrees(900_211)
    await counter.changes(900_211, status=Status.CLOSED, closed_reason=ClosedReason.SPAM)
    assert await counter.finds("is closed but its clock runs") == [900_211]
    await counter.heals()
    row = await counter.searched_by(900_211)
    assert (row["status"], row["closed_reason"]) == (Status.PENDING, None)
    assert (await counter.looks()).differing == []
    assert await counter.rings(900_211)


async def test_a_backup_put_back_is_stronger_than_what_the_clock_knows(counter: Counter) -> None:
    await counter.opens(900_141)
    await counter.agrees(900_141)
    async with transaction(counter.engine) as connection:
        before = await load(connection, 900_141)
        newer = solved(before, wall_clock() - HOUR / 2)
        await save(connection, before, Decision(newer), newer.updated_at)
    await counter.relays()
    await counter.agrees(900_141)
    async with transaction(counter.engine) as connection:
        values = ticket_values(before, next_due(before.standing, before.policy))
        await connection.execute(update(ticket).where(ticket.c.number == 900_141).values(values))
    await counter.heals()
    await counter.agrees(900_141)
    async with counter.engine.connect() as connection:
        assert (await load(connection, 900_141)).version > newer.version


async def test_a_stray_clock_of_a_closed_ticket_is_ended(counter: Counter) -> None:
    what = await counter.opens(900_151)
    await counter.agrees(900_151)
    then = wall_clock() - HOUR / 2
    async with transaction(counter.engine) as connection:
        before = await load(connection, what.number)
        await save(connection, before, decide(before, MarkSpam(AGENT), then), then)
        # The closing is lost on its way: an older snapshot is all the clock ever heard.
        await connection.execute(outbox.delete())
    assert await counter.finds("is closed but its clock runs") == [900_151]
    await counter.heals()

    async def ended() -> bool:
        return not await counter.rings(900_151)

    await until(ended, "the stray clock has ended")


async def test_a_clock_of_no_ticket_at_all_is_terminated(counter: Counter) -> None:
    await counter.temporal.start_workflow(
        TICKET_WORKFLOW,
        Snapshot(number=900_161, version=1, status=Status.OPEN),
        id=workflow_id(900_161),
        task_queue=WORKFLOW_TASK_QUEUE,
    )
    counter.numbers.add(900_161)
    assert await counter.finds("has a clock but is no ticket") == [900_161]
    await counter.heals()
    assert not await counter.rings(900_161)


async def test_a_ticket_on_its_way_to_its_clock_is_left_alone(counter: Counter) -> None:
    now = wall_clock()
    async with transaction(counter.engine) as connection:
        await connection.execute(insert(person).on_conflict_do_nothing(), [_row(MARIEKE), _row(DAAN)])
        await create(connection, Decision(new_ticket(now, number=900_181)))
    counter.numbers.add(900_181)
    found = await counter.looks()
    assert (found.tickets, found.asked, found.differing) == (1, 0, [])


async def test_a_ticket_that_changes_while_its_clock_is_asked_is_left_alone(counter: Counter) -> None:
    await counter.opens(900_186)
    await counter.agrees(900_186)

    async def is_solved() -> None:
        then = wall_clock()
        async with transaction(counter.engine) as connection:
            before = await load(connection, 900_186)
            await save(connection, before, Decision(solved(before, then)), then)
        await counter.relays()
        await counter.agrees(900_186)

    asking = Client(
        counter.temporal.service_client,
        data_converter=pydantic_data_converter,
        interceptors=[_BeforeQueries(is_solved)],
    )
    found = await compare(counter.engine, asking, wall_clock(), since=EVER)
    assert [each for each in found.differing if each.number == 900_186] == []
    assert (await counter.known(900_186)).version == 3


async def test_the_schedule_compares_and_hands_on_where_it_ended(counter: Counter) -> None:
    await counter.opens(900_191)
    await counter.temporal.get_workflow_handle(workflow_id(900_191)).terminate("by hand")
    await counter.finds("is pending but ")
    work = ReconcileActivity(counter.engine, counter.temporal, wall_clock)
    async with Worker(counter.temporal, task_queue=INTAKE_BULK_TASK_QUEUE, activities=[work.reconcile]):
        for _ in range(2):  # made, then found there already
            await keep_reconciling(counter.temporal)
        schedule = counter.temporal.get_schedule_handle(RECONCILE_SCHEDULE)
        await schedule.trigger()

        async def lies_in_the_outbox() -> bool:
            async with counter.engine.connect() as connection:
                keys = (await connection.execute(select(outbox.c.key))).scalars().all()
            return "900191" in keys

        await until(lies_in_the_outbox, "the scheduled comparison has renewed the snapshot")
    await schedule.delete()
    await counter.relays()
    await counter.agrees(900_191)


def _row(who: Contact) -> dict[str, object]:
    facts = who.model_dump(exclude={"person_id"})
    return {"id": who.person_id, "role": "agent", "created_at": EVER, **facts}


def _of_outbox(row: Row[Any]) -> dict[str, Any]:
    return {field.name: row._mapping[field.name] for field in fields(OutboxRow)}
