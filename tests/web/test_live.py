"""Live updates: who is told of which change, and how streams end."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID, uuid4

import pytest

from services.contract.errors import Temporary
from services.contract.event_data import Actor, Contact, EventData, TicketEventData, TicketFacts
from services.contract.events import (
    EVENT_TYPES,
    ArticleSuggested,
    Event,
    TicketAssigned,
    TicketChanged,
    TicketMerged,
    TicketNoted,
    TicketPlanned,
    TicketPostponed,
    TicketPriorityChanged,
    TicketRated,
    TicketReminderDue,
    TicketReplied,
    TicketShipped,
    TicketStatusChanged,
    TicketSubmitted,
    TicketSurveyDue,
    TicketThanked,
)
from services.contract.vocabulary import Channel, Kind, Language, Priority, Role, Status
from services.messaging.broker import Broker
from services.platform.identity import Caller
from services.web.live import INTERNAL, Live, Watch, stream
from tests.web.site import ANNA, DAAN, EMMA, MARIEKE, PIETER, Site

REQUESTER = uuid4()
AGENT = Caller(person_id=uuid4(), role=Role.AGENT, name="Daan")
OWNER = Caller(person_id=REQUESTER, role=Role.REQUESTER, name="Marieke")
STRANGER = Caller(person_id=uuid4(), role=Role.REQUESTER, name="Emma")


def event(data: EventData) -> Event:
    """The data as it comes from the broker."""
    return Event.of(data, id=uuid4(), source="/balie/intake", time=datetime.now(UTC), correlation_id="")


def facts(number: int, requester: UUID = REQUESTER) -> TicketFacts:
    """A ticket."""
    return TicketFacts(
        number=number,
        version=2,
        subject="The printer is silent",
        status=Status.OPEN,
        closed_reason=None,
        priority=Priority.LOW,
        kind=Kind.QUESTION,
        channel=Channel.WEB,
        language=Language.DUTCH,
        requester=Contact(person_id=requester, name="Marieke", email=None, language=Language.DUTCH),
        assignee=None,
        organisation_id=None,
    )


BY = Actor(kind="person", name="Daan", person_id=AGENT.person_id, staff=True)


async def heard(live: Live, caller: Caller, ticket: int | None, *events: Event) -> set[int]:
    """What an open page of the caller is told when these happen."""
    with live.watching(caller, ticket) as watch:
        for each in events:
            await live.hear(each)
        watch.end()
        return await watch.changes()


async def test_staff_hear_of_every_ticket_its_requester_of_their_own_a_stranger_of_none() -> None:
    changed = event(TicketAssigned(ticket=facts(7), by=BY))
    live = Live()
    assert await heard(live, AGENT, None, changed) == {7}
    assert await heard(live, OWNER, None, changed) == {7}
    assert await heard(live, STRANGER, None, changed) == set()


async def test_somebody_who_may_see_the_ticket_hears_of_it_on_its_page() -> None:
    assert await heard(Live(), STRANGER, 7, event(TicketAssigned(ticket=facts(7), by=BY))) == {7}


async def test_nobody_but_staff_hears_of_notes_and_suggestions() -> None:
    internal = [
        event(TicketNoted(ticket=facts(7), by=BY, comment_id=uuid4())),
        event(ArticleSuggested(ticket_number=7, articles=())),
    ]
    assert await heard(Live(), OWNER, 7, *internal) == set()
    assert await heard(Live(), AGENT, 7, *internal) == {7}


def test_for_each_event_about_a_ticket_it_is_decided_whether_its_requesters_page_hears_of_it() -> None:
    about = {model for model in EVENT_TYPES.values() if issubclass(model, TicketEventData)}
    assert {model for model in about if not issubclass(model, INTERNAL)} == {
        TicketSubmitted,
        TicketAssigned,
        TicketReplied,
        TicketStatusChanged,
        TicketReminderDue,
        TicketSurveyDue,
        TicketRated,
        TicketThanked,
        TicketPriorityChanged,
        TicketPlanned,
        TicketShipped,
        TicketMerged,
        TicketPostponed,
        TicketChanged,
    }


async def test_many_changes_before_a_page_listens_are_told_once() -> None:
    changes = [event(TicketAssigned(ticket=facts(7), by=BY)) for _ in range(50)]
    with (live := Live()).watching(AGENT, None) as watch:
        for each in changes:
            await live.hear(each)
        assert await watch.changes() == {7}
        assert not watch._woken.is_set()


async def test_an_event_that_cannot_be_read_disturbs_nobody() -> None:
    broken = event(TicketAssigned(ticket=facts(7), by=BY)).model_copy(update={"data": {"ticket": "?"}})
    unknown = broken.model_copy(update={"type": "ticket.frozen.v9"})
    assert await heard(Live(), AGENT, None, broken, unknown) == set()


async def test_a_stream_says_that_it_listens_tells_changes_and_ends_when_the_server_does() -> None:
    live = Live()
    told = stream(live, AGENT, None)
    assert "event: listening" in await anext(told)
    await live.hear(event(TicketAssigned(ticket=facts(7), by=BY)))
    assert await anext(told) == 'event: ticket\ndata: {"number": 7}\n\n'
    live.close()
    assert await anext(told, "ended") == "ended"
    assert live._watches == set()


async def test_a_page_opened_while_the_server_stops_ends_at_once() -> None:
    live = Live()
    live.close()
    with live.watching(AGENT, None) as watch:
        assert isinstance(watch, Watch)
        assert watch.ended


async def test_a_stranger_may_not_listen_to_a_ticket(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    assert (await site.visitor(EMMA).opens(f"/live?ticket={number}")).status == 404
    site.live.close()
    for email in (MARIEKE, PIETER, DAAN):
        listening = await site.visitor(email).client.get(f"/live?ticket={number}")
        assert listening.headers["Content-Type"].startswith("text/event-stream")


class OutageBroker:
    """A broker as far as `Live` needs one, which goes away once."""

    def __init__(self) -> None:
        self.leaves, self.listens = False, asyncio.Queue[str]()

    async def connect(self) -> None:
        """Away the one time it leaves."""
        if self.leaves:
            self.leaves = False
            raise Temporary("The broker is away.")

    async def listen(self, _bindings: object, _handler: object) -> "OutageBroker":
        """Its own subscription."""
        self.listens.put_nowait("listening")
        return self

    async def stop(self) -> None:
        """The subscription's."""
        self.listens.put_nowait("stopped")


