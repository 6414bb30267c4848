"""Prepares a Balie that is already running, which the environment names, for the demonstration."""

import asyncio
import secrets
from pathlib import Path

from pydantic import Field
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.cli.embedded.whole import Embedded
from services.contract.errors import Permanent
from services.intake.people.demonstration import PEOPLE, add_demonstration_people
from services.intake.tables.tables import person, ticket
from services.platform.clock import wall_clock
from services.platform.database import connect
from services.platform.settings import Settings

PASSWORD_BYTES = 12


class GivenSettings(Settings):
    """The settings of every process, and where that Balie's API and mails are."""

    intake_url: str = Field(default="http://127.0.0.1:8081", description="where intake's HTTP API listens")
    mailbox_dir: Path = Field(description="the folder in which its notify keeps mails instead of sending them")


class _Given(Embedded):
    async def run_on(self) -> None:
        """Never returns: this process does not supervise the parts of that Balie."""
        await asyncio.Event().wait()


async def given(settings: GivenSettings) -> Embedded:
    """Adds the demonstration's people to the Balie that these settings name, and returns it.

    Raises Permanent if it already has tickets, because the books count every ticket; or these people, because nobody's
    password may be changed.
    """
    database_url, password = settings.database_url.get_secret_value(), secrets.token_urlsafe(PASSWORD_BYTES)
    engine = connect(database_url)
    try:
        await _must_be_empty(engine)
        await add_demonstration_people(engine, password, wall_clock)
    finally:
        await engine.dispose()
    return _Given(
        state=Path(),
        web_url=settings.public_url,
        intake_url=settings.intake_url,
        kb_url="",
        temporal_address=settings.temporal_address,
        temporal_ui_url="",
        database_url=database_url,
        broker_url=settings.broker_url.get_secret_value(),
        mail_folder=settings.mailbox_dir,
        secret=settings.secret.get_secret_value(),
        password=password,
    )


async def _must_be_empty(engine: AsyncEngine) -> None:
    used = exists(select(ticket.c.number)) | exists(
        select(person.c.id).where(person.c.email.in_([somebody.email for somebody in PEOPLE]))
    )
    async with engine.connect() as connection:
        if (await connection.execute(select(used))).scalar_one():
            raise Permanent("This desk is in use. The demonstration is for an empty one: its books count every ticket.")
