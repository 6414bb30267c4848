"""When mail could not come in: a ticket is not closed for want of an answer that could not arrive."""

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.desk_tables import mail_outage


async def mail_down_since(connection: AsyncConnection, since: datetime, now: datetime) -> timedelta:
    """For how long in all, between the two, mail could not come in. Outages do not overlap."""
    ended = func.least(func.coalesce(mail_outage.c.ended_at, now), now)
    began = func.greatest(mail_outage.c.began_at, since)
    overlaps = mail_outage.c.began_at < now, or_(mail_outage.c.ended_at.is_(None), mail_outage.c.ended_at > since)
    query = select(func.sum(ended - began)).where(*overlaps)
    down: timedelta | None = (await connection.execute(query)).scalar_one_or_none()
    return down or timedelta(0)
