"""Live events: from now on, to everybody who listens, kept for nobody."""

from services.messaging.broker import LIVE_EVENTS_MAX
from tests.messaging.broker.broker_on_wire import BrokerOnWire, eventually
from tests.messaging.broker.inbox import Inbox


async def test_a_listener_hears_what_is_published_from_now_on_and_nothing_else(desk: BrokerOnWire) -> None:
    publisher, broker, inbox = await desk.broker(), await desk.broker(), Inbox()
    await publisher.publish(desk.event("ticket.submitted.v1"))
    await broker.listen([desk.pattern("ticket.*.v1")], inbox)
    heard = desk.event("ticket.submitted.v1", text="ünïcödé " * 5_000)
    await publisher.publish(desk.event("article.published.v1"))
    await publisher.publish(heard)
    await inbox.until_taken(heard)
    assert inbox.taken == [heard]
    assert inbox.correlation_ids == [heard.correlationid]


async def test_every_listener_hears_everything_once(desk: BrokerOnWire) -> None:
    brokers, inboxes = [await desk.broker(), await desk.broker()], [Inbox(), Inbox(), Inbox()]
    for broker, inbox in zip((brokers[0], brokers[0], brokers[1]), inboxes, strict=True):
        await broker.listen([desk.pattern("#"), desk.pattern("ticket.#")], inbox)
    events = [desk.event() for _ in range(5)]
    for event in events:
        await brokers[0].publish(event)
    for inbox in inboxes:
        await inbox.until_taken(*events)
        assert inbox.taken == events


async def test_a_handler_that_fails_misses_that_event_only(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox(OSError("page closed"))
    await broker.listen([desk.pattern("#")], inbox)
    missed, heard = desk.event(), desk.event()
    await broker.publish(missed)
    await broker.publish(heard)
    await inbox.until_taken(heard)
    assert (inbox.begun, inbox.taken) == ([missed, heard], [heard])


async def test_a_stopped_listener_hears_no_more(desk: BrokerOnWire) -> None:
    broker, stopped, other = await desk.broker(), Inbox(), Inbox()
    subscription = await broker.listen([desk.pattern("#")], stopped)
    await broker.listen([desk.pattern("#")], other)
    await subscription.stop()
    event = desk.event()
    await broker.publish(event)
    await other.until_taken(event)
    assert stopped.begun == []


async def test_a_listener_that_cannot_keep_up_misses_events_and_hears_on(desk: BrokerOnWire) -> None:
    broker, slow, quick = await desk.broker(), Inbox(open_=False), Inbox()
    await broker.listen([desk.pattern("#")], slow)
    await broker.listen([desk.pattern("#")], quick)
    events = [desk.event() for _ in range(LIVE_EVENTS_MAX + 10)]
    for event in events:
        await broker.publish(event)
    await quick.until_taken(*events)
    await slow.open()
    await slow.until_taken(*events[:LIVE_EVENTS_MAX])
    assert len(slow.taken) < len(events)
    last = desk.event()
    await broker.publish(last)
    await slow.until_taken(last)


async def test_a_listener_hears_again_after_the_connection_broke(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox()
    await broker.listen([desk.pattern("#")], inbox)
    await desk.wire.cut()
    await desk.wire.mend()

    async def heard() -> bool:
        await broker.publish(desk.event())
        return bool(inbox.taken)

    await eventually(heard, lambda so: so)
