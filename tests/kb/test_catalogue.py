"""Several replicas, each with an index of its own, and one set of tables."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.errors import Temporary
from services.contract.vocabulary import ArticleKind, Language
from services.kb import catalogue as catalogue_module
from services.kb.articles import Translation
from services.kb.catalogue import Catalogue
from services.kb.finding import search
from services.kb.publishing import publish
from services.kb.store import add_article, put_text, take_turn
from services.platform.database import connect, transaction
from tests.kb.library_desk import PUBLIC_URL, counted_statements, save
from tests.moved_clock import MovedClock
from tests.patience import until
from tests.wire import wire


def english(title: str) -> Translation:
    return Translation(Language.ENGLISH, title, "What it says.", "How it goes.")


def finds(catalogue: Catalogue, q: str) -> list[str]:
    return [hit.article.slug for hit in search(catalogue.index, q, Language.ENGLISH, limit=10)]


async def test_nothing_is_found_before_the_index_has_been_built(engine: AsyncEngine) -> None:
    with pytest.raises(Temporary):
        Catalogue(engine).index  # noqa: B018 - reading it is what raises


async def test_every_replica_learns_of_a_change_by_refreshing(engine: AsyncEngine, clock: MovedClock) -> None:
    replicas = [Catalogue(engine) for _ in range(2)]
    for title, gone in (("Printer", "Scanner"), ("Scanner", "Printer")):
        async with transaction(engine) as connection:
            await take_turn(connection)
            if title == "Printer":
                await add_article(connection, "it", ArticleKind.HELP, clock())
            await put_text(connection, "it", ArticleKind.HELP, english(title), clock())
        for replica in replicas:
            await replica.refresh()
            assert (finds(replica, title), finds(replica, gone)) == (["it"], [])


async def test_a_refresh_without_changes_reads_one_empty_answer(engine: AsyncEngine, clock: MovedClock) -> None:
    await save(engine, clock, "printer", english("Printer"))
    catalogue = Catalogue(engine)
    await catalogue.refresh()
    with counted_statements(engine) as sent:
        await catalogue.refresh()
    assert len(sent) == 1


async def test_an_index_is_built_in_batches(
    engine: AsyncEngine, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_module, "BATCH_MAX", 2)
    for number in range(5):
        await save(engine, clock, f"printer-{number}", english("Printer"))
    catalogue = Catalogue(engine)
    with counted_statements(engine) as sent:
        await catalogue.refresh()
    assert (len(finds(catalogue, "printer")), len(sent)) == (5, 4)


async def test_a_slow_writer_is_not_overtaken_so_no_change_is_missed(engine: AsyncEngine, clock: MovedClock) -> None:
    catalogue = Catalogue(engine)
    async with engine.connect() as slow:
        texts = [english("Slow printer")]
        await publish(slow, "slow", ArticleKind.HELP, texts, public_url=PUBLIC_URL, now=clock())
        quick = asyncio.ensure_future(save(engine, clock, "quick", english("Quick printer")))

        async def waits_or_is_done() -> bool:
            async with engine.connect() as other:
                waiting = (await other.execute(text("select 1 from pg_locks where not granted limit 1"))).scalar()
            return quick.done() or bool(waiting)

        await until(waits_or_is_done, "the quick writer waits for the slow one")
        await catalogue.refresh()
        assert (finds(catalogue, "printer"), quick.done()) == ([], False)
        await slow.commit()
    await quick
    await catalogue.refresh()
    assert sorted(finds(catalogue, "printer")) == ["quick", "slow"]


@asynccontextmanager
async def kept_fresh(engine: AsyncEngine) -> AsyncIterator[Catalogue]:
    """A catalogue that looks for changes by itself, complete."""
    catalogue = Catalogue(engine)
    freshening = asyncio.ensure_future(catalogue.keep_fresh())
    await until(lambda: _is_complete(catalogue), "the index is built")
    yield catalogue
    freshening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await freshening


async def test_a_woken_catalogue_refreshes_at_once(
    engine: AsyncEngine, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_module, "POLL_INTERVAL", timedelta(hours=1))
    async with kept_fresh(engine) as catalogue:
        await save(engine, clock, "printer", english("Printer"))
        catalogue.wake()
        await until(lambda: finds(catalogue, "printer") == ["printer"], "the new article is found")


async def test_a_catalogue_nobody_wakes_looks_by_itself(
    engine: AsyncEngine, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_module, "POLL_INTERVAL", timedelta(milliseconds=1))
    async with kept_fresh(engine) as catalogue:
        await save(engine, clock, "printer", english("Printer"))
        await until(lambda: finds(catalogue, "printer") == ["printer"], "the new article is found")


async def test_a_catalogue_outlives_the_absence_of_its_database(
    database_url: str, engine: AsyncEngine, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue_module, "POLL_INTERVAL", timedelta(milliseconds=1))
    address = make_url(database_url)
    async with wire(str(address.host), int(address.port or 0)) as line:
        through = connect(address.set(port=line.port).render_as_string(hide_password=False))
        await save(engine, clock, "printer", english("Printer"))
        async with kept_fresh(through) as catalogue:
            await line.cut()
            await save(engine, clock, "scanner", english("Scanner"))
            assert (finds(catalogue, "printer"), finds(catalogue, "scanner")) == (["printer"], [])
            await line.mend()
            await until(lambda: finds(catalogue, "scanner") == ["scanner"], "what changed meanwhile is found")
        await through.dispose()


def _is_complete(catalogue: Catalogue) -> bool:
    try:
        catalogue.must_be_complete()
    except Temporary:
        return False
    return True
