"""Waits until no message is under way: outboxes delivered, queues empty, mails sent."""

import asyncio
from contextlib import suppress

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.cli.demo.words import NotAsPlanned
from services.intake.tables.tables import outbox as intake_outbox
from services.intake.tickets.suggestion_consumer import SUGGESTIONS_QUEUE
from services.kb.consumer import SUGGEST_QUEUE
from services.kb.tables import outbox as kb_outbox
from services.messaging.broker import Broker
from services.notify.consumer import QUEUE as MAIL_QUEUE
from services.notify.tables import QUEUED, notification

QUEUES = (SUGGESTIONS_QUEUE, SUGGEST_QUEUE, MAIL_QUEUE)
LOOKS = 3
"""How many checks in a row must find nothing: a message that moves between two places is in neither for a moment."""
LOOK_EVERY_SECONDS = 0.4
PATIENCE_SECONDS = 90.0
ORDINARY_MAX = 25
"""While more messages and mails than this are under way, the story begins no new ticket."""


async def until_quiet(engine: AsyncEngine, broker: Broker) -> None:
    """Returns once no message is under way. Raises NotAsPlanned after `PATIENCE_SECONDS`, naming what still is."""
    left: dict[str, int] = {}
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            quiet = 0
            while quiet < LOOKS:
                left = {what: count for what, count in (await _under_way(engine, broker)).items() if count}
                quiet = 0 if left else quiet + 1
                await asyncio.sleep(LOOK_EVERY_SECONDS)
    except TimeoutError:
        still = ", ".join(f"{count} in {what}" for what, count in left.items())
        raise NotAsPlanned(f"messages were still under way after {PATIENCE_SECONDS:.0f} s: {still}") from None


async def until_calm(engine: AsyncEngine, broker: Broker) -> None:
    """Returns once at most `ORDINARY_MAX` messages are under way, or after `PATIENCE_SECONDS`.

    This slows the story down on a slow machine, so that deadlines can still be met in time.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while sum((await _under_way(engine, broker)).values()) > ORDINARY_MAX:  # noqa: ASYNC110 - rows set no event
                await asyncio.sleep(LOOK_EVERY_SECONDS)


async def dead_letters(broker: Broker) -> int:
    """How many messages could not be handled."""
    return sum([len(await broker.dead_letters(queue.name)) for queue in QUEUES])


async def _under_way(engine: AsyncEngine, broker: Broker) -> dict[str, int]:
    counts = {f"queue {queue.name}": await broker.depth(queue.name) for queue in QUEUES}
    async with engine.connect() as connection:
        for name, outbox in {"intake": intake_outbox, "the knowledge base": kb_outbox}.items():
            unsent = select(func.count()).where(outbox.c.sent_at.is_(None))
            counts[f"the outbox of {name}"] = (await connection.execute(unsent)).scalar_one()
        waiting = select(func.count()).where(notification.c.state == QUEUED)
        counts["the mail to go out"] = (await connection.execute(waiting)).scalar_one()
    return counts
