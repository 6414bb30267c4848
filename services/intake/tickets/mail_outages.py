"""Mail outages, during which mail could not come in. They postpone closing: the requester's answer may be delayed.

Outages are reported by an operator or by the program that fetches mail, or are found by the desk itself: its worker
records a pulse every half minute, and a gap between pulses in which no mail came in is an outage.
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
"""A shorter gap is a restart and no outage: mail servers retry, so nothing is lost."""
REPORTED_AGO_MAX = timedelta(days=366)
OWN_REASON = "the desk was down"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Outage:
    """A time in which mail could not come in; `ended_at` is None while it lasts."""

    id: int
    began_at: datetime
    ended_at: datetime | None
    reason: str


async def mail_down_since(connection: AsyncConnection, since: datetime, now: datetime) -> timedelta:
    """For how long in total mail could not come in between `since` and `now`, rounded as in `Outages.down`."""
    overlaps = mail_outage.c.began_at < now, or_(mail_outage.c.ended_at.is_(None), mail_outage.c.ended_at > since)
    known = await _spans(connection, *overlaps)
    # After the desk was down, a deadline may be due before its first new pulse: also count the time since the last one.
    silent_since = await _silent_since(connection)
    silent = uncovered((silent_since, None), known) if silent_since else ()
    return Outages((*known, *silent)).down(since, now)


async def report_outage(
    connection: AsyncConnection, began_at: datetime, ended_at: datetime | None, reason: str, now: datetime
) -> list[Outage]:
    """Record an outage; `ended_at` is None while it lasts. Time in known outages is not counted twice.

    Returns the outages added: none where all of that time was known. Raises Invalid for impossible times, and Conflict
    for a lasting outage while another one lasts.
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
    """End an outage, because mail comes in again. One that has ended stays as it is.

    Raises NotFound, and Invalid for an impossible end.
    """
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
    """Outages, newest first, at most `limit`, beginning after the one with id `before`."""
    query = select(mail_outage).order_by(mail_outage.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(mail_outage.c.id < before)
    return [Outage(*row) for row in await connection.execute(query)]


async def keep_pulse(engine: AsyncEngine, clock: Clock) -> None:
    """Record a pulse of the desk every half minute, until cancelled."""
    while True:
        try:
            async with transaction(engine) as connection:
                await beat(connection, clock())
        except AWAY as error:
            log.warning("pulse missed", reason=sentence(error), exc_info=unexpected(error))
        await asyncio.sleep(PULSE_EVERY.total_seconds())


async def beat(connection: AsyncConnection, now: datetime) -> list[Outage]:
    """Record a pulse at `now`. If the last one is at least `GAP_MIN` ago and no mail came since, record an outage.

    Returns the outages recorded.
    """
    await connection.execute(insert(pulse).values(id=1, at=now).on_conflict_do_nothing())
    # Several workers do this: after a gap the first one finds it, and the others find a fresh pulse.
    last = (await connection.execute(select(pulse.c.at).where(pulse.c.id == 1).with_for_update())).scalar_one()
    if last >= now:
        return []
    await connection.execute(update(pulse).where(pulse.c.id == 1).values(at=now))
    if now - last < GAP_MIN or await _mail_came(connection, last, now):
        return []
    log.warning("the desk was down", since=last.isoformat(), until=now.isoformat())
    return await report_outage(connection, max(last, now - REPORTED_AGO_MAX), now, OWN_REASON, now)


async def _one_at_a_time(connection: AsyncConnection) -> None:
    """Lock, so that nobody else reports or ends an outage until this transaction ends."""
    # Two reports must not both add the same time, and a report must not rely on an outage whose end is being set.
    await connection.execute(text("select pg_advisory_xact_lock(hashtext('intake.mail_outage'))"))


async def _mail_came(connection: AsyncConnection, since: datetime, until: datetime) -> bool:
    between = received_mail.c.received_at > since, received_mail.c.received_at < until
    return (await connection.execute(select(received_mail.c.key).where(*between).limit(1))).first() is not None


async def _silent_since(connection: AsyncConnection) -> datetime | None:
    """The instant of the last pulse, if it is at least `GAP_MIN` ago and no mail came since; else None.

    This is an outage that `beat` has not recorded yet.
    """
    # Compare with the database's time, because pulses have wall-clock time; in tests a ticket's clock may be ahead.
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
