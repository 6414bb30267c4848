"""What every broker promises: publishing, routing, handling, retrying, stopping."""

import asyncio
from datetime import timedelta

from services.messaging.broker import Broker
from tests.messaging.broker.broker_on_wire import LATER, BrokerOnWire, eventually
from tests.messaging.broker.inbox import Inbox


async def test_an_event_comes_through_as_it_was_published(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox()
    await broker.subscribe(desk.queue(), inbox)
    event = desk.event(subject="Café ☕ — printer on fire", text="x" * 20_000)
    await broker.publish(event)
    await inbox.until_taken(event)
    assert inbox.taken == [event]


async def test_an_event_goes_to_every_bound_queue_and_to_no_other(desk: BrokerOnWire) -> None:
    broker, mail, search, closing = await desk.broker(), Inbox(), Inbox(), Inbox()
    await broker.subscribe(desk.queue("ticket.*.v1", name="mail"), mail)
    await broker.subscribe(desk.queue("#", name="search"), search)
    await broker.subscribe(desk.queue("ticket.closed.v1", name="closing"), closing)
    submitted, closed = desk.event("ticket.submitted.v1"), desk.event("ticket.closed.v1")
    await broker.publish(submitted)
    await broker.publish(closed)
    for inbox, wanted in ((mail, [submitted, closed]), (search, [submitted, closed]), (closing, [closed])):
        await inbox.until_taken(*wanted)
        assert inbox.times == {event.id: 1 for event in wanted}


async def test_patterns_take_one_word_or_any_number(desk: BrokerOnWire) -> None:
    broker, one, many, both = await desk.broker(), Inbox(), Inbox(), Inbox()
    await broker.subscribe(desk.queue("ticket.*", name="one"), one)
    await broker.subscribe(desk.queue("ticket.#", name="many"), many)
    await broker.subscribe(desk.queue("*.closed", "ticket.closed", name="both"), both)
    bare, closed, deep = desk.event("ticket"), desk.event("ticket.closed"), desk.event("ticket.closed.v1")
    for event in (bare, closed, deep):
        await broker.publish(event)
    await many.until_taken(bare, closed, deep)
    await one.until_taken(closed)
    await both.until_taken(closed)
    assert (one.taken, both.taken) == ([closed], [closed])


async def test_what_is_published_before_anybody_consumes_is_kept(desk: BrokerOnWire) -> None:
    queue, inbox = desk.queue(), Inbox()
    publisher = await desk.broker()
    await publisher.declare(queue)
    event = desk.event()
    await publisher.publish(event)
    await publisher.close()
    broker = await desk.broker()
    assert await eventually(lambda: broker.depth(queue.name), lambda depth: depth == 1)
    await broker.subscribe(queue, inbox)
    await inbox.until_taken(event)
    assert await eventually(lambda: broker.depth(queue.name), lambda depth: depth == 0) == 0


async def test_an_event_nobody_is_bound_to_is_no_failure(desk: BrokerOnWire) -> None:
    await (await desk.broker()).publish(desk.event())


async def test_the_handler_runs_under_the_event_s_correlation_id(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox()
    await broker.subscribe(desk.queue(), inbox)
    event = desk.event()
    await broker.publish(event)
    await inbox.until_taken(event)
    assert inbox.correlation_ids == [event.correlationid]


async def test_a_failed_event_is_tried_again_after_each_of_its_delays(desk: BrokerOnWire) -> None:
    delays = tuple(timedelta(milliseconds=ms) for ms in (50, 150, 300))
    broker, inbox = await desk.broker(), Inbox(*(OSError("mail server away") for _ in range(4)))
    await broker.subscribe(desk.queue(retry_delays=delays), inbox)
    event = desk.event()
    await broker.publish(event)
    await inbox.until_taken(event)
    waited = [later - earlier for earlier, later in zip(inbox.begun_at, inbox.begun_at[1:], strict=False)]
    wanted = [delay.total_seconds() for delay in (*delays, delays[-1])]
    assert len(waited) == len(wanted)
    assert all(was >= least for was, least in zip(waited, wanted, strict=True)), (waited, wanted)


async def test_an_event_put_off_holds_up_nobody(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox(OSError("not this one"))
    queue = desk.queue(retry_delays=LATER, prefetch=1)
    await broker.subscribe(queue, inbox)
    await broker.publish(desk.event())
    await inbox.until_begun(1)
    others = [desk.event() for _ in range(3)]
    for event in others:
        await broker.publish(event)
    await inbox.until_taken(*others)
    assert await eventually(lambda: broker.depth(queue.name), lambda depth: depth == 1) == 1


async def test_a_handler_that_hangs_is_given_up_and_tried_again(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox(open_=False)
    queue = desk.queue(handle_timeout=timedelta(milliseconds=50), prefetch=1)
    await broker.subscribe(queue, inbox)
    event = desk.event()
    await broker.publish(event)
    await inbox.until_begun(2)
    await inbox.open()
    await inbox.until_taken(event)


async def test_no_more_than_the_prefetch_is_handled_at_a_time(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox(open_=False)
    queue = desk.queue(prefetch=3)
    await broker.subscribe(queue, inbox)
    events = [desk.event() for _ in range(9)]
    for event in events:
        await broker.publish(event)
    await inbox.until_begun(3)
    await inbox.open()
    await inbox.until_taken(*events)
    assert inbox.most_inside == 3
    assert inbox.times == {event.id: 1 for event in events}


async def test_consumers_of_one_queue_share_its_events(desk: BrokerOnWire) -> None:
    first, second = Inbox(open_=False), Inbox(open_=False)
    queue = desk.queue(prefetch=2)
    brokers: list[Broker] = [await desk.broker(), await desk.broker()]
    for broker, inbox in zip(brokers, (first, second), strict=True):
        await broker.subscribe(queue, inbox)
    events = [desk.event() for _ in range(10)]
    for event in events:
        await brokers[0].publish(event)
    # Both have their hands full: each got a share.
    await first.until_begun(2)
    await second.until_begun(2)
    await asyncio.gather(first.open(), second.open())
    await eventually(lambda: brokers[0].depth(queue.name), lambda depth: depth == 0)
    for broker in brokers:
        await broker.close()
    assert first.times + second.times == {event.id: 1 for event in events}


async def test_stopping_finishes_what_is_under_way_and_takes_nothing_more(desk: BrokerOnWire) -> None:
    broker, inbox, successor = await desk.broker(), Inbox(open_=False), Inbox()
    queue = desk.queue(prefetch=1)
    subscription = await broker.subscribe(queue, inbox)
    events = [desk.event() for _ in range(3)]
    for event in events:
        await broker.publish(event)
    await inbox.until_begun(1)
    stopping = asyncio.ensure_future(subscription.stop())
    await asyncio.wait([stopping], timeout=0.05)
    assert not stopping.done()
    await inbox.open()
    await stopping
    assert len(inbox.taken) == 1
    await broker.subscribe(queue, successor)
    rest = [event for event in events if event not in inbox.taken]
    await successor.until_taken(*rest)
    assert inbox.times + successor.times == {event.id: 1 for event in events}


async def test_connecting_again_does_nothing(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox()
    await broker.subscribe(desk.queue(), inbox)
    await broker.connect()
    event = desk.event()
    await broker.publish(event)
    await inbox.until_taken(event)