async def test_pages_come_back_for_what_they_missed_while_the_broker_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.web.live.CHECK_EVERY", timedelta(0))
    live, broker = Live(), OutageBroker()
    following = asyncio.ensure_future(live.follow(cast(Broker, broker)))
    assert await broker.listens.get() == "listening"
    with live.watching(AGENT, None) as watch:
        broker.leaves = True
        assert [await broker.listens.get(), await broker.listens.get()] == ["stopped", "listening"]
        await watch.changes()
        assert watch.ended
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    with live.watching(AGENT, None) as later:
        assert not later.ended


async def test_nobody_listens_with_a_session_that_ended(site: Site) -> None:
    site.live.close()
    visitor = site.visitor(DAAN)
    assert (await visitor.opens("/live")).status == 200
    await site.asks(DAAN, "DELETE", "/api/v1/sessions")
    assert (await visitor.opens("/live")).leads_to.startswith("/login?")


async def test_an_agent_who_became_a_requester_does_not_listen_as_one(site: Site) -> None:
    site.live.close()
    visitor = site.visitor(DAAN)
    daan = site.people[DAAN].id
    await site.asks(ANNA, "PATCH", f"/api/v1/people/{daan}", json={"role": "requester"})
    assert (await visitor.opens("/live")).leads_to.startswith("/login?")


async def test_staff_listen_on_while_intake_is_away(site: Site) -> None:
    site.live.close()
    site.intake.cut = True
    assert (await site.visitor(DAAN).opens("/live")).status == 200
