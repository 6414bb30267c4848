"""What nobody could deal with: it lies where a person finds it, until they replay or discard it."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process

import pytest

from services.contract.errors import Permanent
from services.messaging.broker import Queue
from services.messaging.handling import CONSUMER_DIED
from tests.messaging.broker.broker_on_wire import LATER, BrokerOnWire, eventually
from tests.messaging.broker.inbox import Inbox
from tests.patience import PATIENCE_SECONDS


async def test_an_event_that_keeps_failing_ends_in_the_dead_letters(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox(*(OSError("mail server away") for _ in range(9)))
    queue = desk.queue(delivery_limit=3)
    await broker.subscribe(queue, inbox)
    event = desk.event()
    await broker.publish(event)
    [letter] = await desk.dead_letters(broker, queue)
    assert (letter.queue, letter.event) == (queue.name, event)
    assert letter.reason == "Tried 3 times, lastly: OSError: mail server away"
    assert letter.died_at is not None
    assert len(inbox.begun) == 3
    assert await broker.depth(queue.name) == 0


async def test_a_permanent_failure_is_not_tried_again(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox(Permanent("No such ticket."))
    queue = desk.queue()
    await broker.subscribe(queue, inbox)
    event = desk.event()
    await broker.publish(event)
    [letter] = await desk.dead_letters(broker, queue)
    assert (letter.event, letter.reason) == (event, "Permanent: No such ticket.")
    assert len(inbox.begun) == 1


@pytest.mark.parametrize("body", ["not json at all \N{SNOWMAN}", '{"specversion": "1.0"}', "[]", ""])
async def test_a_message_that_is_no_event_reaches_no_handler(desk: BrokerOnWire, body: str) -> None:
    broker, inbox = await desk.broker(), Inbox()
    queue = desk.queue()
    await broker.subscribe(queue, inbox)
    await desk.server.put(queue.name, body)
    [letter] = await desk.dead_letters(broker, queue)
    assert (letter.event, letter.body) == (None, body)
    assert letter.reason.startswith("This is not an event: ")
    good = desk.event()
    await broker.publish(good)
    await inbox.until_taken(good)
    assert inbox.begun == [good]


async def test_a_replayed_letter_is_as_if_new(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox(*(OSError("mail server away") for _ in range(3)))
    queue = desk.queue(delivery_limit=2)
    await broker.subscribe(queue, inbox)
    event = desk.event()
    await broker.publish(event)
    [letter] = await desk.dead_letters(broker, queue)
    assert await broker.replay(queue.name, letter.id)
    # It fails once more and is tried again: the limit counts anew.
    await inbox.until_taken(event)
    assert len(inbox.begun) == 4
    assert await desk.dead_letters(broker, queue, count=0) == []
    assert not await broker.replay(queue.name, letter.id)


async def test_a_malformed_message_can_be_replayed_and_dies_again(desk: BrokerOnWire) -> None:
    broker = await desk.broker()
    queue = desk.queue()
    subscription = await broker.subscribe(queue, Inbox())
    await desk.server.put(queue.name, "{}")
    [letter] = await desk.dead_letters(broker, queue)
    await subscription.stop()
    assert await broker.replay(queue.name, letter.id)
    assert await eventually(lambda: broker.depth(queue.name), lambda depth: depth == 1)
    await broker.subscribe(queue, Inbox())
    [again] = await desk.dead_letters(broker, queue)
    assert again.body == "{}"


async def test_one_letter_is_discarded_and_the_others_stay(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox(*(Permanent("No such ticket.") for _ in range(3)))
    queue = desk.queue(prefetch=1)
    await broker.subscribe(queue, inbox)
    events = [desk.event() for _ in range(3)]
    for event in events:
        await broker.publish(event)
    letters = await desk.dead_letters(broker, queue, count=3)
    assert [letter.event for letter in letters] == inbox.begun
    assert await broker.discard(queue.name, letters[1].id)
    left = await desk.dead_letters(broker, queue, count=2)
    assert left == [letters[0], letters[2]]
    assert not await broker.discard(queue.name, letters[1].id)


async def test_looking_at_dead_letters_changes_nothing(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox(*(Permanent("No such ticket.") for _ in range(5)))
    queue = desk.queue(delivery_limit=1, prefetch=1)
    await broker.subscribe(queue, inbox)
    for _ in range(5):
        await broker.publish(desk.event())
    letters = await desk.dead_letters(broker, queue, count=5)
    for _ in range(30):
        assert await desk.dead_letters(broker, queue, count=5) == letters
    assert len(await broker.dead_letters(queue.name, limit=2)) == 2
    assert await desk.dead_letters(await desk.broker(), queue, count=5) == letters


async def test_what_was_listed_can_be_replayed_at_once(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox(*(Permanent("No such ticket.") for _ in range(20)))
    queue = desk.queue()
    await broker.subscribe(queue, inbox)
    events = [desk.event() for _ in range(20)]
    for event in events:
        await broker.publish(event)
    await desk.dead_letters(broker, queue, count=20)
    for _ in range(20):
        [letter, *_rest] = await broker.dead_letters(queue.name)
        assert await broker.replay(queue.name, letter.id)
    await inbox.until_taken(*events)
    assert await broker.dead_letters(queue.name) == []


async def test_there_are_no_letters_where_there_is_no_queue(desk: BrokerOnWire) -> None:
    broker = await desk.broker()
    assert await broker.dead_letters("no.such.queue") == []
    assert await broker.depth("no.such.queue") == 0
    assert not await broker.replay("no.such.queue", "1")
    assert not await broker.discard("no.such.queue", "not even a number")


async def test_what_a_killed_consumer_held_comes_back(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox()
    queue = desk.queue(retry_delays=LATER)
    await broker.declare(queue)
    event = desk.event()
    await broker.publish(event)
    consumer = await _doomed(desk, queue, "hang")
    await _prints(consumer, str(event.id))
    consumer.kill()
    await consumer.wait()
    await broker.subscribe(queue, inbox)
    await inbox.until_taken(event)
    assert inbox.times == {event.id: 1}


async def test_what_kills_its_consumers_ends_in_the_dead_letters(desk: BrokerOnWire) -> None:
    broker = await desk.broker()
    queue = desk.queue(delivery_limit=2)
    await broker.declare(queue)
    event = desk.event()
    await broker.publish(event)
    for _ in range(2):
        consumer = await _doomed(desk, queue, "die")
        await _prints(consumer, str(event.id))
        await consumer.wait()
    [letter] = await desk.dead_letters(broker, queue)
    assert (letter.event, letter.reason) == (event, CONSUMER_DIED)
    assert letter.died_at is not None
    assert await broker.replay(queue.name, letter.id)
    inbox = Inbox()
    await broker.subscribe(queue, inbox)
    await inbox.until_taken(event)


async def test_deaths_and_failures_count_together(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox(*(OSError("mail server away") for _ in range(9)))
    queue = desk.queue(delivery_limit=3)
    await broker.declare(queue)
    event = desk.event()
    await broker.publish(event)
    consumer = await _doomed(desk, queue, "die")
    await _prints(consumer, str(event.id))
    await consumer.wait()
    await broker.subscribe(queue, inbox)
    [letter] = await desk.dead_letters(broker, queue)
    assert letter.reason == "Tried 3 times, lastly: OSError: mail server away"
    assert len(inbox.begun) == 2


async def _doomed(desk: BrokerOnWire, queue: Queue, end: str) -> Process:
    words = (desk.server.url, queue.name, queue.bindings[0], str(queue.delivery_limit), end)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.messaging.broker.doomed_consumer", *words, stdout=PIPE, stderr=PIPE
    )


async def _prints(consumer: Process, line: str) -> None:
    assert consumer.stdout is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert (await consumer.stdout.readline()).decode().strip() == line
