"""When mail could not come in: a ticket is not closed for want of an answer that could not arrive.

Outages are reported by an operator or by whoever fetches mail, or found by the desk itself: its worker writes down
every half minute that it lives, and a gap in that during which nothing came in is an outage.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contract.errors import Conflict, Invalid, NotFound, sentence
from services.intake.rules.outages import Outages, Period, uncovered
from services.intake.tables.setup_tables import mail_outage, pulse
from services.intake.tables.tables import received_mail
from services.platform.clock import Clock
from services.platform.database import transaction
from services.platform.postgres_listen import AWAY, unexpected

PULSE_EVERY = timedelta(seconds=30)
GAP_MIN = timedelta(minutes=5)
"""A shorter silence of the desk is a restart: mail servers try again within it, and nothing was lost."""
REPORTED_AGO_MAX = timedelta(days=366)
REASON_CHARACTERS_MAX = 500
OWN_REASON = "the desk was down"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Outage:
    """A time in which mail could not come in; `ended_at` None while that is so."""

    id: int
    began_at: datetime
    ended_at: datetime | None
    reason: str


async def mail_down_since(connection: AsyncConnection, since: datetime, now: datetime) -> timedelta:
    """For how long in all, between the two, mail could not come in, as `Outages` count it."""
    overlaps = mail_outage.c.began_at < now, or_(mail_outage.c.ended_at.is_(None), mail_outage.c.ended_at > since)
    known = await _spans(connection, *overlaps)
    # A clock that rings before the desk's first beat after an outage must not be told that there was none.
    silent_since = await _silent_since(connection)
    silent = uncovered((silent_since, None), known) if silent_since else ()
    return Outages((*known, *silent)).down(since, now)


async def report_outage(
    connection: AsyncConnection, began_at: datetime, ended_at: datetime | None, reason: str, now: datetime
) -> list[Outage]:
    """Write down that mail could not come in; what is known already is not counted twice.

    Returns the outages added: none where all of it was known. Raises Invalid for times that make no sense, and Conflict
    for one that goes on while another does.
    """
    if not now - REPORTED_AGO_MAX <= began_at <= now:
        raise Invalid("An outage began in the year past; give that instant.")
    if ended_at is not None and not began_at < ended_at <= now:
        raise Invalid("An outage ends after it began, and not in the future; leave the end out while it lasts.")
    await _one_at_a_time(connection)
    known = await _spans(connection)
    if ended_at is None and any(end is None for _, end in known):
        raise Conflict("An outage goes on already; end it first.")
    parts = uncovered((began_at, ended_at), known)
    return [await _add(connection, begins, ends, reason) for begins, ends in parts]


async def end_outage(connection: AsyncConnection, outage_id: int, ended_at: datetime, now: datetime) -> Outage:
    """Mail comes in again. Ended already, it stays as it is. Raises NotFound, Invalid."""
    await _one_at_a_time(connection)
    row = (await connection.execute(select(mail_outage).where(mail_outage.c.id == outage_id))).first()
    if row is None:
        raise NotFound("There is no such outage.")
    if row.ended_at is not None:
        return Outage(*row)
    if not row.began_at < ended_at <= now:
        raise Invalid("An outage ends after it began, and not in the future.")
    await connection.execute(update(mail_outage).where(mail_outage.c.id == outage_id).values(ended_at=ended_at))
    return Outage(row.id, row.began_at, ended_at, row.reason)


async def list_outages(connection: AsyncConnection, before: int | None, limit: int) -> list[Outage]:
    """The newest first, at most `limit`, beginning after the id given."""
    query = select(mail_outage).order_by(mail_outage.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(mail_outage.c.id < before)
    return [Outage(*row) for row in await connection.execute(query)]


async def keep_pulse(engine: AsyncEngine, clock: Clock) -> None:
    """Write down every half minute that the desk lives, until cancelled."""
    while True:
        try:
            async with transaction(engine) as connection:
                await beat(connection, clock())
        except AWAY as error:
            log.warning("pulse missed", reason=sentence(error), exc_info=unexpected(error))
        await asyncio.sleep(PULSE_EVERY.total_seconds())


async def beat(connection: AsyncConnection, now: datetime) -> list[Outage]:
    """The desk lives at `now`. Returns the outages found: since the last beat, where nothing came in meanwhile."""
    await connection.execute(insert(pulse).values(id=1, at=now).on_conflict_do_nothing())
    # Several workers beat: after a gap the first finds it, and the others find a fresh beat.
    last = (await connection.execute(select(pulse.c.at).where(pulse.c.id == 1).with_for_update())).scalar_one()
    if last >= now:
        return []
    await connection.execute(update(pulse).where(pulse.c.id == 1).values(at=now))
    if now - last < GAP_MIN or await _mail_came(connection, last, now):
        return []
    log.warning("the desk was down", since=last.isoformat(), until=now.isoformat())
    return await report_outage(connection, max(last, now - REPORTED_AGO_MAX), now, OWN_REASON, now)


async def _one_at_a_time(connection: AsyncConnection) -> None:
    """Nobody else reports or ends an outage until this transaction is over."""
    # Two reports must not both find the same time uncovered, nor one find covered what an end is about to uncover.
    await connection.execute(text("select pg_advisory_xact_lock(hashtext('intake.mail_outage'))"))


async def _mail_came(connection: AsyncConnection, since: datetime, until: datetime) -> bool:
    between = received_mail.c.received_at > since, received_mail.c.received_at < until
    return (await connection.execute(select(received_mail.c.key).where(*between).limit(1))).first() is not None


async def _silent_since(connection: AsyncConnection) -> datetime | None:
    """When the desk last lived, where that is so long ago that it is an outage not found yet."""
    # By the database's clock, as its pulse is by the wall's: a ticket's clock may be ahead of both in a test.
    silent = pulse.c.at <= func.clock_timestamp() - GAP_MIN
    row = (await connection.execute(select(pulse.c.at, func.clock_timestamp()).where(pulse.c.id == 1, silent))).first()
    return None if row is None or await _mail_came(connection, *row) else row.at


async def _spans(connection: AsyncConnection, *which: ColumnElement[bool]) -> list[Period]:
    query = select(mail_outage.c.began_at, mail_outage.c.ended_at).where(*which)
    return [(row.began_at, row.ended_at) for row in await connection.execute(query)]


async def _add(connection: AsyncConnection, begins: datetime, ends: datetime | None, reason: str) -> Outage:
    values = {"began_at": begins, "ended_at": ends, "reason": reason}
    added = await connection.execute(mail_outage.insert().values(values).returning(mail_outage))
    return Outage(*added.one())
