"""What notify forgets, and when: mails long sent, and which events it dealt with."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notify.tables import SENT, consumed_event, notification
from services.platform.tidying import TIDY_BATCH_MAX

SENT_KEPT_FOR = timedelta(days=180)
"""A mail that was sent, its words and its tries. What failed or was held back stays: somebody may have to look."""
EVENTS_KEPT_FOR = timedelta(days=30)
"""The mark that an event was dealt with, so that a repeat does nothing.

An event is repeated where its mark was made but its acknowledgement got lost. The broker repeats it at the next
connection, and the relay at its next start: within seconds, or once a part that was down is up again. A dead letter
carries no mark, but for one whose handler ran out of time as it committed; letters are looked at within days. Should a
repeat ever come later than this, then its mails are still there for `SENT_KEPT_FOR`, under ids made of the event, and
are not planned again; what it tells of a ticket or person is older than what is known, and is ignored.
"""


async def forget_sent(connection: AsyncConnection, now: datetime) -> int:
    """Drop mails sent more than `SENT_KEPT_FOR` ago, and with them the tries to send them."""
    old = (
        select(notification.c.id)
        .where(notification.c.state == SENT, notification.c.ended_at < now - SENT_KEPT_FOR)
        .limit(TIDY_BATCH_MAX)
    )
    return int((await connection.execute(delete(notification).where(notification.c.id.in_(old)))).rowcount)


async def forget_events(connection: AsyncConnection, now: datetime) -> int:
    """Drop the marks of events dealt with more than `EVENTS_KEPT_FOR` ago."""
    key = tuple_(consumed_event.c.consumer, consumed_event.c.event_id)
    old = (
        select(consumed_event.c.consumer, consumed_event.c.event_id)
        .where(consumed_event.c.consumed_at < now - EVENTS_KEPT_FOR)
        .limit(TIDY_BATCH_MAX)
    )
    return int((await connection.execute(delete(consumed_event).where(key.in_(old)))).rowcount)
