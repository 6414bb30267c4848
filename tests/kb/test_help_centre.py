"""Bringing the shipped help centre into the tables, again and again."""

from pathlib import Path
from typing import Any

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.vocabulary import Language
from services.kb.articles import Translation
from services.kb.help_centre import Loaded, load
from services.kb.shipped import read_all
from services.kb.tables import outbox, translation
from tests.kb.library_desk import PUBLIC_URL, Reader, save, text
from tests.moved_clock import MovedClock

TEXTS = sum(len(shipped.translations) for shipped in read_all())


async def rows(engine: AsyncEngine) -> list[Row[Any]]:
    async with engine.connect() as connection:
        query = select(translation).order_by(translation.c.slug, translation.c.language)
        return list(await connection.execute(query))


async def told(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(select(func.count()).select_from(outbox))).scalar_one())


def ship(folder: Path, said: str) -> None:
    """From now on one article ships in this folder, in two languages, saying this."""
    (folder / "printing").mkdir(exist_ok=True)
    for language in ("nl", "en"):
        front = f'+++\nkind = "how_to"\nplace = 1\ntitle = "Printing ({language})"\nsummary = "How."\n+++\n'
        (folder / "printing" / f"{language}.md").write_text(front + said)


async def test_the_first_load_publishes_everything(engine: AsyncEngine, clock: MovedClock) -> None:
    assert await load(engine, clock, PUBLIC_URL) == Loaded(TEXTS, ())
    assert len(await rows(engine)) == TEXTS
    assert await told(engine) == TEXTS


async def test_loading_again_changes_nothing_and_tells_nobody(engine: AsyncEngine, clock: MovedClock) -> None:
    await load(engine, clock, PUBLIC_URL)
    before = await rows(engine)
    clock.move(clock.now - clock.now.replace(hour=0))
    assert await load(engine, clock, PUBLIC_URL) == Loaded(0, ())
    assert await rows(engine) == before
    assert await told(engine) == TEXTS


async def test_the_help_centre_begins_with_the_first_shelf(
    engine: AsyncEngine, visitor: Reader, clock: MovedClock
) -> None:
    await load(engine, clock, PUBLIC_URL)
    for language in Language:
        listed = (await visitor.get("/api/v1/articles", language=language))["items"]
        assert [(item["slug"], item["language"]) for item in listed] == [
            (shipped.slug, language) for shipped in read_all()
        ]


async def test_a_new_version_renews_what_nobody_edited(engine: AsyncEngine, clock: MovedClock, tmp_path: Path) -> None:
    ship(tmp_path, "Old.")
    await load(engine, clock, PUBLIC_URL, tmp_path)
    ship(tmp_path, "New.")
    assert await load(engine, clock, PUBLIC_URL, tmp_path) == Loaded(2, ())
    assert {row.markdown for row in await rows(engine)} == {"New.\n"}


async def test_a_text_edited_by_hand_stays_through_every_version(
    engine: AsyncEngine, agent: Reader, clock: MovedClock, tmp_path: Path
) -> None:
    ship(tmp_path, "Old.")
    await load(engine, clock, PUBLIC_URL, tmp_path)
    edited = await agent.ask(
        "PUT", "/api/v1/articles/printing/translations/nl", json=text("Afdrukken", markdown="Van ons.")
    )
    assert edited.status_code == 200
    for said in ("Old.", "New.", "Newest."):
        ship(tmp_path, said)
        assert (await load(engine, clock, PUBLIC_URL, tmp_path)).kept == ("printing/nl",)
        assert (await agent.get("/api/v1/articles/printing", language="nl"))["markdown"] == "Van ons."
        assert (await agent.get("/api/v1/articles/printing", language="en"))["markdown"] == f"{said}\n"


async def test_an_edit_taken_back_is_no_edit(engine: AsyncEngine, clock: MovedClock, tmp_path: Path) -> None:
    ship(tmp_path, "Old.")
    await load(engine, clock, PUBLIC_URL, tmp_path)
    for said in ("Ours.", "Old.\n"):
        async with engine.begin() as connection:
            await connection.execute(update(translation).values(markdown=said))
    ship(tmp_path, "New.")
    assert await load(engine, clock, PUBLIC_URL, tmp_path) == Loaded(2, ())


async def test_an_article_of_the_desks_own_is_never_touched(
    engine: AsyncEngine, clock: MovedClock, tmp_path: Path
) -> None:
    await save(engine, clock, "printing", Translation(Language.ENGLISH, "Ours", "Ours.", "Ours."))
    ship(tmp_path, "Shipped.")
    assert await load(engine, clock, PUBLIC_URL, tmp_path) == Loaded(0, ("printing/en",))
    assert [row.markdown for row in await rows(engine)] == ["Ours."]
