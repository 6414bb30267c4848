"""A desk that runs already is brought up to date, and loses no choice its people made."""

import asyncio
from pathlib import Path
from uuid import uuid4

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from services import notify
from services.notify.rules.notices import Template
from services.notify.store import known, staff
from services.platform.database import connect, transaction


def upgrade(url: str, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(notify.__path__[0]) / "migrations"))
    config.attributes.update(url=url, schema="notify")
    command.upgrade(config, revision)


async def test_what_somebody_had_turned_off_stays_off_and_new_notices_reach_everybody(empty_database_url: str) -> None:
    await asyncio.to_thread(upgrade, empty_database_url, "0001")
    engine, quiet, loud = connect(empty_database_url), uuid4(), uuid4()
    async with transaction(engine) as connection:
        for person, notices in {quiet: ["reply", "assigned"], loud: [*_FORMER]}.items():
            await connection.execute(
                text("insert into notify.subscription values (:id, 'Emma', null, 'en', true, :notices, now())"),
                {"id": person, "notices": notices},
            )
        await connection.execute(text("insert into notify.known_ticket values (12, 3, 'open', null, null, 2)"))
    await asyncio.to_thread(upgrade, empty_database_url, "head")
    async with transaction(engine) as connection:
        people = {one.contact.person_id: one for one in await staff(connection, [])}
        ticket = await known(connection, 12)
    await engine.dispose()
    assert people[quiet].muted == {Template.NEW_TICKET, Template.BAD_RATING}
    assert people[loud].muted == frozenset()
    assert all(one.wants(Template.SLA_BREACHED) and one.role is None for one in people.values())
    assert ticket is not None
    assert (ticket.version, ticket.priority, dict(ticket.marks)) == (3, None, {})


_FORMER = (Template.NEW_TICKET, Template.REPLY, Template.ASSIGNED, Template.BAD_RATING)
