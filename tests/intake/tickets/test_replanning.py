"""Re-planning: what it would do is told beforehand, and is what it then does; and nothing happens by accident."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.vocabulary import BulkState, DeadlineKind, Metric, Priority
from services.intake.bulk.steps import take_step
from services.intake.rules.contracts import CalendarTerms, ContractTerms, Terms
from services.intake.tables.tables import outbox, ticket
from services.intake.tickets.replanning import BATCH, SAMPLE_MAX, Numbers, Scope, difference, preview
from services.promises import standing
from services.promises.deadlines import deadlines
from services.promises.policy import Policy, Target
from services.promises.standing import Alert, Standing
from services.promises.working_time import Counted, Span
from tests.intake.agreed import OFFICE, agrees, changes, concerns, within
from tests.intake.api_desk import As, api_on, token_for
from tests.moved_clock import MovedClock
from tests.properties import unhurried

OPENED = datetime(2026, 11, 2, 9, tzinfo=UTC)
"""A Monday."""


def promising(hours: float, **terms: Any) -> Policy:
    """Solved within so many hours, whatever their day."""
    target = Target(metric=Metric.RESOLUTION, within=Span(length=timedelta(hours=hours), counted=Counted.CALENDAR))
    return Terms(contract=ContractTerms(targets=(target,), **terms)).policy(OPENED)


def opened(priority: Priority = Priority.LOW) -> Standing:
    return standing.opened(1, priority, OPENED)


def after(hours: float) -> datetime:
    return OPENED + timedelta(hours=hours)


def test_other_promises_with_the_same_deadlines_change_nothing() -> None:
    unseen = promising(8, closure_after=Span(length=timedelta(days=30)))
    assert unseen.version != promising(8).version
    assert difference(opened(), promising(8), unseen, OPENED) is None


def test_the_first_deadline_that_changes_says_whether_it_is_sooner_or_later() -> None:
    sooner = difference(opened(), promising(8), promising(4), OPENED)
    assert sooner is not None
    assert (sooner.deadline, sooner.before, sooner.after) == ("warning resolution 75", after(6), after(3))
    assert (sooner.sooner, sooner.breaching) == (True, False)
    later = difference(opened(), promising(4), promising(8), OPENED)
    assert later is not None
    assert (later.before, later.after, later.sooner) == (after(3), after(6), False)


def test_a_new_promise_comes_sooner_and_one_taken_away_later() -> None:
    nothing = Terms(contract=ContractTerms(targets=())).policy(OPENED)
    new = difference(opened(), nothing, promising(8), OPENED)
    gone = difference(opened(), promising(8), nothing, OPENED)
    assert new is not None
    assert gone is not None
    assert (new.before, new.after, new.sooner) == (None, after(6), True)
    assert (gone.before, gone.after, gone.sooner) == (after(6), None, False)


def test_a_promise_that_is_broken_at_once_is_breaching() -> None:
    for now, breaching in ((after(3.9), False), (after(4), True), (after(7.9), True), (after(8), False)):
        change = difference(opened(), promising(8), promising(4), now)
        assert change is not None
        assert change.breaching is breaching


def test_a_breach_that_was_told_is_not_told_again() -> None:
    told = standing.alerted(opened(), Alert(DeadlineKind.BREACH, Metric.RESOLUTION, 0))
    change = difference(told, promising(8), promising(4), after(5))
    assert change is not None
    assert (change.deadline, change.breaching) == ("warning resolution 75", False)


def test_each_ticket_is_counted_once_and_the_worst_are_shown_first() -> None:
    numbers = Numbers()
    later = difference(opened(), promising(4), promising(8), OPENED)
    breaching = difference(opened(), promising(8), promising(4), after(5))
    for number in range(1, 31):
        numbers.count(number, later)
    numbers.count(31, None)
    numbers.count(32, breaching)
    assert (numbers.tickets, numbers.changed, numbers.sooner, numbers.later, numbers.breaching) == (32, 31, 1, 30, 1)
    assert [each.number for each in numbers.sample] == [32, *range(1, SAMPLE_MAX)]


_HOURS = st.integers(1, 200).map(float)


@given(was=_HOURS, comes=_HOURS, passed=st.integers(0, 300), acts=st.lists(st.sampled_from("asrp"), max_size=4))
@unhurried
def test_what_is_told_is_what_the_deadlines_do(was: float, comes: float, passed: int, acts: list[str]) -> None:
    now, lived = OPENED, opened()
    moves = {
        "a": standing.asked,
        "s": standing.solved,
        "r": standing.requester_replied,
        "p": standing.parked,
    }
    for act in acts:
        now += timedelta(hours=1)
        lived = moves[act](lived, now)
    now += timedelta(hours=passed)
    before, comes_policy = promising(was), promising(comes)
    change = difference(lived, before, comes_policy, now)
    assert (change is None) == (deadlines(lived, before) == deadlines(lived, comes_policy))
    if change is not None:
        breaches = [each.due_at for each in deadlines(lived, comes_policy) if each.kind is DeadlineKind.BREACH]
        assert not change.breaching or min(breaches) <= now
        assert change.before != change.after


async def test_the_preview_of_a_contract_is_what_re_planning_then_does(
    anna: As, daan: As, marieke: As, luca: As, engine: AsyncEngine, clock: MovedClock
) -> None:
    first = await marieke.submits("Before the contract")
    acme = await agrees(anna, first, terms={"targets": [within(40)]})
    running = [await marieke.submits(f"Running {number}") for number in range(3)]
    elsewhere = await luca.submits("Of another organisation")
    path = f"/api/v1/contracts/{acme['id']}"
    clock.move(timedelta(hours=10))
    await daan.moves(running[0], "spam")
    none_changed = await daan.get(f"{path}/replan")
    assert (none_changed["tickets"], none_changed["changed"]) == (3, 1)  # the first one has no contract's promises yet

    await changes(anna, path, terms={"targets": [within(8)]})
    told = await daan.get(f"{path}/replan")
    assert (told["tickets"], told["changed"], told["sooner"], told["later"]) == (3, 3, 3, 0)
    assert told["breaching"] == 3
    assert [each["number"] for each in told["sample"]] == [first["number"], *(each["number"] for each in running[1:])]

    done = await replans(anna, path, engine, clock)
    assert (done["command"], done["total"], done["facts"]) == ("replan", 3, {"because": "contract Acme, version 2"})
    for number, sample in ((each["number"], each) for each in told["sample"]):
        now = await daan.get(f"/api/v1/tickets/{number}")
        named = {" ".join(str(part) for part in _named(each)): each["due_at"] for each in now["deadlines"]}
        assert instant(named[sample["deadline"]]) == instant(sample["after"])
        entries = (await daan.get(f"/api/v1/tickets/{number}/timeline"))["items"]
        events = [each["event"] for each in entries if each["event"]]
        evidence = [event["facts"] for event in events if event["type"] == "replanned"]
        assert [each["because"] for each in evidence] == ["contract Acme, version 2"]
        assert evidence[0]["policy"].startswith("acme-")
    assert (await daan.get(f"/api/v1/tickets/{elsewhere['number']}"))["version"] == elsewhere["version"]
    assert (await daan.get(f"{path}/replan"))["changed"] == 0
    again = await anna.ask("POST", f"{path}/replan", json={})
    assert again.status_code == 409


async def test_the_clocks_of_re_planned_tickets_are_told(
    anna: As, marieke: As, engine: AsyncEngine, clock: MovedClock
) -> None:
    opened_before = await marieke.submits("Before the contract")
    acme = await agrees(anna, opened_before, terms={"targets": [within(8)]})
    async with engine.begin() as connection:
        await connection.execute(outbox.delete())
    await replans(anna, f"/api/v1/contracts/{acme['id']}", engine, clock)
    async with engine.connect() as connection:
        rows = (await connection.execute(select(outbox.c.payload).order_by(outbox.c.id))).scalars().all()
    clocks = [row["next_deadline"]["due_at"] for row in rows if row.get("number") == opened_before["number"]]
    assert [instant(each) for each in clocks] == [clock() + timedelta(hours=6)]


async def test_a_calendars_preview_is_of_every_contract_with_it(
    anna: As, daan: As, marieke: As, luca: As, engine: AsyncEngine, clock: MovedClock
) -> None:
    calendar = await anna.does("/api/v1/calendars", {"name": "Office", "terms": {"week": OFFICE}})
    path = f"/api/v1/calendars/{calendar['id']}"
    for number, customer in enumerate((marieke, luca)):
        before = await customer.submits("Before the contract")
        await daan.moves(before, "spam")
        await agrees(anna, before, f"Contract {number}", calendar_id=calendar["id"])
        await customer.submits("Running")
    await anna.does("/api/v1/contracts", {"name": "Without it"})
    assert (await daan.get(f"{path}/replan"))["changed"] == 0
    await changes(anna, path, terms={"week": [["09:00-13:00"]] * 5 + [[], []]})
    told = await daan.get(f"{path}/replan")
    assert (told["tickets"], told["changed"], told["sooner"], told["later"]) == (2, 2, 0, 2)
    done = await replans(anna, path, engine, clock)
    assert (done["total"], done["facts"]["because"]) == (2, "calendar Office, version 2")
    assert (await daan.get(f"{path}/replan"))["changed"] == 0


async def test_the_operators_new_promises_re_plan_those_without_a_contract(
    anna: As, marieke: As, luca: As, engine: AsyncEngine, clock: MovedClock
) -> None:
    await marieke.submits("Running")
    theirs = await luca.submits("Under a contract")
    await agrees(anna, theirs)
    target = Target(metric=Metric.RESOLUTION, within=Span(length=timedelta(hours=8), counted=Counted.WORKING))
    stricter = Terms(contract=ContractTerms(targets=(target,)))
    async with api_on(engine, clock, stricter) as api:
        admin = As(api._client, token_for(anna.person, clock), anna.person)
        told = await admin.get("/api/v1/promises/replan")
        assert (told["tickets"], told["changed"], told["sooner"]) == (1, 1, 1)
        done = await replans(admin, "/api/v1/promises", engine, clock, stricter)
        assert (done["total"], done["facts"]["because"]) == (1, "the desk's standard promises")
        assert (await admin.get("/api/v1/promises/replan"))["changed"] == 0


async def test_another_contract_is_shown_as_a_change_of_the_new_one(anna: As, marieke: As) -> None:
    running = await marieke.submits("Running")
    await agrees(anna, running, "Old", terms={"targets": [within(8)]})
    new = await anna.does("/api/v1/contracts", {"name": "New", "terms": {"targets": [within(4)]}})
    under_old = await marieke.submits("Under the old one")
    await concerns(anna, running, new["id"])
    told = await anna.get(f"/api/v1/contracts/{new['id']}/replan")
    assert [each["number"] for each in told["sample"]] == [running["number"], under_old["number"]]


async def test_support_looks_and_an_administrator_does_it_once(anna: As, daan: As, marieke: As) -> None:
    running = await marieke.submits("Running")
    acme = await agrees(anna, running, terms={"targets": [within(8)]})
    path = f"/api/v1/contracts/{acme['id']}/replan"
    assert (await marieke.ask("GET", path)).status_code == 403
    assert (await daan.ask("GET", path)).status_code == 200
    for who in (marieke, daan):
        assert (await who.ask("POST", path, json={})).status_code == 403
    sent = {"json": {}, "headers": {"Idempotency-Key": "k"}}
    first, again = await anna.ask("POST", path, **sent), await anna.ask("POST", path, **sent)
    assert (first.status_code, again.json()["id"]) == (202, first.json()["id"])
    nowhere = f"/api/v1/contracts/{UUID(int=7)}/replan"
    assert [(await anna.ask(method, nowhere, json={})).status_code for method in ("GET", "POST")] == [404, 404]


async def test_a_preview_of_many_tickets_is_read_in_batches(
    anna: As, marieke: As, engine: AsyncEngine, clock: MovedClock
) -> None:
    running = await marieke.submits("Running")
    count = 2 * BATCH + 1
    async with engine.begin() as connection:
        row = (await connection.execute(select(*_own_columns()).where(ticket.c.number == running["number"]))).one()
        rows = [{**row._mapping, "number": 10_000 + number} for number in range(count - 1)]
        await connection.execute(insert(ticket), rows)
        stricter = Terms(calendar=CalendarTerms.model_validate({"week": OFFICE}))
        numbers = await preview(connection, Scope(), stricter, clock())
    assert (numbers.tickets, numbers.changed, numbers.later) == (count, count, count)
    assert len(numbers.sample) == SAMPLE_MAX


async def replans(
    admin: As, path: str, engine: AsyncEngine, clock: MovedClock, standard: Terms | None = None
) -> dict[str, Any]:
    """Ask for it, and have it carried out as the bulk's workflow does."""
    asked = await admin.ask("POST", f"{path}/replan", json={})
    assert asked.status_code == 202, asked.text
    bulk_id = UUID(asked.json()["id"])
    step = await take_step(engine, standard or Terms(), clock, bulk_id, lambda: None)
    assert step.state is BulkState.DONE
    done: dict[str, Any] = await admin.get(f"/api/v1/bulks/{bulk_id}")
    assert (done["done"], done["refused"]) == (done["total"], 0)
    return done


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _named(deadline: dict[str, Any]) -> list[Any]:
    return [part for part in (deadline["kind"], deadline["metric"], deadline["point"] or None) if part]


def _own_columns() -> list[Any]:
    return [column for column in ticket.c if column.name != "subject_words"]
