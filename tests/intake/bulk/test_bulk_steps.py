"""Bulks carried out on a real database: each ticket once, with its mark, or refused with the reason."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.errors import Conflict, Invalid, NotFound
from services.contract.limits import BULK_TICKETS_MAX
from services.contract.vocabulary import BulkState, ClosedReason, DeadlineKind, Priority, Status
from services.intake.bulk.bulks import STALLED_AFTER, tell_stalled_bulks
from services.intake.bulk.steps import STEP_SECONDS, UNEXPECTED, take_step
from services.intake.people.people import find_by_email
from services.intake.rules.bulk import UNDO_WINDOW
from services.intake.rules.contracts import ContractTerms, Terms
from services.intake.tables.setup_tables import team
from services.intake.tables.tables import outbox, ticket
from services.messaging.outbox import BULK_SINK
from services.platform.database import may_pass, transaction
from tests.intake.bulk_desk import BulkDesk, bulk_desk
from tests.moved_clock import MovedClock
from tests.patience import until


@pytest.fixture
async def desk(engine: AsyncEngine, clock: MovedClock) -> BulkDesk:
    """With its people, and no ticket yet."""
    return await bulk_desk(engine, clock)


async def test_each_ticket_is_done_once_and_the_last_one_ends_the_bulk(desk: BulkDesk) -> None:
    numbers = await desk.opens(5)
    bulk = await desk.does_to_all("tag", numbers, add=["printer"])

    assert (bulk.state, bulk.done, bulk.pending, bulk.finished_at) == (BulkState.DONE, 5, 0, desk.clock())
    assert [(each.tags, each.version) for each in await desk.tickets(numbers)] == [(("printer",), 2)] * 5
    assert [len(await desk.history(number, "changed")) for number in numbers] == [1] * 5


async def test_a_step_takes_up_so_many_seconds_worth_and_says_how_many_are_left(desk: BulkDesk) -> None:
    numbers = await desk.opens(25)
    bulk_id = await _slow(desk, numbers)

    step = await desk.step(bulk_id)
    assert (step.tried, step.waiting, step.total) == (2 * STEP_SECONDS, 25 - 2 * STEP_SECONDS, 25)
    assert (await desk.carries_out(bulk_id)).done == 25


async def test_a_step_on_a_slow_day_ends_with_what_it_has(desk: BulkDesk) -> None:
    bulk_id = await desk.starts("tag", await desk.opens(5), add=["printer"])

    def slow() -> None:
        desk.clock.move(timedelta(seconds=12))

    step = await take_step(desk.engine, Terms(), desk.clock, bulk_id, slow)
    assert (step.tried, step.waiting) == (2, 3)


async def test_refusals_are_listed_with_the_sentence_and_stop_nothing(desk: BulkDesk) -> None:
    open_, pending, solved = await desk.opens(3)
    await desk.asks(pending)
    await desk.solves(solved)
    nobody = 987_654_321
    bulk = await desk.does_to_all("close", [open_, pending, solved, nobody])

    assert (bulk.done, bulk.refused) == (2, 2)
    assert await desk.sentences(bulk.id) == {
        open_: f"Ticket {open_} is new: only a pending or a solved one can be closed; solve it first.",
        nobody: f"There is no ticket {nobody}.",
    }
    after = await desk.tickets([open_, pending, solved])
    assert [(each.status, each.closed_reason) for each in after] == [
        (Status.NEW, None),
        (Status.CLOSED, ClosedReason.NO_RESPONSE),
        (Status.CLOSED, ClosedReason.FINALISED),
    ]
    [met] = await desk.history(solved, "deadline_met")
    assert met.facts["deadline"] == DeadlineKind.FINALISATION
    assert met.actor["name"] == "Daan Visser"


async def test_a_move_the_status_does_not_allow_says_what_it_does(desk: BulkDesk) -> None:
    [number] = await desk.opens()
    bulk = await desk.does_to_all("reopen", [number])

    assert (await desk.sentences(bulk.id))[number].startswith(f"Ticket {number} is new, which does not allow 'reopen'")


async def test_a_fault_with_one_ticket_does_not_hold_up_the_others(desk: BulkDesk) -> None:
    numbers = await desk.opens(3)
    async with transaction(desk.engine) as connection:
        broken = update(ticket).where(ticket.c.number == numbers[1])
        await connection.execute(broken.values(path=[["nowhere", "never"]]))
    bulk = await desk.does_to_all("tag", numbers, add=["printer"])

    assert (bulk.done, bulk.refused) == (2, 1)
    assert await desk.sentences(bulk.id) == {numbers[1]: UNEXPECTED}


async def test_a_statement_the_database_refuses_for_one_ticket_does_not_hold_up_the_others(desk: BulkDesk) -> None:
    numbers = await desk.opens(3)
    await _saving_fails(desk, numbers[1], "22003")
    bulk = await desk.does_to_all("tag", numbers, add=["printer"])

    assert (bulk.done, bulk.refused) == (2, 1)
    assert await desk.sentences(bulk.id) == {numbers[1]: UNEXPECTED}


@pytest.mark.parametrize("sqlstate", ["08006", "40001", "40P01", "53200", "57014"])
async def test_what_is_no_fault_of_the_ticket_is_tried_again(desk: BulkDesk, sqlstate: str) -> None:
    numbers = await desk.opens(3)
    bulk_id = await desk.starts("tag", numbers, add=["printer"])
    await _saving_fails(desk, numbers[1], sqlstate)
    with pytest.raises(DBAPIError):
        await desk.step(bulk_id)
    assert await desk.listed(bulk_id, "pending") == numbers[1:]

    async with transaction(desk.engine) as connection:
        await connection.execute(text("drop trigger fails on intake.ticket"))
    assert (await desk.carries_out(bulk_id)).done == 3


async def test_a_value_the_database_cannot_even_be_sent_does_not_pass(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        with pytest.raises(DBAPIError) as refused:
            await connection.execute(text("select cast(:number as integer)"), {"number": 2**40})
    assert not may_pass(refused.value)


async def test_two_workers_at_once_repeat_nothing(desk: BulkDesk) -> None:
    numbers = await desk.opens(30)
    bulk_id = await desk.starts("prioritise", numbers, priority="low", reason="It prints.")
    await asyncio.gather(*(desk.step(bulk_id) for _ in range(3)))

    bulk = await desk.bulk(bulk_id)
    assert (bulk.state, bulk.done, bulk.refused) == (BulkState.DONE, 30, 0)
    assert Counter([each.version for each in await desk.tickets(numbers)]) == {2: 30}
    assert [len(await desk.history(number, "prioritised")) for number in numbers] == [1] * 30


async def test_a_crash_between_two_tickets_neither_loses_nor_repeats_one(desk: BulkDesk) -> None:
    numbers = await desk.opens(3)
    bulk_id = await desk.starts("tag", numbers, add=["printer"])
    taken_up = 0

    def dies_with_the_second() -> None:
        nonlocal taken_up
        taken_up += 1
        if taken_up == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await take_step(desk.engine, Terms(), desk.clock, bulk_id, dies_with_the_second)
    assert await desk.listed(bulk_id, "done") == numbers[:1]

    assert (await desk.carries_out(bulk_id)).done == 3
    assert [each.version for each in await desk.tickets(numbers)] == [2, 2, 2]


async def test_a_step_cancelled_while_it_waits_for_a_ticket_changes_nothing(desk: BulkDesk) -> None:
    [number] = await desk.opens()
    bulk_id = await desk.starts("tag", [number], add=["printer"])
    async with transaction(desk.engine) as connection:
        await connection.execute(select(ticket.c.number).where(ticket.c.number == number).with_for_update())
        step = asyncio.ensure_future(desk.step(bulk_id))
        await _waits_for_a_lock(desk.engine)
        step.cancel()
        await asyncio.gather(step, return_exceptions=True)
    assert await desk.listed(bulk_id, "pending") == [number]
    assert (await desk.carries_out(bulk_id)).done == 1
    assert (await desk.ticket(number)).version == 2


async def test_paused_nothing_is_taken_up_and_resumed_the_rest_is(desk: BulkDesk) -> None:
    numbers = await desk.opens(15)
    bulk_id = await _slow(desk, numbers)
    await desk.step(bulk_id)
    await desk.moves(bulk_id, "pause")
    step = await desk.step(bulk_id)
    assert (step.state, step.tried, step.waiting) == (BulkState.PAUSED, 0, 5)
    assert await desk.listed(bulk_id, "pending") == numbers[10:]

    await desk.moves(bulk_id, "resume")
    assert (await desk.carries_out(bulk_id)).done == 15


async def test_a_pause_counts_from_the_very_next_ticket(desk: BulkDesk) -> None:
    numbers = await desk.opens(20)
    bulk_id = await desk.starts("tag", numbers, add=["printer"])
    beats, pausing = 0, list[asyncio.Task[object]]()

    def pauses_at_the_third() -> None:
        nonlocal beats
        beats += 1
        if beats == 3:
            pausing.append(asyncio.ensure_future(desk.moves(bulk_id, "pause")))

    await take_step(desk.engine, Terms(), desk.clock, bulk_id, pauses_at_the_third)
    answered = await pausing[0]
    bulk = await desk.bulk(bulk_id)
    assert bulk == answered
    assert bulk.state is BulkState.PAUSED
    assert len(await desk.listed(bulk_id, "done")) == bulk.done < 20


async def test_cancelling_gives_exact_lists_of_done_and_not_done(desk: BulkDesk) -> None:
    numbers = await desk.opens(15)
    bulk_id = await _slow(desk, numbers)
    await desk.step(bulk_id)
    bulk = await desk.moves(bulk_id, "cancel")
    step = await desk.step(bulk_id)

    assert (bulk.state, bulk.done, bulk.pending) == (BulkState.CANCELLED, 10, 5)
    assert (step.state, step.tried) == (BulkState.CANCELLED, 0)
    assert await desk.listed(bulk_id, "done") == numbers[:10]
    assert await desk.listed(bulk_id, "pending") == numbers[10:]
    assert [bool(each.tags) for each in await desk.tickets(numbers)] == [True] * 10 + [False] * 5


async def test_a_cancelled_bulk_is_undone_where_it_was_done(desk: BulkDesk) -> None:
    numbers = await desk.opens(15)
    bulk_id = await _slow(desk, numbers)
    await desk.step(bulk_id)
    bulk = await desk.undoes(await desk.moves(bulk_id, "cancel"))

    assert (bulk.state, bulk.undone, bulk.pending, bulk.done) == (BulkState.UNDONE, 10, 5, 0)
    assert [each.tags for each in await desk.tickets(numbers)] == [()] * 15


async def test_undoing_gives_the_former_assignee_back(desk: BulkDesk) -> None:
    mine, nobodys, already = await desk.opens(3)
    await desk.assigns(desk.daan.contact(), mine)
    giulia = await _giulia(desk)
    await desk.does_to_all("assign", [already], assignee_id=str(giulia))
    bulk = await desk.does_to_all("assign", [mine, nobodys, already], assignee_id=str(giulia))
    bulk = await desk.undoes(bulk)

    assert (bulk.undone, bulk.kept) == (3, 0)
    assignees = [each.assignee.name if each.assignee else None for each in await desk.tickets([mine, nobodys, already])]
    assert assignees == ["Daan Visser", None, "Giulia Conti"]
    assert (await desk.ticket(nobodys)).status is Status.OPEN


async def test_undoing_a_hand_over_gives_the_former_team_and_assignee_back(desk: BulkDesk) -> None:
    mine, nobodys = await desk.opens(2)
    printers, scanners = await _team(desk, "Printers"), await _team(desk, "Scanners")
    await desk.does_to_all("team", [mine], team_id=str(printers))
    await desk.assigns(desk.daan.contact(), mine)
    bulk = await desk.does_to_all("team", [mine, nobodys], team_id=str(scanners))
    given = await desk.tickets([mine, nobodys])
    assert [(each.team.name if each.team else None, each.assignee) for each in given] == [("Scanners", None)] * 2

    await desk.undoes(bulk)
    back = await desk.tickets([mine, nobodys])
    assert [each.team.name if each.team else None for each in back] == ["Printers", None]
    assert [each.assignee.name if each.assignee else None for each in back] == ["Daan Visser", None]


async def test_undoing_gives_nothing_back_to_a_team_that_works_no_longer(desk: BulkDesk) -> None:
    [number] = await desk.opens()
    printers, scanners = await _team(desk, "Printers"), await _team(desk, "Scanners")
    await desk.does_to_all("team", [number], team_id=str(printers))
    bulk = await desk.does_to_all("team", [number], team_id=str(scanners))
    async with transaction(desk.engine) as connection:
        await connection.execute(update(team).where(team.c.id == printers).values(active=False))
    bulk = await desk.undoes(bulk)

    assert (bulk.undone, bulk.kept) == (0, 1)
    assert (await desk.sentences(bulk.id))[number].startswith("There is no such team")
    now_with = (await desk.ticket(number)).team
    assert now_with is not None
    assert now_with.name == "Scanners"


async def test_undoing_tags_takes_back_only_what_the_bulk_changed(desk: BulkDesk) -> None:
    had, had_not = await desk.opens(2)
    await desk.does_to_all("tag", [had], add=["printer", "old"])
    bulk = await desk.does_to_all("tag", [had, had_not], add=["printer", "new"], remove=["old"])
    assert [each.tags for each in await desk.tickets([had, had_not])] == [("new", "printer")] * 2

    await desk.undoes(bulk)
    assert [each.tags for each in await desk.tickets([had, had_not])] == [("old", "printer"), ()]


async def test_undoing_a_priority_gives_the_former_one_with_a_reason(desk: BulkDesk) -> None:
    [high] = await desk.opens(priority=Priority.HIGH)
    [low] = await desk.opens(priority=Priority.LOW)
    bulk = await desk.does_to_all("prioritise", [high, low], priority="low", reason="It prints.")
    await desk.undoes(bulk)

    assert [each.priority for each in await desk.tickets([high, low])] == [Priority.HIGH, Priority.LOW]
    assert (await desk.history(high, "prioritised"))[-1].facts["reason"] == "De vorige wijziging was een vergissing."
    assert await desk.history(low, "prioritised") == []


@pytest.mark.parametrize("text", [None, "It is out."])
async def test_undoing_a_solution_lets_the_ticket_stand_as_it_did(desk: BulkDesk, text: str | None) -> None:
    new, pending, mine, parked = await desk.opens(4)
    await desk.asks(pending)
    await desk.assigns(desk.daan.contact(), mine)
    await desk.answers(mine)
    await desk.parks(parked, release="5.0")
    before = {each.number: each for each in await desk.tickets([new, pending, mine, parked])}
    desk.clock.move(timedelta(hours=1))
    bulk = await desk.does_to_all("solve", list(before), text=text)
    assert {each.status for each in await desk.tickets(list(before))} == {Status.SOLVED}
    desk.clock.move(timedelta(minutes=30))
    bulk = await desk.undoes(bulk)

    assert (bulk.undone, bulk.kept) == (4, 0)
    for number, former in before.items():
        after = await desk.ticket(number)
        taken_up = former.status is Status.NEW and text is not None
        assert after.status is (Status.OPEN if taken_up else former.status)
        assert (after.assignee, after.reopened, after.version) == (former.assignee, 0, former.version + 2)
        assert (after.asked_at, after.standing.overrides) == (former.asked_at, former.standing.overrides)
        closure = [each for each in after.deadlines if each.kind is DeadlineKind.CLOSURE]
        assert closure == [each for each in former.deadlines if each.kind is DeadlineKind.CLOSURE]


async def test_undoing_spam_brings_the_tickets_back(desk: BulkDesk) -> None:
    numbers = await desk.opens(2)
    bulk = await desk.does_to_all("spam", numbers)
    assert {each.closed_reason for each in await desk.tickets(numbers)} == {ClosedReason.SPAM}
    await desk.undoes(bulk)

    assert [(each.status, each.closed_reason, each.reopened) for each in await desk.tickets(numbers)] == [
        (Status.NEW, None, 0)
    ] * 2
    snapshots = [each.snapshot().next_deadline for each in await desk.tickets(numbers)]
    assert all(snapshots)


async def test_a_ticket_somebody_touched_since_is_kept_as_it_is_and_listed(desk: BulkDesk) -> None:
    touched, untouched = await desk.opens(2)
    bulk = await desk.does_to_all("solve", [touched, untouched])
    await desk.answers(touched)
    stands = await desk.ticket(touched)
    bulk = await desk.undoes(bulk)

    assert (bulk.state, bulk.undone, bulk.kept) == (BulkState.UNDONE, 1, 1)
    assert await desk.sentences(bulk.id) == {touched: f"Ticket {touched} was changed since; it is left as it is."}
    assert await desk.ticket(touched) == stands
    assert (await desk.ticket(untouched)).status is Status.NEW


async def test_undoing_says_who_undid_it(desk: BulkDesk) -> None:
    [number] = await desk.opens()
    bulk = await desk.does_to_all("tag", [number], add=["printer"])
    undone = await desk.undoes(bulk)

    assert undone.undone_by == desk.agent
    assert [line.actor["name"] for line in await desk.history(number, "changed")] == ["Daan Visser"] * 2


async def test_an_hour_later_it_is_too_late_to_undo(desk: BulkDesk) -> None:
    bulk = await desk.does_to_all("tag", await desk.opens(), add=["printer"])
    desk.clock.move(UNDO_WINDOW + timedelta(seconds=1))
    with pytest.raises(Conflict, match="this one ended before"):
        await desk.moves(bulk.id, "undo")


async def test_closing_has_no_inverse(desk: BulkDesk) -> None:
    [number] = await desk.opens()
    await desk.asks(number)
    bulk = await desk.does_to_all("close", [number])
    with pytest.raises(Conflict, match="'close' has no inverse"):
        await desk.moves(bulk.id, "undo")


async def test_a_release_solves_what_is_planned_in_it_and_nothing_else(desk: BulkDesk) -> None:
    planned, replanned = await desk.opens(2)
    await desk.parks(planned, replanned, release="5.0")
    bulk_id = await desk.starts("ship", [planned, replanned], release="5.0", note="Prints in colour.")
    await desk.does_to_all("tag", [planned], add=["colour"])
    async with transaction(desk.engine) as connection:
        parking = {"workaround": False, "effort": "small", "note": "", "at": "2026-11-02T09:00:00Z", "release": "6.0"}
        await connection.execute(update(ticket).where(ticket.c.number == replanned).values(parking=parking))
    await desk.carries_out(bulk_id)

    assert [each.status for each in await desk.tickets([planned, replanned])] == [Status.SOLVED, Status.PARKED]
    assert await desk.sentences(bulk_id) == {replanned: f"Ticket {replanned} is not planned in release 5.0 any more."}
    assert (await desk.history(planned, "shipped"))[0].facts == {"release": "5.0", "note": "Prints in colour."}


async def test_replanning_pins_each_ticket_to_what_is_promised_today(desk: BulkDesk, engine: AsyncEngine) -> None:
    running, closed = await desk.opens(2)
    await desk.does_to_all("spam", [closed])
    former = (await desk.ticket(running)).policy.version
    today = Terms(contract=ContractTerms(targets=()))
    bulk_id = await desk.starts("replan", [running, closed], because="contract Acme, version 3")
    await take_step(engine, today, desk.clock, bulk_id, lambda: None)

    after = await desk.ticket(running)
    assert after.policy.version == today.policy(desk.clock()).version != former
    [line] = await desk.history(running, "replanned")
    assert (line.facts["because"], line.facts["policy_before"]) == ("contract Acme, version 3", former)
    assert await desk.sentences(bulk_id) == {
        closed: f"Ticket {closed} is closed: nothing is promised about it any more."
    }


async def test_words_are_each_tickets_own_message(desk: BulkDesk) -> None:
    numbers = await desk.opens(2)
    await desk.does_to_all("solve", numbers, text="It is out.")

    comments = [await desk.history(number, "comment") for number in numbers]
    assert [len(each) for each in comments] == [2, 2]
    assert len({each[-1].comment_id for each in comments}) == 2


async def test_a_bulk_is_told_to_its_workflow_in_the_transaction_that_starts_or_moves_it(desk: BulkDesk) -> None:
    bulk_id = await desk.starts("tag", await desk.opens(), add=["printer"])
    await desk.moves(bulk_id, "pause")

    async with desk.engine.connect() as connection:
        rows = list(await connection.execute(select(outbox).where(outbox.c.sink == BULK_SINK)))
    assert [row.key for row in rows] == [f"bulk-{bulk_id}"] * 2


async def test_a_bulk_that_stands_still_is_told_again_until_it_moves(desk: BulkDesk) -> None:
    numbers = await desk.opens(15)
    lost, resting = await _slow(desk, numbers), await _slow(desk, numbers)
    await desk.moves(resting, "pause")
    assert await _stalled(desk) == []
    desk.clock.move(STALLED_AFTER + timedelta(seconds=1))
    assert await _stalled(desk) == [lost]

    async with desk.engine.connect() as connection:
        last = select(outbox.c.payload).where(outbox.c.sink == BULK_SINK).order_by(outbox.c.id.desc()).limit(1)
        assert (await connection.execute(last)).scalar_one()["bulk_id"] == str(lost)
    await desk.step(lost)
    assert await _stalled(desk) == []
    desk.clock.move(STALLED_AFTER + timedelta(seconds=1))
    assert await _stalled(desk) == [lost]
    await desk.carries_out(lost)
    desk.clock.move(STALLED_AFTER + timedelta(seconds=1))
    assert await _stalled(desk) == []


@pytest.mark.parametrize(
    ("command", "facts", "sentence"),
    [
        ("explode", {}, "There is no bulk command 'explode'"),
        ("tag", {}, "Name a tag to add or to remove."),
        ("tag", {"colour": "red"}, "Mend these and send it again: facts.colour."),
        ("prioritise", {"priority": "low"}, "Mend these and send it again: facts.reason."),
        ("team", {"team_id": "00000000-0000-0000-0000-000000000001"}, "There is no such team"),
    ],
)
async def test_facts_that_fit_no_ticket_are_refused_once(
    desk: BulkDesk, command: str, facts: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await desk.starts(command, await desk.opens(), **facts)
    assert refused.value.detail.startswith(sentence)


async def test_no_ticket_and_too_many_are_refused(desk: BulkDesk) -> None:
    with pytest.raises(Invalid, match="at least one"):
        await desk.starts("spam", [])
    with pytest.raises(Invalid, match="at most 50000 tickets, and these are 50001"):
        await desk.starts("spam", range(1, BULK_TICKETS_MAX + 2))


async def test_a_ticket_named_twice_is_done_once(desk: BulkDesk) -> None:
    [number] = await desk.opens()
    assert (await desk.does_to_all("tag", [number, number], add=["printer"])).total == 1


async def test_there_is_nothing_to_carry_out_of_a_bulk_that_is_gone(desk: BulkDesk) -> None:
    with pytest.raises(NotFound):
        await desk.step(UUID(int=1))


async def _slow(desk: BulkDesk, numbers: list[int]) -> UUID:
    return await desk.starts("tag", numbers, per_second=2, add=["printer"])


async def _team(desk: BulkDesk, name: str) -> UUID:
    team_id = uuid4()
    async with transaction(desk.engine) as connection:
        await connection.execute(team.insert().values(id=team_id, name=name, changed_at=desk.clock()))
    return team_id


async def _saving_fails(desk: BulkDesk, number: int, sqlstate: str) -> None:
    """The database refuses every change of this ticket."""
    async with transaction(desk.engine) as connection:
        await connection.execute(
            text(
                "create function intake.fails() returns trigger language plpgsql as"
                f" $$ begin raise exception 'no' using errcode = '{sqlstate}'; end $$"
            )
        )
        await connection.execute(
            text(
                f"create trigger fails before update on intake.ticket for each row when (old.number = {number})"
                " execute function intake.fails()"
            )
        )


async def _stalled(desk: BulkDesk) -> list[UUID]:
    async with transaction(desk.engine) as connection:
        return await tell_stalled_bulks(connection, desk.clock())


async def _giulia(desk: BulkDesk) -> UUID:
    async with desk.engine.connect() as connection:
        giulia = await find_by_email(connection, "giulia@balie.example")
    assert giulia is not None
    return giulia.id


async def _waits_for_a_lock(engine: AsyncEngine) -> None:
    async def waiting() -> bool:
        query = text("select count(*) from pg_locks where not granted")
        async with engine.connect() as connection:
            return bool((await connection.execute(query)).scalar_one())

    await until(waiting, "the step waits for the ticket")
