"""Loads the help centre that ships with Balie into the tables. Texts that somebody edited by hand stay unchanged."""

from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contract.vocabulary import Language
from services.kb.articles import Translation
from services.kb.publishing import publish, translate
from services.kb.shipped import FOLDER, Shipped, read_all
from services.kb.store import remember_shipped, take_turn
from services.kb.tables import article, translation
from services.platform.clock import Clock
from services.platform.database import transaction


@dataclass(frozen=True)
class Loaded:
    """How many texts were added or renewed, and which were kept because somebody had edited them."""

    written: int
    kept: tuple[str, ...]
    """Slug and language of each, as in `logging-in/nl`."""


@dataclass
class _Known:
    """What the tables hold of one article: per language, the digests of its text and of the text last shipped."""

    shipped: bool
    digests: dict[Language, tuple[str, str | None]] = field(default_factory=dict)

    def is_renewed_by(self, text: Translation) -> bool:
        if not self.shipped:
            return False
        now, shipped = self.digests.get(text.language, (None, None))
        return shipped != text.digest() and now in (shipped, text.digest())

    def is_edited(self, text: Translation) -> bool:
        now, shipped = self.digests.get(text.language, (None, None))
        return now != shipped


async def load(engine: AsyncEngine, clock: Clock, public_url: str, folder: Path = FOLDER) -> Loaded:
    """Add the shipped articles, and renew the texts that nobody edited. Loading again changes nothing."""
    now, written, kept = clock(), 0, []
    async with transaction(engine) as connection:
        # Only one transaction at a time writes articles: two processes that load at once take turns.
        await take_turn(connection)
        known = await _known(connection)
        # Lists are newest first, so the article that must come first is published last.
        for each in reversed(read_all(folder)):
            stored = known.get(each.slug)
            if stored is None:
                fresh = each.translations
                await publish(connection, each.slug, each.kind, fresh, public_url=public_url, now=now, shipped=True)
            else:
                fresh = tuple(text for text in each.translations if stored.is_renewed_by(text))
                for text in fresh:
                    await translate(connection, each.slug, text, public_url=public_url, now=now)
                kept += _left_alone(each, stored)
            await remember_shipped(connection, each.slug, fresh)
            written += len(fresh)
    return Loaded(written, tuple(kept))


def _left_alone(shipped: Shipped, stored: _Known) -> list[str]:
    edited = [text for text in shipped.translations if stored.is_edited(text) and not stored.is_renewed_by(text)]
    return [f"{shipped.slug}/{text.language}" for text in edited]


async def _known(connection: AsyncConnection) -> dict[str, _Known]:
    query = select(translation, article.c.shipped).join_from(article, translation)
    known: dict[str, _Known] = {}
    for row in await connection.execute(query):
        text = Translation(Language(row.language), row.title, row.summary, row.markdown)
        known.setdefault(row.slug, _Known(row.shipped)).digests[text.language] = (text.digest(), row.shipped_digest)
    return known
