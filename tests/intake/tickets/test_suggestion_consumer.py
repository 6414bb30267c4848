"""The articles suggested for a ticket, as its page shows them: kept once for each event, or not at all."""

from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.events import ArticleLink, ArticleSuggested, Event
from services.contract.vocabulary import Language
from services.intake.tables.tables import consumed_event
from services.intake.tickets.queries import suggestions
from services.intake.tickets.suggestion_consumer import SuggestionConsumer
from tests.moved_clock import MovedClock

NUMBER = 1001


def suggested(slug: str, clock: MovedClock) -> Event:
    """As the knowledge base tells of one article that may answer the ticket."""
    url = f"https://support.example/help/{slug}"
    link = ArticleLink(slug=slug, title=slug, summary="", language=Language.ENGLISH, url=url)
    data = ArticleSuggested(ticket_number=NUMBER, articles=(link,))
    return Event.of(data, id=uuid4(), source="/balie/kb", time=clock(), correlation_id="act")


async def shown(engine: AsyncEngine) -> list[str]:
    """The articles on the ticket's page."""
    async with engine.connect() as connection:
        return [each.slug for each in await suggestions(connection, NUMBER)]


async def test_suggestions_that_come_again_do_not_replace_newer_ones(engine: AsyncEngine, clock: MovedClock) -> None:
    consumer, older, newer = SuggestionConsumer(engine), suggested("logging-in", clock), suggested("priorities", clock)
    for event in (older, newer, older):
        await consumer.handle(event)
    assert await shown(engine) == ["priorities"]


async def test_suggestions_that_cannot_be_stored_are_not_marked_as_dealt_with(
    engine: AsyncEngine, clock: MovedClock
) -> None:
    consumer, event = SuggestionConsumer(engine), suggested("logging-in", clock)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("alter table intake.suggestion rename to hidden")
    with pytest.raises(Exception, match="suggestion"):
        await consumer.handle(event)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("alter table intake.hidden rename to suggestion")
        assert (await connection.execute(select(func.count()).select_from(consumed_event))).scalar_one() == 0
    await consumer.handle(event)
    assert await shown(engine) == ["logging-in"]
