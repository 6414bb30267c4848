"""Recorded lives, lived again: under their own policy exactly as they were, under another as it would have been."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.errors import Invalid, NotFound
from services.contract.vocabulary import DeadlineKind, Priority
from services.intake.rules.moves.ask import Ask
from services.intake.rules.moves.prioritise import Prioritise
from services.intake.rules.moves.reply import Reply
from services.intake.rules.moves.solve import Solve
from services.intake.rules.outages import Outages
from services.intake.rules.simulation.life_replay import relive
from services.intake.rules.simulation.outcome import ACTS, Tally
from services.intake.rules.simulation.policies_tried import Pinned
from services.intake.simulation import simulation
from services.intake.simulation.past_lives import read_lives
from services.intake.simulation.simulation import Order, simulate
from services.intake.tables.setup_tables import contract, mail_outage
from services.intake.tables.setup_tables import policy as kept_policy
from services.intake.tables.tables import organisation, person, ticket
from services.platform.database import transaction
from services.promises.policy import Policy
from tests.intake.recorded_life import DAY, HOUR, POLICIES, RecordedLife, opened
from tests.intake.ticket_life import AGENT, DAAN, MARIEKE, NOON, PLAIN, REQUESTER, message

YEAR = NOON + 365 * DAY
OUTAGES = Outages(((NOON + 9 * DAY, NOON + 12 * DAY), (NOON + 40 * DAY, NOON + 41 * DAY), (NOON + 90 * DAY, None)))
ACME = UUID(int=77)


@pytest.fixture
async def people(engine: AsyncEngine) -> None:
    """Marieke of Acme, and Daan."""
    async with transaction(engine) as connection:
        await connection.execute(organisation.insert().values(id=ACME, name="Acme", created_at=NOON))
        for who, role in ((MARIEKE, "requester"), (DAAN, "agent")):
            facts = {"id": who.person_id, "name": who.name, "email": who.email, "language": who.language}
            await connection.execute(person.insert().values(**facts, role=role, created_at=NOON))


async def _simulated(
    database_url: str, change: str, since: datetime = NOON, until: datetime = YEAR, of: str | None = None
) -> Tally:
    order = Order(change, since, until, of)
    return (await asyncio.to_thread(simulate, database_url, order)).total


async def _silent(engine: AsyncEngine, number: int = 7, policy: Policy = PLAIN) -> RecordedLife:
    """Asked on the first day and never answered: reminded after seven days, closed after fourteen."""
    async with transaction(engine) as connection:
        life = await opened(connection, number, NOON, policy.pinned("standard"))
        await life.does(Ask(AGENT, message()), NOON + HOUR)
        await life.pass_until(YEAR)
        return life


def test_every_act_that_a_policy_moves_is_counted() -> None:
    assert set(ACTS) == set(DeadlineKind) - {DeadlineKind.SNOOZE}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("seed", range(3))
async def test_a_life_lived_again_under_its_own_policy_is_the_life_it_was(engine: AsyncEngine, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - the same lives in every run
    async with engine.connect() as connection:
        lives = [await opened(connection, number, NOON, POLICIES[number % 3], OUTAGES) for number in range(1, 21)]
        for life in lives:
            await life.lives(chance, acts=14)
            await life.pass_until(YEAR)
        kept = {row.version: row.body for row in await connection.execute(kept_policy.select())}
        records = {record.past.number: record for record in await read_lives(connection, 1, 20, None, YEAR)}
    pinned = Pinned(kept)
    for life in lives:
        record = records[life.ticket.number]
        again = relive(record.past, pinned[record.policy_version], pinned, OUTAGES, YEAR)
        assert again.met == life.met, record.past
        assert again.stands == life.ticket.standing
        assert record.met == [(due.at, due[1:]) for due in life.met]


@pytest.mark.usefixtures("people")
async def test_a_sooner_reminder_reaches_those_who_answered_before_the_later_one(
    engine: AsyncEngine, database_url: str
) -> None:
    async with transaction(engine) as connection:
        life = await opened(connection, 7, NOON, PLAIN.pinned("standard"))
        await life.does(Ask(AGENT, message()), NOON)
        await life.does(Reply(REQUESTER, message()), NOON + 6 * DAY)
    tally = await _simulated(database_url, '[all]\nreminder_after = { length = "P5D" }')
    assert (tally.before, tally.after) == (Counter(), Counter({DeadlineKind.REMINDER: 1}))
    assert tally.sentence() == "1 reminder instead of 0."


@pytest.mark.usefixtures("people")
async def test_a_reply_that_comes_after_the_other_lifes_closing_reopens_the_ticket(
    engine: AsyncEngine, database_url: str
) -> None:
    async with transaction(engine) as connection:
        life = await opened(connection, 7, NOON, PLAIN.pinned("standard"))
        await life.does(Ask(AGENT, message()), NOON)
        await life.does(Reply(REQUESTER, message()), NOON + 9 * DAY)
        await life.does(Ask(AGENT, message()), NOON + 10 * DAY)
        await life.pass_until(YEAR)
    change = '[all]\nreminder_after = { length = "P2D" }\nclosure_after = { length = "P4D" }'
    tally = await _simulated(database_url, change)
    assert tally.before == {DeadlineKind.REMINDER: 2, DeadlineKind.CLOSURE: 1}
    assert tally.after == {DeadlineKind.REMINDER: 2, DeadlineKind.CLOSURE: 2}


@pytest.mark.usefixtures("people")
async def test_only_what_the_clock_does_from_the_first_day_to_the_last_is_counted(
    engine: AsyncEngine, database_url: str
) -> None:
    await _silent(engine)
    reminder = NOON + HOUR + 7 * DAY
    change = "[all]\nsurvey = false"
    within = await _simulated(database_url, change, since=reminder, until=reminder + timedelta.resolution)
    assert (within.before, within.recorded) == ({DeadlineKind.REMINDER: 1}, {DeadlineKind.REMINDER: 1})
    before = await _simulated(database_url, change, until=reminder)
    assert (before.tickets, before.before, before.recorded) == (1, Counter(), Counter())


@pytest.mark.usefixtures("people")
async def test_what_was_recorded_otherwise_is_told(engine: AsyncEngine, database_url: str) -> None:
    async with transaction(engine) as connection:
        life = await opened(connection, 7, NOON, PLAIN.pinned("standard"))
        # The clock was away for the whole of it: nothing is recorded.
        await life.does(Ask(AGENT, message()), NOON)
    outcome = await asyncio.to_thread(simulate, database_url, Order("[all]\nsurvey = false", NOON, YEAR))
    assert (outcome.total.unlike, outcome.total.sentence()) == (1, "Nothing changes.")
    assert outcome.truth().startswith(
        "Mind that the pinned policies, simulated, differ from what was recorded of 1 of 1 tickets"
        " (1 reminder simulated, 0 recorded; 1 closure simulated, 0 recorded)"
    )


@pytest.mark.usefixtures("people")
async def test_a_contracts_part_changes_its_own_tickets_only(engine: AsyncEngine, database_url: str) -> None:
    async with transaction(engine) as connection:
        await connection.execute(contract.insert().values(id=ACME, name="Acme", terms={}, changed_at=NOON))
        for number, name in ((7, "standard"), (8, "acme")):
            life = await opened(connection, number, NOON, PLAIN.pinned(name))
            await life.does(Solve(AGENT, DAAN), NOON)
            await life.pass_until(YEAR)
    no_survey = '[contracts."Acme"]\nsurvey = false'
    assert (await _simulated(database_url, no_survey)).sentence() == "1 survey instead of 2."
    assert (await _simulated(database_url, "[standard]\nsurvey = false")).sentence() == "1 survey instead of 2."
    assert (await _simulated(database_url, "[all]\nsurvey = false")).sentence() == "0 surveys instead of 2."


@pytest.mark.usefixtures("people")
async def test_a_calendar_may_be_changed_too(engine: AsyncEngine, database_url: str) -> None:
    async with transaction(engine) as connection:
        # Two working days from a Monday noon break on Wednesday, unless that is off.
        life = await opened(connection, 7, NOON, Policy().pinned("standard"))
        await life.pass_until(NOON + 2 * DAY + HOUR)
    until = NOON + 2 * DAY + HOUR
    off = '[all.calendar]\nown_days = ["2026-11-04"]'
    assert (await _simulated(database_url, off, until=until)).sentence() == "0 warnings instead of 1, 1 breach fewer."


@pytest.mark.usefixtures("people")
async def test_another_priority_rule_gives_other_targets(engine: AsyncEngine, database_url: str) -> None:
    strict = POLICIES[2]
    async with transaction(engine) as connection:
        # First reply: four working hours where high, eight else; staff are told at half of it.
        life = await opened(connection, 7, NOON, strict)
        await life.does(Reply(AGENT, message()), NOON + 3 * HOUR)
        await life.does(Prioritise(AGENT, Priority.LOW, "It is so."), NOON + 4 * HOUR)
    rule = '[all]\nordinary_until = "2027-01-01"'
    tally = await _simulated(database_url, rule, until=NOON + 5 * HOUR)
    assert (tally.before, tally.after) == ({DeadlineKind.WARNING: 1}, Counter())


@pytest.mark.usefixtures("people")
async def test_mail_that_could_not_come_in_holds_up_the_other_closing_as_well(
    engine: AsyncEngine, database_url: str
) -> None:
    async with transaction(engine) as connection:
        await connection.execute(
            mail_outage.insert().values(began_at=NOON + 9 * DAY, ended_at=NOON + 10 * DAY, reason="The server moved.")
        )
    await _silent(engine)
    closing = '[all]\nclosure_after = { length = "P12D" }'
    day_by_day = [await _simulated(database_url, closing, until=NOON + days * DAY + 2 * HOUR) for days in (12, 13)]
    assert [tally.after[DeadlineKind.CLOSURE] for tally in day_by_day] == [0, 1]


@pytest.mark.usefixtures("people")
async def test_each_organisation_has_its_own_numbers(engine: AsyncEngine, database_url: str) -> None:
    await _silent(engine, 7)
    await _silent(engine, 8)
    async with transaction(engine) as connection:
        await connection.execute(update(ticket).where(ticket.c.number == 8).values(organisation_id=ACME))
    order = Order('[all]\nreminder_after = { length = "P5D" }\nclosure_after = { length = "P800D" }', NOON, YEAR)
    with pytest.raises(Invalid, match="closure_after"):
        await asyncio.to_thread(simulate, database_url, order)
    order = replace(order, change='[all]\nclosure_after = { length = "P366D" }')
    outcome = await asyncio.to_thread(simulate, database_url, order)
    found = [(name, tally.tickets, tally.sentence()) for _, name, tally in outcome.organisations]
    assert found == [("Acme", 1, "0 closures instead of 1."), ("(no organisation)", 1, "0 closures instead of 1.")]
    assert (await _simulated(database_url, order.change, of="acme")).tickets == 1
    with pytest.raises(NotFound, match="There is no organisation 'Nobody'"):
        await _simulated(database_url, order.change, of="Nobody")


@pytest.mark.usefixtures("people")
async def test_several_processes_find_what_one_finds(
    engine: AsyncEngine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 4):
        await _silent(engine, number)
    change = '[all]\nreminder_after = { length = "P20D" }\nclosure_after = { length = "P21D" }\nsurvey = false'
    alone = await asyncio.to_thread(simulate, database_url, Order(change, NOON, NOON + 15 * DAY))
    monkeypatch.setattr(simulation, "TICKETS_ALONE_MAX", 1)
    together = await asyncio.to_thread(simulate, database_url, Order(change, NOON, NOON + 15 * DAY, processes=2))
    assert together == alone
    assert alone.total.sentence() == "0 reminders instead of 3, 3 closures fewer."


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("reminder_after = 5", "reminder_after: there is no such key."),
        ("[all]\nremind_after = 5", "all.remind_after: there is no such key."),
        ("[all]\nreminder_after = { length = 'soon' }", "all.reminder_after.length: Input should be a valid timedelta"),
        ("[all]\ncalendar = { zone = 'Mars' }", "all.calendar.zone: there is no time zone 'Mars'."),
        ("[all]\ncalendar = 5", "all.calendar: give it as a table."),
        (
            '[contracts."Acme"]\nwarn_at = [200]',
            'contracts."Acme".warn_at.0: Input should be less',
        ),
        ("[contracts.Nobody]\nsurvey = false", 'contracts."Nobody": there is no contract of that name'),
        ("[all]\nversion = 'mine'", "all.version: there is no such key."),
        ("[all", "That is no TOML"),
        ("", "The file changes nothing"),
        ("[all]\nreminder_after = { length = 'P20D' }", "a ticket is closed later than its requester is reminded"),
    ],
)
@pytest.mark.usefixtures("people")
async def test_a_wrong_policy_is_refused_by_the_name_of_its_key(
    engine: AsyncEngine, database_url: str, change: str, said: str
) -> None:
    await _silent(engine)
    with pytest.raises(Invalid) as refused:
        await _simulated(database_url, change)
    assert said in refused.value.detail


async def test_no_tickets_are_no_trouble(database_url: str) -> None:
    tally = await _simulated(database_url, "[all]\nsurvey = false")
    assert (tally.tickets, tally.sentence()) == (0, "Nothing changes.")
