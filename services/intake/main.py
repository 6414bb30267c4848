"""Intake's composition root: settings, engine, broker, Temporal and app are wired only here."""

import asyncio
import socket
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, Worker

from services.contract.temporal import INTAKE_BULK_TASK_QUEUE, INTAKE_TASK_QUEUE
from services.intake.api.app import build_api
from services.intake.api.deps import Desk
from services.intake.bulk.activity import BulkActivity
from services.intake.clock.deadline_activity import DeadlineActivity
from services.intake.clock.reconcile_activity import ReconcileActivity
from services.intake.rules.contracts import Terms
from services.intake.tables.tables import idempotency_key, outbox
from services.intake.tickets.attachments import BlobStore, FolderBlobs, PostgresBlobs, forget_unused
from services.intake.tickets.mail_outages import keep_pulse
from services.intake.tickets.suggestion_consumer import SUGGESTIONS_QUEUE, SuggestionConsumer
from services.messaging.broker import Broker, until_connected
from services.messaging.bulk_sink import BulkSink
from services.messaging.clock_sink import ClockSink
from services.messaging.relay import BrokerSink, Relay
from services.platform.clock import wall_clock
from services.platform.database import connect
from services.platform.idempotency import forget_answers
from services.platform.identity import Signer
from services.platform.process import serve
from services.platform.settings import Settings
from services.platform.temporal_client import connect_temporal
from services.platform.tidying import keep_tidy

GRACE = timedelta(seconds=10)
MAX_CONCURRENT_DEADLINES = 20
MAX_CONCURRENT_BULKS = 2
"""Most bulks that run at the same time; others wait. This keeps the database fast for people."""


class IntakeSettings(Settings):
    """Intake's own settings, besides those of every process."""

    attachments_dir: Path | None = Field(
        default=None, description="a folder for attachments; they lie in PostgreSQL where it is left out"
    )
    standard: Terms = Field(default=Terms(), description="the promises to those without a contract, as JSON")


async def api(settings: IntakeSettings, broker: Broker, listening: socket.socket) -> None:  # noqa: ARG001 - one form for all services
    """Serve the API until cancelled. Of all services it needs only PostgreSQL; `broker` is not used."""
    engine = connect(settings.database_url.get_secret_value())
    try:
        signer = Signer(settings.secret.get_secret_value())
        desk = Desk(engine, blob_store(settings), settings.standard, signer, wall_clock, settings.desk_zone)
        await serve(build_api(desk), listening, settings.trusted_proxies)
    finally:
        await engine.dispose()


async def worker(settings: IntakeSettings, broker: Broker) -> None:
    """Relay the outbox, meet deadlines, carry out bulks and store suggestions, until cancelled.

    The tasks for the broker and those for Temporal each wait for their own connection: if one of the two is down, the
    other's tasks still run.
    """
    engine = connect(settings.database_url.get_secret_value())
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_speak_with_broker(engine, broker))
            group.create_task(_speak_with_temporal(engine, settings))
            group.create_task(keep_pulse(engine, wall_clock))
            forget_files = partial(_forget_files, blob_store(settings))
            group.create_task(keep_tidy(engine, wall_clock, forget_files, forget_answers(idempotency_key)))
    finally:
        await engine.dispose()


async def _speak_with_broker(engine: AsyncEngine, broker: Broker) -> None:
    await until_connected(broker)
    subscription = await broker.subscribe(SUGGESTIONS_QUEUE, SuggestionConsumer(engine).handle)
    try:
        await Relay(engine, outbox, BrokerSink(broker), wall_clock).run()
    finally:
        await subscription.stop()


async def _speak_with_temporal(engine: AsyncEngine, settings: IntakeSettings) -> None:
    temporal = await connect_temporal(settings.temporal_address, settings.temporal_namespace)
    async with asyncio.TaskGroup() as group:
        group.create_task(Relay(engine, outbox, ClockSink(temporal), wall_clock).run())
        group.create_task(Relay(engine, outbox, BulkSink(temporal), wall_clock).run())
        group.create_task(meet_deadlines(temporal, engine))
        group.create_task(carry_out_bulks(temporal, engine, settings.standard))


async def meet_deadlines(temporal: Client, engine: AsyncEngine) -> None:
    """Run the Temporal worker that meets deadlines, until cancelled."""
    worker = Worker(
        temporal,
        task_queue=INTAKE_TASK_QUEUE,
        activities=[DeadlineActivity(engine).meet_deadline],
        max_concurrent_activities=MAX_CONCURRENT_DEADLINES,
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        graceful_shutdown_timeout=GRACE,
    )
    await worker.run()


async def carry_out_bulks(temporal: Client, engine: AsyncEngine, standard: Terms) -> None:
    """Run the Temporal worker that carries out bulks and reconciles tickets with their clocks, until cancelled."""
    worker = Worker(
        temporal,
        task_queue=INTAKE_BULK_TASK_QUEUE,
        activities=[
            BulkActivity(engine, standard, wall_clock).carry_out,
            ReconcileActivity(engine, temporal, wall_clock).reconcile,
        ],
        max_concurrent_activities=MAX_CONCURRENT_BULKS + 1,
        graceful_shutdown_timeout=GRACE,
    )
    await worker.run()


async def _forget_files(blobs: BlobStore, connection: AsyncConnection, now: datetime) -> int:
    return await forget_unused(connection, blobs, now)


def blob_store(settings: IntakeSettings) -> BlobStore:
    """Where attachments are stored: in the configured folder, or else in PostgreSQL."""
    return FolderBlobs(settings.attachments_dir) if settings.attachments_dir else PostgresBlobs()
