"""kb's composition root: settings, engine, broker, index and app are wired here and nowhere else."""

import asyncio
import socket

from services.contract.events import ArticlePublished, Event
from services.kb.app import build_api
from services.kb.catalogue import Catalogue
from services.kb.consumer import SUGGEST_QUEUE, SuggestionConsumer
from services.kb.library import Library
from services.kb.tables import idempotency_key, outbox
from services.messaging.broker import Broker, until_listening
from services.messaging.relay import BrokerSink, Relay
from services.platform.clock import wall_clock
from services.platform.database import connect
from services.platform.idempotency import forget_answers
from services.platform.identity import Signer
from services.platform.process import serve
from services.platform.settings import Settings
from services.platform.tidying import keep_tidy


class KbSettings(Settings):
    """The settings of kb: only those that all services share."""


async def api(settings: KbSettings, broker: Broker, listening: socket.socket) -> None:
    """Serve the API until cancelled. Reading and searching need only PostgreSQL: without the broker, articles that
    another replica published are found a few seconds later."""
    engine = connect(settings.database_url.get_secret_value())
    catalogue = Catalogue(engine)
    try:
        signer = Signer(settings.secret.get_secret_value())
        library = Library(engine, catalogue, settings.public_url, signer, wall_clock)
        async with asyncio.TaskGroup() as group:
            group.create_task(catalogue.keep_fresh())
            group.create_task(serve(build_api(library), listening, settings.trusted_proxies))
            group.create_task(_hear_of_articles(broker, catalogue))
    finally:
        await engine.dispose()


async def _hear_of_articles(broker: Broker, catalogue: Catalogue) -> None:
    async def published(_event: Event) -> None:
        catalogue.wake()

    feed = await until_listening(broker, [ArticlePublished.TYPE], published)
    try:
        await asyncio.Event().wait()
    finally:
        await feed.stop()


async def worker(settings: KbSettings, broker: Broker) -> None:
    """Suggest articles for new tickets and relay the outbox, until cancelled."""
    engine = connect(settings.database_url.get_secret_value())
    suggestions = SuggestionConsumer(engine, Catalogue(engine), settings.public_url, wall_clock)
    subscription = await broker.subscribe(SUGGEST_QUEUE, suggestions.handle)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(Relay(engine, outbox, BrokerSink(broker), wall_clock).run())
            group.create_task(keep_tidy(engine, wall_clock, forget_answers(idempotency_key)))
    finally:
        await subscription.stop()
        await engine.dispose()
