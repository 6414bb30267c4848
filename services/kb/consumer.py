"""Suggests, for every new ticket, the articles that may already answer it."""

import asyncio

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.errors import Permanent
from services.contract.events import ArticleLink, ArticleSuggested, Event, TicketSubmitted, event_id
from services.kb.catalogue import Catalogue
from services.kb.finding import answering
from services.kb.index import Hit
from services.kb.publishing import SOURCE
from services.kb.tables import consumed_event, outbox
from services.messaging.broker import Queue
from services.messaging.outbox import append_events, first_time
from services.platform.clock import Clock
from services.platform.database import transaction

CONSUMER = "kb.suggest"
SUGGEST_QUEUE = Queue(CONSUMER, (TicketSubmitted.TYPE,))


class SuggestionConsumer:
    """Handles `ticket.submitted.v1` and publishes `article.suggested.v1`, also if there is nothing to suggest."""

    def __init__(self, engine: AsyncEngine, catalogue: Catalogue, public_url: str, clock: Clock) -> None:
        self._engine, self._catalogue, self._public_url, self._clock = engine, catalogue, public_url, clock

    async def handle(self, event: Event) -> None:
        """Suggest articles for the ticket of the event, once per event. Raises Permanent for a malformed event."""
        try:
            submitted = event.read(TicketSubmitted)
        except ValidationError as error:
            raise Permanent(f"Event {event.id} is no {TicketSubmitted.TYPE}.") from error
        suggested = await self._suggested(submitted)
        async with transaction(self._engine) as connection:
            if await first_time(connection, consumed_event, CONSUMER, event):
                await append_events(connection, outbox, [self._told(event, suggested)])

    async def _suggested(self, submitted: TicketSubmitted) -> ArticleSuggested:
        await self._catalogue.refresh()
        ticket = submitted.ticket
        asked = (ticket.subject, submitted.comment.text, ticket.language)
        # In a thread: among thousands of articles a long text takes tens of milliseconds, too long for the event loop.
        hits = await asyncio.to_thread(answering, self._catalogue.index, *asked)
        return ArticleSuggested(ticket_number=ticket.number, articles=self._links(hits))

    def _links(self, hits: list[Hit]) -> tuple[ArticleLink, ...]:
        return tuple(hit.article.link(self._public_url) for hit in hits)

    def _told(self, cause: Event, suggested: ArticleSuggested) -> Event:
        return Event.of(
            suggested,
            id=event_id(ArticleSuggested.TYPE, cause.id),
            source=SOURCE,
            time=self._clock(),
            correlation_id=cause.correlationid,
        )
