"""Deletes notify's old data: sent mails, and the marks of processed events."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.tables import SENT, consumed_event, notification
from services.platform.tidying import TIDY_BATCH_MAX

SENT_KEPT_FOR = timedelta(days=180)
"""How long sent mails are kept, with text and attempts. Failed and suppressed mails stay, for somebody to look at."""
EVENTS_KEPT_FOR = timedelta(days=30)
"""How long the mark of a processed event is kept. A repeat of a marked event does nothing.

An event is repeated if its mark was committed but its acknowledgement was lost. The broker repeats it at the next
connection, the relay at its next start: within seconds, or as soon as the part that was down is up again. A dead
letter has no mark, unless its handler timed out while committing; dead letters are looked at within days. A repeat
that comes even later does no harm: its mails are kept for `SENT_KEPT_FOR` under ids made from the event, and are not
planned again; what it says of a ticket or person is older than what is known, and is ignored.
"""


async def forget_sent(connection: AsyncConnection, now: datetime) -> int:
    """Delete mails sent more than `SENT_KEPT_FOR` ago, with their attempts: one batch; returns how many."""
    old = (
        select(notification.c.id)
        .where(notification.c.state == SENT, notification.c.ended_at < now - SENT_KEPT_FOR)
        .limit(TIDY_BATCH_MAX)
    )
    return int((await connection.execute(delete(notification).where(notification.c.id.in_(old)))).rowcount)


async def forget_events(connection: AsyncConnection, now: datetime) -> int:
    """Delete the marks of events processed more than `EVENTS_KEPT_FOR` ago: one batch; returns how many."""
    key = tuple_(consumed_event.c.consumer, consumed_event.c.event_id)
    old = (
        select(consumed_event.c.consumer, consumed_event.c.event_id)
        .where(consumed_event.c.consumed_at < now - EVENTS_KEPT_FOR)
        .limit(TIDY_BATCH_MAX)
    )
    return int((await connection.execute(delete(consumed_event).where(key.in_(old)))).rowcount)
