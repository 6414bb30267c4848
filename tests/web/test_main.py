"""The web's process: it feeds live updates from the broker, does without, and stops cleanly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr

from services.contract.event_data import Actor
from services.contract.events import Event, TicketAssigned
from services.contract.vocabulary import Role
from services.messaging.broker import Broker
from services.messaging.local.broker import LocalBroker
from services.messaging.rabbitmq.broker import RabbitBroker
from services.platform.identity import Caller, Signer
from services.platform.process import listen
from services.web.main import WebSettings, web
from services.web.visit import SESSION_COOKIE
from tests.patience import until
from tests.web.site import SECRET
from tests.web.test_live import facts

pytestmark = pytest.mark.own_parts

NOWHERE = "http://127.0.0.1:9"
AGENT = Caller(person_id=uuid4(), role=Role.AGENT, name="Daan")


@dataclass
class Process:
    """The running web, and an agent's browser at it."""

    browser: httpx.AsyncClient
    task: "asyncio.Future[None]"

    async def stops(self) -> None:
        """It is told to stop, and has."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        assert self.task.cancelled()


@asynccontextmanager
async def running_web(broker: Broker) -> AsyncIterator[Process]:
    """The web on a socket of its own; its APIs are nowhere."""
    settings = WebSettings(
        database_url=SecretStr("postgresql://nowhere"), secret=SecretStr(SECRET), intake_url=NOWHERE, kb_url=NOWHERE
    )
    listening = listen("127.0.0.1", 0)
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    token = Signer(SECRET).token(AGENT, datetime.now(UTC))
    async with httpx.AsyncClient(base_url=address, cookies={SESSION_COOKIE: token}, timeout=30) as browser:
        process = Process(browser, asyncio.ensure_future(web(settings, broker, listening)))
        try:
            yield process
        finally:
            await process.stops()
            listening.close()


async def test_what_the_broker_tells_reaches_an_open_page_and_stopping_ends_its_stream_properly(
    database_url: str,
) -> None:
    broker = LocalBroker(database_url)
    await broker.connect()
    by = Actor(kind="person", name="Daan", person_id=AGENT.person_id, staff=True)
    told: list[str] = []

    async def reads(client: httpx.AsyncClient) -> None:
        # Like a browser, it comes back: a stream opened before the web listens to the broker ends when it does.
        while 'data: {"number": 7}' not in told:
            async with client.stream("GET", "/live") as stream:
                async for line in stream.aiter_lines():
                    told.append(line)  # noqa: PERF401 - one by one: they are looked at while more come

    async def is_told_of_a_change() -> bool:
        # Published until heard: whether the web listens already cannot be seen from here.
        data = TicketAssigned(ticket=facts(7), by=by)
        await broker.publish(Event.of(data, id=uuid4(), source="/test", time=datetime.now(UTC), correlation_id=""))
        return 'data: {"number": 7}' in told

    async with running_web(broker) as process:
        reading = asyncio.ensure_future(reads(process.browser))
        await until(lambda: "event: listening" in told, "the page listens")
        await until(is_told_of_a_change, "the page is told of the change")
        await process.stops()
        await reading  # raises where the stream was cut off in the middle
    await broker.close()


async def test_pages_are_served_while_the_broker_is_away() -> None:
    async with running_web(RabbitBroker("amqp://guest:guest@127.0.0.1:9/")) as process:
        page = await process.browser.get("/login")
        assert page.status_code == 303
        assert (await process.browser.get("/healthz")).status_code == 200


async def test_it_is_not_ready_without_intake() -> None:
    async with running_web(RabbitBroker("amqp://guest:guest@127.0.0.1:9/")) as process:
        answer = await process.browser.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (503, "intake cannot be reached")
