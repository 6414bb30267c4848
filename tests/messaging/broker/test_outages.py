"""The broker goes away and comes back: nothing is lost, and everybody carries on by themselves."""

import asyncio
from datetime import timedelta
from pathlib import Path

import aio_pika
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from services.contract.errors import Permanent, Temporary
from services.contract.events import Event
from services.messaging.broker import Broker
from services.messaging.local.message_table import LOCK_CLASS
from services.platform.database import connect, transaction
from tests import parts
from tests.messaging.broker.broker_on_wire import (
    LATER,
    BrokerOnWire,
    PostgresQueues,
    RabbitmqQueues,
    Server,
    eventually,
    on_wire,
)
from tests.messaging.broker.inbox import Inbox


async def test_connecting_to_an_absent_broker_is_a_temporary_failure(desk: BrokerOnWire) -> None:
    broker = desk.server.broker(desk.server.through(desk.wire))
    await desk.wire.cut()
    with pytest.raises(Temporary):
        await broker.connect()
    await desk.wire.mend()
    await broker.connect()
    await broker.publish(desk.event())
    await broker.close()


async def test_publishing_fails_while_the_broker_is_away_and_works_again_afterwards(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox()
    queue = desk.queue()
    await broker.subscribe(queue, inbox)
    await desk.wire.cut()
    lost, kept = desk.event(), desk.event()
    with pytest.raises(Temporary):
        await broker.publish(lost)
    await desk.wire.mend()
    await _publish(broker, kept)
    await inbox.until_taken(kept)
    assert inbox.taken == [kept]


async def test_publishing_into_silence_ends_in_time(desk: BrokerOnWire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.messaging.rabbitmq.connection.PUBLISH_TIMEOUT", timedelta(milliseconds=200))
    monkeypatch.setattr("services.messaging.local.broker.PUBLISH_TIMEOUT", timedelta(milliseconds=200))
    broker = await desk.broker()
    await broker.publish(desk.event())
    desk.wire.hang()
    with pytest.raises(Temporary):
        await broker.publish(desk.event())
    desk.wire.flow()
    await _publish(broker, desk.event())


async def test_subscribing_to_an_absent_broker_is_a_temporary_failure(desk: BrokerOnWire) -> None:
    broker = await desk.broker()
    await desk.wire.cut()
    with pytest.raises(Temporary):
        await broker.subscribe(desk.queue(), Inbox())
    await desk.wire.mend()
    await eventually(lambda: broker.depth("any"), lambda depth: depth == 0)


async def test_what_was_under_way_when_the_connection_broke_is_not_lost(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox(open_=False)
    queue = desk.queue(prefetch=1)
    await broker.subscribe(queue, inbox)
    event, others = desk.event(), [desk.event() for _ in range(3)]
    await broker.publish(event)
    await inbox.until_begun(1)
    await desk.wire.cut()
    await inbox.open()
    await inbox.until_taken(event)
    await desk.wire.mend()
    for other in others:
        await _publish(broker, other)
    await inbox.until_taken(*others)
    # Handled once more at most, never more than one at a time, and then gone.
    assert inbox.most_inside == 1
    await broker.close()
    successor = await desk.broker()
    assert await successor.depth(queue.name) == 0
    assert await successor.dead_letters(queue.name) == []


async def test_the_prefetch_holds_across_connections(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox(open_=False)
    queue = desk.queue(prefetch=1)
    await broker.subscribe(queue, inbox)
    events = [desk.event(), desk.event()]
    for event in events:
        await broker.publish(event)
    await inbox.until_begun(1)
    await desk.wire.cut()
    await desk.wire.mend()
    # RabbitMQ gives the first one out again; it must wait for the place its first handling still has.
    await eventually(lambda: broker.depth(queue.name), lambda depth: depth == 1)
    assert await broker.depth(queue.name) == 1
    await inbox.open()
    await inbox.until_taken(*events)
    assert inbox.most_inside == 1


async def test_nothing_is_lost_over_many_cuts(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox(*(OSError("mail server away") for _ in range(10)))
    queue = desk.queue(prefetch=5)
    await broker.subscribe(queue, inbox)
    events = [desk.event(text="x" * 5_000) for _ in range(60)]
    for number, event in enumerate(events):
        await _publish(broker, event)
        if number % 12 == 5:
            # In the middle of whatever goes on: publishing the next, handling, acknowledging, putting off.
            publishing = asyncio.ensure_future(_publish(broker, desk.event()))
            await desk.wire.cut()
            await desk.wire.mend()
            await publishing
    await inbox.until_taken(*events)
    assert inbox.most_inside <= 5
    await eventually(lambda: broker.depth(queue.name), lambda depth: depth == 0)
    await broker.close()
    successor = await desk.broker()
    assert await eventually(lambda: successor.depth(queue.name), lambda depth: depth == 0) == 0
    assert await successor.dead_letters(queue.name) == []


async def test_a_failure_while_the_broker_is_away_is_put_off_all_the_same(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox(OSError("mail server away"), open_=False)
    await broker.subscribe(desk.queue(), inbox)
    event = desk.event()
    await broker.publish(event)
    await inbox.until_begun(1)
    await desk.wire.cut()
    await inbox.open()
    await desk.wire.mend()
    await inbox.until_taken(event)


async def test_what_waits_for_a_later_try_outlives_the_connection(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox(OSError("mail server away"))
    queue = desk.queue(retry_delays=LATER)
    await broker.subscribe(queue, inbox)
    await broker.publish(desk.event())
    await inbox.until_begun(1)
    await eventually(lambda: broker.depth(queue.name), lambda depth: depth == 1)
    await desk.wire.cut()
    await desk.wire.mend()
    assert await eventually(lambda: broker.depth(queue.name), lambda depth: depth == 1) == 1


async def test_stopping_while_the_broker_is_away_comes_to_an_end(desk: BrokerOnWire) -> None:
    broker, inbox = await desk.broker(), Inbox(open_=False)
    queue = desk.queue()
    subscription = await broker.subscribe(queue, inbox)
    event = desk.event()
    await broker.publish(event)
    await inbox.until_begun(1)
    await desk.wire.cut()
    await inbox.open()
    await subscription.stop()
    await broker.close()
    await desk.wire.mend()
    successor, heir = await desk.broker(), Inbox()
    await successor.subscribe(queue, heir)
    await heir.until_taken(event)


@pytest.mark.own_parts
async def test_rabbitmq_itself_restarts(tmp_path: Path) -> None:
    with parts.own_rabbitmq(tmp_path) as node:
        async with on_wire(RabbitmqQueues(node.url)) as desk:
            broker, inbox, live = await desk.broker(), Inbox(), Inbox()
            queue, waiting = desk.queue(), desk.queue(name="waiting")
            await broker.declare(waiting)
            await broker.subscribe(queue, inbox)
            await broker.listen([desk.pattern("#")], live)
            before = desk.event()
            await broker.publish(before)
            await inbox.until_taken(before)
            node.stop()
            with pytest.raises(Temporary):
                await broker.publish(desk.event())
            node.start()
            desk.server.url = node.url
            desk.wire.lead_to(make_url(node.url).port or 0)
            after = desk.event()
            await _publish(broker, after)
            await inbox.until_taken(after)
            await eventually(lambda: _heard(broker, desk, live), lambda heard: heard)
            assert await eventually(lambda: broker.depth(waiting.name), lambda depth: depth >= 2)


async def test_a_queue_deleted_under_its_consumer_is_made_again(rabbitmq_url: str) -> None:
    async with on_wire(RabbitmqQueues(rabbitmq_url)) as desk:
        broker, inbox = await desk.broker(), Inbox()
        queue = desk.queue()
        await broker.subscribe(queue, inbox)
        async with await aio_pika.connect(rabbitmq_url) as connection:
            await (await connection.channel()).queue_delete(queue.name)
        await eventually(lambda: _taken(broker, desk, inbox), lambda taken: taken)


async def test_a_queue_made_with_other_settings_says_what_to_do(rabbitmq_url: str) -> None:
    async with on_wire(RabbitmqQueues(rabbitmq_url)) as desk:
        broker = await desk.broker()
        queue = desk.queue(delivery_limit=5)
        await broker.declare(queue)
        with pytest.raises(Permanent, match="delete it there once it is empty"):
            await broker.subscribe(desk.queue(delivery_limit=6), Inbox())


async def test_a_wrong_password_is_named(server: Server) -> None:
    wrong = make_url(server.url).set(password="wrong").render_as_string(hide_password=False)
    broker = server.broker(wrong)
    with pytest.raises(Temporary):
        await broker.connect()
    await broker.close()


async def test_postgresql_drops_every_session(empty_database_url: str) -> None:
    async with on_wire(PostgresQueues(empty_database_url)) as desk:
        broker, inbox, live = await desk.broker(), Inbox(), Inbox()
        await broker.subscribe(desk.queue(), inbox)
        await broker.listen([desk.pattern("#")], live)
        engine = connect(empty_database_url)
        async with engine.connect() as connection:
            others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() {}"
            await connection.execute(text(others.format("and pid <> pg_backend_pid()")))
        await engine.dispose()
        event = desk.event()
        await _publish(broker, event)
        await inbox.until_taken(event)
        await eventually(lambda: _heard(broker, desk, live), lambda heard: heard)


async def test_what_was_claimed_without_our_hearing_of_it_is_handled_all_the_same(empty_database_url: str) -> None:
    async with on_wire(PostgresQueues(empty_database_url)) as desk:
        broker, inbox = await desk.broker(), Inbox()
        queue = desk.queue()
        await broker.declare(queue)
        event = desk.event()
        await broker.publish(event)
        # As a claim leaves it whose connection broke after the commit, before its answer.
        engine = connect(empty_database_url)
        async with transaction(engine) as connection:
            claim = text(
                "update transport.message set tries = 1, taken_by = pg_locks.objid::int from pg_locks"
                " where locktype = 'advisory' and classid = :lock_class"
            )
            await connection.execute(claim, {"lock_class": LOCK_CLASS})
        await engine.dispose()
        await broker.subscribe(queue, inbox)
        await inbox.until_taken(event)


async def _publish(broker: Broker, event: Event) -> None:
    """As the relay does: again until it worked."""

    async def published() -> bool:
        await broker.publish(event)
        return True

    await eventually(published, lambda done: done)


async def _heard(broker: Broker, desk: BrokerOnWire, live: Inbox) -> bool:
    # What happens without a connection is not heard: a live event only shows that somebody listens again.
    await broker.publish(desk.event())
    return bool(live.taken)


async def _taken(broker: Broker, desk: BrokerOnWire, inbox: Inbox) -> bool:
    # An event published while there is no queue goes nowhere.
    await broker.publish(desk.event())
    return bool(inbox.taken)
