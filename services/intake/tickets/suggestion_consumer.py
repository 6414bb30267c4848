"""Stores the articles that the knowledge base suggests for a ticket, to show them on the ticket's page."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.events import ArticleSuggested, Event
from services.intake.tables.tables import consumed_event, suggestion
from services.messaging.broker import Queue
from services.messaging.outbox import first_time
from services.platform.database import transaction

CONSUMER = "intake.suggestions"
SUGGESTIONS_QUEUE = Queue(CONSUMER, (ArticleSuggested.TYPE,))


class SuggestionConsumer:
    """Handles `article.suggested.v1`; the newest list replaces an earlier one."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def handle(self, event: Event) -> None:
        """Store the suggested articles; a repeated event is ignored.

        Raises pydantic.ValidationError for a malformed event, which becomes a dead letter.
        """
        suggested = event.read(ArticleSuggested)
        articles = [article.model_dump(mode="json") for article in suggested.articles]
        async with transaction(self._engine) as connection:
            if not await first_time(connection, consumed_event, CONSUMER, event):
                return
            keep = insert(suggestion).values(ticket_number=suggested.ticket_number, articles=articles)
            same = [suggestion.c.ticket_number]
            await connection.execute(keep.on_conflict_do_update(index_elements=same, set_={"articles": articles}))
