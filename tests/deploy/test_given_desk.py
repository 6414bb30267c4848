"""The demonstration on a Balie that runs already: only on one that is empty, whose books it can answer for."""

from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.cli.demo.given import GivenSettings, given
from services.contract.errors import Permanent
from services.intake.mail.incoming import MailOutcome, Mailroom, receive_mail
from services.intake.people.demonstration import PEOPLE, add_demonstration_people
from services.intake.people.sessions import credentials, log_in
from services.intake.rules.contracts import Terms
from services.intake.tickets.attachments import PostgresBlobs
from services.platform.clock import wall_clock

MAIL = b"From: sam@customer.example\r\nMessage-ID: <1@customer.example>\r\nSubject: Help\r\n\r\nHelp!"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> GivenSettings:
    return GivenSettings.model_validate(
        {
            "database_url": database_url,
            "broker_url": "amqp://balie@rabbitmq/",
            "temporal_address": "temporal:7233",
            "secret": "a secret of thirty-two characters or more",
            "intake_url": "http://intake-api:8081",
            "mailbox_dir": tmp_path,
        }
    )


async def test_an_empty_desk_gets_people_who_can_log_in(settings: GivenSettings, engine: AsyncEngine) -> None:
    balie = await given(settings)
    assert (balie.intake_url, balie.temporal_address, balie.broker_url, balie.mail_folder) == (
        settings.intake_url,
        settings.temporal_address,
        "amqp://balie@rabbitmq/",
        settings.mailbox_dir,
    )
    async with engine.connect() as connection:
        for somebody in PEOPLE:
            assert (await log_in(await credentials(connection, somebody.email), balie.password)).role is somebody.role


async def test_a_desk_with_a_ticket_is_left_alone(settings: GivenSettings, engine: AsyncEngine) -> None:
    receipt = await receive_mail(Mailroom(engine, PostgresBlobs(), Terms(), wall_clock), MAIL)
    assert receipt.outcome is MailOutcome.SUBMITTED
    with pytest.raises(Permanent, match="This desk is in use"):
        await given(settings)


async def test_nobody_is_given_a_new_password(settings: GivenSettings, engine: AsyncEngine) -> None:
    await add_demonstration_people(engine, "the password they know", wall_clock)
    with pytest.raises(Permanent, match="This desk is in use"):
        await given(settings)
    async with engine.connect() as connection:
        assert await log_in(await credentials(connection, PEOPLE[0].email), "the password they know")
