"""What is old enough is dropped; what a repeat could still ask for is not."""

from collections import Counter
from datetime import timedelta

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.vocabulary import Status
from services.notify.forgetting import EVENTS_KEPT_FOR, SENT_KEPT_FOR, forget_events, forget_sent
from services.notify.rules.notices import Template
from services.notify.tables import consumed_event, delivery_attempt, notification
from services.platform.database import transaction
from services.platform.tidying import Chore
from tests.notify.happenings import BY_LUCIA, JAN, NOW, reminder_due, replied, submitted
from tests.notify.notifier import Notifier
from tests.smtp_server import SmtpServer

ANSWER = replied(BY_LUCIA, Status.OPEN, Status.NEW)
A_MOMENT = timedelta(seconds=1)


async def forgotten(notifier: Notifier, chore: Chore) -> int:
    async with transaction(notifier.engine) as connection:
        return await chore(connection, notifier.clock())


async def kept(engine: AsyncEngine) -> tuple[int, int, int]:
    """How many mails, tries and events are kept."""
    async with engine.connect() as connection:
        counts = [select(func.count()).select_from(table) for table in (notification, delivery_attempt, consumed_event)]
        mails, tries, events = [(await connection.execute(count)).scalar_one() for count in counts]
    return mails, tries, events


async def test_a_sent_mail_is_forgotten_with_its_tries_after_half_a_year(notifier: Notifier, smtp: SmtpServer) -> None:
    await notifier.hears(ANSWER)
    await notifier.delivers()
    notifier.clock.move(SENT_KEPT_FOR)
    assert await forgotten(notifier, forget_sent) == 0
    notifier.clock.move(A_MOMENT)
    assert await forgotten(notifier, forget_sent) == 1
    assert await kept(notifier.engine) == (0, 0, 1)
    assert await forgotten(notifier, forget_sent) == 0


async def test_what_was_not_sent_stays_for_somebody_to_look_at(notifier: Notifier, smtp: SmtpServer) -> None:
    smtp.refuse_permanently(JAN.email or "")
    await notifier.hears(ANSWER)
    await notifier.hears(reminder_due(version=3))
    await notifier.hears(replied(BY_LUCIA, Status.SOLVED, Status.PENDING, version=4), NOW)
    await notifier.delivers()
    await notifier.hears(submitted())
    states = await notifier.states()
    assert {state for _, state in states} == {"failed", "suppressed", "queued"}
    notifier.clock.move(SENT_KEPT_FOR * 2)
    assert await forgotten(notifier, forget_sent) == 0
    assert await notifier.states() == states


async def test_an_event_is_remembered_for_a_month(notifier: Notifier) -> None:
    await _heard_at_the_clocks_time(notifier)
    notifier.clock.move(EVENTS_KEPT_FOR)
    assert await forgotten(notifier, forget_events) == 0
    notifier.clock.move(A_MOMENT)
    assert await forgotten(notifier, forget_events) == 1
    assert await kept(notifier.engine) == (1, 0, 0)


async def test_a_repeat_that_comes_after_its_mark_is_forgotten_sends_nothing_again(
    notifier: Notifier, smtp: SmtpServer
) -> None:
    event = await notifier.hears(ANSWER)
    await notifier.delivers()
    async with transaction(notifier.engine) as connection:
        await connection.execute(text("truncate notify.consumed_event"))
    notifier.clock.move(SENT_KEPT_FOR)
    await forgotten(notifier, forget_sent)
    await notifier.hears(event)
    await notifier.delivers()
    assert len(smtp.messages) == 1
    assert await notifier.states() == Counter({(Template.ANSWER, "sent"): 1})


def test_a_mail_outlives_the_mark_of_its_event() -> None:
    assert SENT_KEPT_FOR > EVENTS_KEPT_FOR


async def _heard_at_the_clocks_time(notifier: Notifier) -> None:
    await notifier.hears(ANSWER)
    async with transaction(notifier.engine) as connection:  # marked by the database's own clock
        await connection.execute(update(consumed_event).values(consumed_at=notifier.clock()))
