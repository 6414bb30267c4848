"""kb's two processes as they are composed, over the local broker: from a submitted ticket to a suggestion."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.events import ArticlePublished, ArticleSuggested, Event
from services.contract.vocabulary import Role
from services.kb.help_centre import load
from services.kb.main import KbSettings, api, worker
from services.kb.shipped import read_all
from services.messaging.broker import Queue
from services.messaging.local.broker import LocalBroker
from services.platform.clock import wall_clock
from services.platform.identity import Caller, Signer
from services.platform.process import listen
from tests.kb.library_desk import PUBLIC_URL, SECRET, text
from tests.kb.test_consumer import submitted
from tests.moved_clock import MovedClock
from tests.patience import until

TEXTS = sum(len(shipped.translations) for shipped in read_all())
HEARD = Queue("test.heard", (ArticleSuggested.TYPE, ArticlePublished.TYPE))


@asynccontextmanager
async def running(*jobs: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """The jobs, until the end of the block; each must end by its cancellation alone."""
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ended] == [asyncio.CancelledError] * len(tasks)


@pytest.fixture
def settings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> KbSettings:
    monkeypatch.setenv("BALIE_DATABASE_URL", database_url)
    monkeypatch.setenv("BALIE_SECRET", SECRET)
    monkeypatch.setenv("BALIE_PUBLIC_URL", PUBLIC_URL)
    return KbSettings()


@pytest.fixture
async def broker(database_url: str) -> AsyncIterator[LocalBroker]:
    broker = LocalBroker(database_url)
    await broker.connect()
    yield broker
    await broker.close()


async def test_a_submitted_ticket_is_answered_with_suggestions_over_the_broker(
    settings: KbSettings, broker: LocalBroker, engine: AsyncEngine, clock: MovedClock
) -> None:
    heard: list[Event] = []

    async def hear(event: Event) -> None:
        heard.append(event)

    def suggested() -> list[ArticleSuggested]:
        return [event.read(ArticleSuggested) for event in heard if event.type == ArticleSuggested.TYPE]

    await load(engine, wall_clock, PUBLIC_URL)
    await broker.subscribe(HEARD, hear)
    async with running(worker(settings, broker)):
        await until(lambda: len(heard) >= TEXTS, "every shipped text is announced")
        event = submitted("Forgot my password", "I cannot log in.", clock)
        for _ in range(2):
            await broker.publish(event)
        await broker.publish(submitted("Printer on fire", "It burns.", clock))
        await until(lambda: len(suggested()) >= 2, "both tickets are answered")
        await until(lambda: _is_empty(broker), "the doubled delivery is dealt with")
    assert sorted([link.slug for link in each.articles] for each in suggested()) == [[], ["logging-in"]]


async def test_an_article_published_through_one_replica_is_found_through_another(
    settings: KbSettings, broker: LocalBroker, engine: AsyncEngine
) -> None:
    first, second = listen("127.0.0.1", 0), listen("127.0.0.1", 0)
    staff = Caller(person_id=None, role=Role.AGENT, name="a service")
    headers = {"Authorization": f"Bearer {Signer(SECRET).token(staff, wall_clock())}"}
    async with (
        running(api(settings, broker, first), api(settings, broker, second), worker(settings, broker)),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{first.getsockname()[1]}", trust_env=False) as one,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{second.getsockname()[1]}", trust_env=False) as other,
    ):
        for replica in (one, other):
            await until(lambda replica=replica: _is_ready(replica), "the replica is ready")  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        translations = [{"language": "en", **text("Connecting the printer")}]
        body = {"slug": "printer", "kind": "how_to", "translations": translations}
        published = await one.post("/api/v1/articles", json=body, headers=headers)
        assert published.status_code == 201
        for replica in (one, other):
            await until(lambda replica=replica: _finds(replica, "printer"), "the replica finds it")  # type: ignore[misc]  # as above


async def _is_empty(broker: LocalBroker) -> bool:
    return await broker.depth("kb.suggest") == 0


async def _is_ready(replica: httpx.AsyncClient) -> bool:
    return (await replica.get("/readyz")).status_code == 200


async def _finds(replica: httpx.AsyncClient, q: str) -> bool:
    answer = await replica.get("/api/v1/articles", params={"q": q})
    return [item["slug"] for item in answer.json()["items"]] == [q]
