"""The checks of `balie doctor`: which part does not answer, what is late, where a ticket and its clock disagree."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
from pydantic import Field
from sqlalchemy import Table, func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.service import RPCError

from services.cli.chosen_broker import chosen_broker
from services.contract.errors import BalieError, sentence
from services.intake.clock.reconciliation import Comparison, Disagreement, compare, heal
from services.intake.tables.tables import outbox as intake_outbox
from services.intake.tickets.suggestion_consumer import SUGGESTIONS_QUEUE
from services.kb.consumer import SUGGEST_QUEUE
from services.kb.tables import outbox as kb_outbox
from services.messaging.broker import Broker
from services.notify.consumer import QUEUE as MAIL_QUEUE
from services.notify.tables import FAILED, QUEUED, notification
from services.platform.clock import wall_clock
from services.platform.database import SERVICES_WITH_TABLES, connect, newest_revision, revision, why_refused
from services.platform.settings import Settings

QUEUES = (SUGGESTIONS_QUEUE, SUGGEST_QUEUE, MAIL_QUEUE)
OUTBOXES = {"intake": intake_outbox, "kb": kb_outbox}
PATIENCE_SECONDS = 10
"""How long one part may take to answer."""
RELAY_LAG_MAX = timedelta(minutes=1)
DELIVERY_LAG_MAX = timedelta(minutes=10)
FAILED_SINCE = timedelta(days=1)
"""Ignore failures older than this."""
LIKELY_SINCE = timedelta(days=1)
"""All clocks of tickets changed within this time are asked; of the others, the next part in turn."""
EVER = datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
LETTERS_MAX = 100
"""Most dead letters of one queue that are counted; then "100 or more" is shown."""


class DoctorSettings(Settings):
    """The settings of every process, and the addresses of the HTTP APIs."""

    intake_url: str = Field(default="http://127.0.0.1:8081", description="where intake's HTTP API listens")
    kb_url: str = Field(default="http://127.0.0.1:8082", description="where the knowledge base's HTTP API listens")


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    well: bool
    sentence: str


_AWAY = (OSError, TimeoutError, SQLAlchemyError, RPCError, RuntimeError, BalieError, httpx.HTTPError)
"""What the parts' clients raise if a part does not answer; RuntimeError comes from Temporal's."""


async def examine(settings: DoctorSettings, *, healing: bool = False) -> list[Finding]:
    """Does all checks. If a part does not answer, that is one finding, and the checks that need this part are left out.

    `healing` corrects clocks that differ from their ticket. It asks as many clocks as the limit allows, not only those
    of tickets changed lately.
    """
    findings = list(await asyncio.gather(*(_process(name, url) for name, url in _processes(settings).items())))
    async with _tools(settings) as (engine, broker):
        temporal, found = await _temporal(settings)
        findings.append(found)
        findings += await _of_broker(broker)
        of_database = await _of_database(engine)
        findings += of_database
        if all(finding.well for finding in of_database):
            # The tables exist only if PostgreSQL answers and every service is migrated.
            findings += await _of_tables(engine)
            findings += await _of_clocks(engine, temporal, healing=healing)
    return findings


@asynccontextmanager
async def _tools(settings: Settings) -> AsyncIterator[tuple[AsyncEngine, Broker]]:
    database_url = settings.database_url.get_secret_value()
    engine, broker = connect(database_url), chosen_broker(settings.broker_url.get_secret_value(), database_url)
    try:
        yield engine, broker
    finally:
        await broker.close()
        await engine.dispose()


def _processes(settings: DoctorSettings) -> Mapping[str, str]:
    return {
        "intake's API": f"{settings.intake_url}/readyz",
        "The knowledge base's API": f"{settings.kb_url}/readyz",
        "The web": f"{settings.public_url}/healthz",
    }


async def _process(name: str, url: str) -> Finding:
    try:
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
            answer = await client.get(url)
    except httpx.HTTPError as error:
        return _away(f"{name} ({url})", error)
    return Finding(
        answer.is_success, f"{name} answers{'' if answer.is_success else f' {answer.status_code} at {url}'}."
    )


async def _temporal(settings: Settings) -> tuple[Client | None, Finding]:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            client = await Client.connect(
                settings.temporal_address,
                namespace=settings.temporal_namespace,
                data_converter=pydantic_data_converter,
            )
    except _AWAY as error:
        return None, _away(f"Temporal ({settings.temporal_address})", error)
    return client, Finding(True, "Temporal answers.")


async def _of_broker(broker: Broker) -> list[Finding]:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await broker.connect()
            letters = {queue.name: len(await broker.dead_letters(queue.name, LETTERS_MAX)) for queue in QUEUES}
    except _AWAY as error:
        return [_away("The broker", error)]
    return [Finding(True, "The broker answers."), *(_letters(queue, count) for queue, count in letters.items())]


def _letters(queue: str, count: int) -> Finding:
    if not count:
        return Finding(True, f"No dead letters lie in {queue}.")
    number = f"{count} or more" if count == LETTERS_MAX else str(count)
    return Finding(False, f"{number} dead letters lie in {queue}: look with `balie dead-letters list {queue}`.")


async def _of_database(engine: AsyncEngine) -> list[Finding]:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS), engine.connect() as connection:
            migrated = [await _migrations(connection, service) for service in SERVICES_WITH_TABLES]
    except _AWAY as error:
        return [_away("PostgreSQL", error)]
    return [Finding(True, "PostgreSQL answers."), *migrated]


async def _of_tables(engine: AsyncEngine) -> list[Finding]:
    now = wall_clock()
    async with engine.connect() as connection:
        relays = [found for name, outbox in OUTBOXES.items() for found in await _relay(connection, name, outbox, now)]
        return [*relays, await _deliveries(connection, now), await _given_up(connection, now)]


async def _migrations(connection: AsyncConnection, service: str) -> Finding:
    at, newest = await connection.run_sync(revision, service), newest_revision(service)
    if at is None:
        return Finding(False, f"{service} has no tables: run `balie migrate`.")
    if at == newest:
        return Finding(True, f"{service}'s tables are of the newest form ({newest}).")
    if why := why_refused(service, at):
        return Finding(False, why)
    return Finding(False, f"{service}'s tables are of form {at}, not {newest}: run `balie migrate`.")


async def _relay(connection: AsyncConnection, name: str, outbox: Table, now: datetime) -> list[Finding]:
    unsent = select(outbox.c.sink, func.count(), func.min(outbox.c.created_at), func.max(outbox.c.last_error))
    rows = (await connection.execute(unsent.where(outbox.c.sent_at.is_(None)).group_by(outbox.c.sink))).all()
    late = [row for row in rows if now - row[2] > RELAY_LAG_MAX]
    if not late:
        return [Finding(True, f"{name}'s relay is up to date.")]
    return [
        Finding(
            False,
            f"{name}'s relay to the {sink} lags {_span(now - since)} behind with {count} messages"
            f" (last trouble: {trouble or 'none; does its worker run?'}).",
        )
        for sink, count, since, trouble in late
    ]


async def _deliveries(connection: AsyncConnection, now: datetime) -> Finding:
    stuck = select(func.count(), func.min(notification.c.due_at)).where(
        notification.c.state == QUEUED, notification.c.due_at < now - DELIVERY_LAG_MAX
    )
    count, since = (await connection.execute(stuck)).one()
    if not count:
        return Finding(True, "No mail waits longer than it should.")
    return Finding(False, f"{count} mails should have been tried up to {_span(now - since)} ago: does notify run?")


async def _given_up(connection: AsyncConnection, now: datetime) -> Finding:
    failed = (
        select(notification.c.reason, func.count())
        .where(notification.c.state == FAILED, notification.c.ended_at > now - FAILED_SINCE)
        .group_by(notification.c.reason)
        .order_by(func.count().desc())
    )
    rows = (await connection.execute(failed)).all()
    if not rows:
        return Finding(True, "No mail was given up in the last day.")
    total, reason = sum(row[1] for row in rows), rows[0][0]
    return Finding(False, f"{total} mails were given up in the last day, most often because: {reason}")


async def _of_clocks(engine: AsyncEngine, temporal: Client | None, *, healing: bool) -> list[Finding]:
    if temporal is None:
        return []
    now = wall_clock()
    try:
        found = await compare(engine, temporal, now, since=EVER if healing else now - LIKELY_SINCE)
    except RPCError as error:
        return [_away("Temporal's list of clocks", error)]
    late = found.overdue
    findings = [Finding(not late, f"Deadlines overdue: {_few(late)}." if late else "No deadline is overdue.")]
    if found.silent:
        findings.append(Finding(False, f"Clocks do not answer ({found.silent})"))
    if found.differing and healing:
        await heal(engine, temporal, found, now)
        return [*findings, Finding(True, f"{_differ(found)} Set right: {_few(found.differing)}.")]
    if found.differing:
        how = f"{_differ(found)} {_few(found.differing)}. `balie doctor --heal` sets them right."
        return [*findings, Finding(False, how)]
    return [*findings, Finding(True, f"{found.tickets} tickets have their clock; {found.asked} clocks asked agree.")]


def _differ(found: Comparison) -> str:
    return f"{len(found.differing)} clocks disagree with their ticket, of {found.tickets} open ones."


def _few(all_of_them: list[Disagreement]) -> str:
    shown = "; ".join(f"ticket {each.number} {each.how}" for each in all_of_them[:5])
    return shown + (f"; and {len(all_of_them) - 5} more" if len(all_of_them) > 5 else "")


def _away(part: str, error: BaseException) -> Finding:
    return Finding(False, f"{part} does not answer: {sentence(error)}.")


def _span(length: timedelta) -> str:
    return str(timedelta(seconds=round(length.total_seconds())))
