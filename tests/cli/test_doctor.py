"""The doctor says what is wrong, of whom, and what to do about it."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.cli.doctor import DoctorSettings, Finding, examine
from services.cli.embedded.child_process import LOOPBACK, free_port
from services.contract.errors import Permanent
from services.contract.events import Event
from services.intake.rules.ticket import Decision
from services.intake.tables.tables import outbox, person
from services.intake.tickets.store import create
from services.kb.consumer import SUGGEST_QUEUE
from services.messaging.local.broker import LocalBroker
from services.messaging.outbox import CLOCK_SINK
from services.notify.tables import FAILED, QUEUED, notification
from services.platform.clock import wall_clock
from services.platform.database import transaction, why_refused
from tests.intake.ticket_life import DAAN, MARIEKE, asked, new_ticket
from tests.patience import until


def settings_for(database_url: str) -> DoctorSettings:
    """A doctor who finds this database, and nothing where the other parts should be."""
    nowhere = f"{LOOPBACK}:{free_port()}"
    return DoctorSettings.model_validate(
        {
            "database_url": database_url,
            "secret": "-" * 32,
            "temporal_address": nowhere,
            "public_url": f"http://{nowhere}",
            "intake_url": f"http://{nowhere}",
            "kb_url": f"http://{nowhere}",
        }
    )


async def wrong_with(database_url: str) -> list[str]:
    """What the doctor finds wrong, besides what answers nowhere."""
    findings = await examine(settings_for(database_url))
    return [each.sentence for each in findings if not each.well and "does not answer" not in each.sentence]


@pytest.mark.own_parts
async def test_every_part_that_is_away_is_named_once() -> None:
    findings = await examine(settings_for(f"postgresql://nobody@{LOOPBACK}:{free_port()}/balie"))
    assert [each.well for each in findings] == [False] * 6
    named = [each.sentence.partition(" does not answer: ")[0].partition(" (")[0] for each in findings]
    assert named == ["intake's API", "The knowledge base's API", "The web", "Temporal", "The broker", "PostgreSQL"]


async def test_a_fresh_desk_is_well(database_url: str) -> None:
    assert await wrong_with(database_url) == []


async def test_missing_tables_are_said_with_the_command_that_makes_them(empty_database_url: str) -> None:
    assert await wrong_with(empty_database_url) == [
        f"{service} has no tables: run `balie migrate`." for service in ("intake", "notify", "kb")
    ]


async def test_tables_of_an_unreleased_balie_are_said_with_what_to_do(engine: AsyncEngine, database_url: str) -> None:
    async with transaction(engine) as connection:
        await connection.execute(text("update intake.schema_version set version_num = '0008'"))
    assert await wrong_with(database_url) == [why_refused("intake", "0008")]


async def test_a_relay_that_lags_is_said_with_its_last_trouble(engine: AsyncEngine, database_url: str) -> None:
    stuck = {
        "sink": CLOCK_SINK,
        "key": "7",
        "payload": {},
        "created_at": wall_clock() - timedelta(hours=2),
        "last_error": "Temporary: Temporal is away",
    }
    async with transaction(engine) as connection:
        await connection.execute(outbox.insert().values(stuck))
    (said,) = await wrong_with(database_url)
    assert said.startswith("intake's relay to the clock lags 2:00:0")
    assert said.endswith("behind with 1 messages (last trouble: Temporary: Temporal is away).")


async def test_mail_that_waits_and_mail_that_was_given_up_are_told_apart(
    engine: AsyncEngine, database_url: str
) -> None:
    hour_ago, week_ago = wall_clock() - timedelta(hours=1), wall_clock() - timedelta(days=7)
    async with transaction(engine) as connection:
        for state, at in ((QUEUED, hour_ago), (FAILED, hour_ago), (FAILED, week_ago)):
            await connection.execute(notification.insert().values(_mail(state, at)))
    waits, given_up = await wrong_with(database_url)
    assert waits.startswith("1 mails should have been tried up to 1:00:0")
    assert given_up == "1 mails were given up in the last day, most often because: no such mailbox"


async def test_dead_letters_are_counted_with_the_command_that_shows_them(database_url: str) -> None:
    async def refuse(_event: Event) -> None:
        raise Permanent("cannot be read")

    broker = LocalBroker(database_url)
    await broker.connect()
    await broker.subscribe(SUGGEST_QUEUE, refuse)
    event = Event(id=uuid4(), source="/balie/intake", type=SUGGEST_QUEUE.bindings[0], time=wall_clock(), data={})
    await broker.publish(event)

    async def is_dead() -> bool:
        return bool(await broker.dead_letters(SUGGEST_QUEUE.name))

    await until(is_dead, "the message is a dead letter")
    await broker.close()
    assert await wrong_with(database_url) == [
        "1 dead letters lie in kb.suggest: look with `balie dead-letters list kb.suggest`."
    ]


async def test_healing_says_what_it_set_right_and_leaves_the_desk_well(
    engine: AsyncEngine, database_url: str, temporal_address: str
) -> None:
    then = wall_clock() - timedelta(hours=1)
    people = [
        {"id": who.person_id, "name": who.name, "email": who.email, "language": who.language}
        | {"role": "agent", "created_at": then}
        for who in (MARIEKE, DAAN)
    ]
    async with transaction(engine) as connection:
        await connection.execute(person.insert(), people)
        await create(connection, Decision(asked(new_ticket(then, number=910_001), then)))
        await connection.execute(outbox.delete())
    settings = settings_for(database_url).model_copy(update={"temporal_address": temporal_address})

    def of_ticket(findings: list[Finding]) -> list[tuple[bool, str]]:
        return [(each.well, each.sentence) for each in findings if "910001" in each.sentence]

    (told,) = of_ticket(await examine(settings))
    assert not told[0]
    assert told[1].endswith("`balie doctor --heal` sets them right.")
    (healed,) = of_ticket(await examine(settings, healing=True))
    assert healed[0]
    async with engine.connect() as connection:
        assert (await connection.execute(select(outbox.c.key))).scalars().all() == ["910001"]


def _mail(state: str, at: datetime) -> dict[str, object]:
    number = uuid4()
    return {
        "id": number,
        "event_id": UUID(int=0),
        "template": "confirmation",
        "recipient": {},
        "mailbox": "",
        "content": {},
        "correlation_id": "",
        "message_id": str(number),
        "state": state,
        "reason": "no such mailbox" if state == FAILED else "",
        "happened_at": at,
        "planned_at": at,
        "due_at": at,
        "ended_at": at if state == FAILED else None,
    }
