"""Suggesting articles for submitted tickets."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.errors import Permanent
from services.contract.event_data import Actor, CommentFacts, Contact, TicketFacts
from services.contract.events import ArticleSuggested, Event, TicketSubmitted
from services.contract.vocabulary import Channel, Kind, Language, Priority, Status
from services.kb.catalogue import Catalogue
from services.kb.consumer import SUGGEST_QUEUE, SuggestionConsumer
from services.kb.help_centre import load
from services.kb.tables import consumed_event, outbox
from services.messaging.broker import DELIVERY_LIMIT
from tests.kb.library_desk import PUBLIC_URL
from tests.moved_clock import MovedClock

NUMBER = 1001


def submitted(
    subject: str, text: str, clock: MovedClock, *, language: Language = Language.ENGLISH, event_id: UUID | None = None
) -> Event:
    """As intake tells of a new ticket."""
    marieke = Contact(person_id=uuid4(), name="Marieke", email="marieke@devries.example", language=language)
    by = Actor(kind="person", name="Marieke", person_id=marieke.person_id)
    ticket = TicketFacts(
        number=NUMBER,
        version=1,
        subject=subject,
        status=Status.NEW,
        closed_reason=None,
        priority=Priority.LOW,
        kind=Kind.QUESTION,
        channel=Channel.WEB,
        language=language,
        requester=marieke,
        assignee=None,
        organisation_id=None,
    )
    comment = CommentFacts(comment_id=uuid4(), author=by, text=text)
    data = TicketSubmitted(ticket=ticket, by=by, comment=comment)
    return Event.of(
        data, id=event_id or uuid4(), source="/balie/intake", time=clock(), correlation_id="the-act-that-began-it"
    )


async def suggestions(engine: AsyncEngine) -> list[Event]:
    """What the outbox will tell others."""
    async with engine.connect() as connection:
        suggested = outbox.c.payload["type"].astext == ArticleSuggested.TYPE
        rows = await connection.execute(select(outbox.c.payload).where(suggested).order_by(outbox.c.id))
        return [Event.model_validate(payload) for payload in rows.scalars()]


@pytest.fixture
async def consumer(engine: AsyncEngine, clock: MovedClock) -> SuggestionConsumer:
    """The consumer, with the help centre loaded after its index was last looked at."""
    consumer = SuggestionConsumer(engine, Catalogue(engine), PUBLIC_URL, clock)
    await load(engine, clock, PUBLIC_URL)
    return consumer


async def test_a_ticket_gets_its_articles_in_its_language(
    consumer: SuggestionConsumer, engine: AsyncEngine, clock: MovedClock
) -> None:
    event = submitted("Wachtwoord vergeten", "Ik kan niet inloggen.", clock, language=Language.DUTCH)
    await consumer.handle(event)
    (told,) = await suggestions(engine)
    data = told.read(ArticleSuggested)
    (link,) = data.articles
    assert (data.ticket_number, told.subject) == (NUMBER, str(NUMBER))
    assert (link.slug, link.language) == ("logging-in", Language.DUTCH)
    assert link.url == f"{PUBLIC_URL}/help/logging-in?lang=nl"
    assert (told.correlationid, told.time) == ("the-act-that-began-it", clock())


async def test_that_nothing_answers_a_ticket_is_told_too(
    consumer: SuggestionConsumer, engine: AsyncEngine, clock: MovedClock
) -> None:
    await consumer.handle(submitted("Printer on fire", "The printer is on fire.", clock))
    (told,) = await suggestions(engine)
    assert told.read(ArticleSuggested).articles == ()


async def test_a_ticket_delivered_twice_is_told_of_once(
    consumer: SuggestionConsumer, engine: AsyncEngine, clock: MovedClock
) -> None:
    event = submitted("Cannot log in", "I forgot my password", clock)
    await consumer.handle(event)
    await consumer.handle(event)
    another = SuggestionConsumer(engine, Catalogue(engine), PUBLIC_URL, clock)
    await another.handle(event)
    assert len(await suggestions(engine)) == 1


async def test_the_answer_to_one_event_always_has_the_same_id(
    consumer: SuggestionConsumer, engine: AsyncEngine, clock: MovedClock
) -> None:
    event = submitted("Cannot log in", "I forgot my password", clock)
    await consumer.handle(event)
    async with engine.begin() as connection:
        await connection.execute(consumed_event.delete())
    await consumer.handle(event)
    first, second = await suggestions(engine)
    assert first.id == second.id != event.id


async def test_a_failure_marks_nothing_so_the_event_can_come_again(
    consumer: SuggestionConsumer, engine: AsyncEngine, clock: MovedClock
) -> None:
    event = submitted("Cannot log in", "I forgot my password", clock)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("alter table kb.outbox rename to hidden")
    with pytest.raises(Exception, match="outbox"):
        await consumer.handle(event)
    async with engine.begin() as connection:
        await connection.exec_driver_sql("alter table kb.hidden rename to outbox")
        assert (await connection.execute(select(func.count()).select_from(consumed_event))).scalar_one() == 0
    await consumer.handle(event)
    assert len(await suggestions(engine)) == 1


async def test_an_event_that_is_no_ticket_is_refused_for_good(
    consumer: SuggestionConsumer, engine: AsyncEngine, clock: MovedClock
) -> None:
    event = submitted("x", "x", clock).model_copy(update={"data": {"ticket": "none"}})
    with pytest.raises(Permanent, match=TicketSubmitted.TYPE):
        await consumer.handle(event)
    assert await suggestions(engine) == []


def test_the_queue_takes_new_tickets_only() -> None:
    assert (SUGGEST_QUEUE.name, SUGGEST_QUEUE.bindings) == ("kb.suggest", ("ticket.submitted.v1",))
    assert SUGGEST_QUEUE.delivery_limit == DELIVERY_LIMIT
