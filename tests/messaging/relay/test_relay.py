"""The relay itself: everything is told at least once, and no failure of one is another's."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text, update
from sqlalchemy.engine import make_url

from services.contract.errors import Permanent, Temporary
from services.messaging.broker import Queue
from services.messaging.local.broker import LocalBroker
from services.messaging.outbox import OutboxRow
from services.messaging.relay import KEPT_FOR, RELAY_BATCH_MAX, RETRY_DELAYS, BrokerSink, Relay
from services.messaging.sink import Result, SinkAway, deliver_each
from services.platform.clock import wall_clock
from services.platform.database import connect
from tests.messaging.broker.inbox import Inbox
from tests.messaging.relay.outbox_on_test import OUTBOX, Outbox, Told, event, outbox_in, relaying
from tests.moved_clock import MovedClock
from tests.outbox_lag import Lag, lag
from tests.patience import until
from tests.wire import wire

A_MOMENT = timedelta(milliseconds=10)
NEVER = timedelta(days=1)


async def test_everything_written_is_told_once_and_in_order(outbox: Outbox, clock: MovedClock) -> None:
    told = Told()
    before = [str(number) for number in range(RELAY_BATCH_MAX * 2 + 5)]
    for number in before:
        await outbox.writes(event(ticket=number))
    async with relaying(Relay(outbox.engine, OUTBOX, told, clock)):
        await told.until_told(*before)
        await outbox.writes(event(ticket="after"))
        await told.until_told("after")
    assert told.keys == [*before, "after"]
    assert await lag(outbox.engine, OUTBOX, "broker") == Lag(0, None)


async def test_a_row_written_wakes_the_relay(
    outbox: Outbox, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.messaging.relay.POLL_INTERVAL", NEVER)
    told = Told()
    async with relaying(Relay(outbox.engine, OUTBOX, told, clock)):
        await until(lambda: _somebody_listens(outbox), "somebody listens to the outbox")
        await outbox.writes(event(ticket="1"))
        await told.until_told("1")
        await outbox.writes(event(ticket="2"))
        await told.until_told("2")


async def test_each_sink_has_rows_of_its_own(outbox: Outbox, clock: MovedClock) -> None:
    await outbox.holds("broker", "an event", {})
    await outbox.holds("clock", "a snapshot", {})
    broker, clocks = Told("broker"), Told("clock", says=lambda _: SinkAway("Temporal is away."))
    async with relaying(*(Relay(outbox.engine, OUTBOX, sink, clock) for sink in (broker, clocks))):
        await broker.until_told("an event")
        await clocks.until_called(1)
    assert (broker.keys, clocks.keys) == (["an event"], [])
    assert [row.sent_at is None for row in await outbox.rows()] == [False, True]


async def test_two_relays_tell_nothing_twice(outbox: Outbox, clock: MovedClock) -> None:
    told, keys = Told(), [str(number) for number in range(RELAY_BATCH_MAX * 3)]
    await outbox.writes(*(event(ticket=key) for key in keys))
    async with relaying(*(Relay(outbox.engine, OUTBOX, told, clock) for _ in range(2))):
        await told.until_told(*keys)
        await outbox.writes(*(event(ticket=f"later {key}") for key in keys))
        await told.until_told(*(f"later {key}" for key in keys))
    assert set(told.times.values()) == {1}


async def test_a_row_that_fails_is_told_later_and_later_and_holds_up_nobody(
    outbox: Outbox, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.messaging.relay.POLL_INTERVAL", A_MOMENT)
    told = Told(says=lambda row: Temporary("Temporal answered INTERNAL: no") if row.key == "bad" else None)
    await outbox.writes(event(ticket="bad"), event(ticket="good"))
    async with relaying(Relay(outbox.engine, OUTBOX, told, clock)):
        await told.until_told("good")
        for attempts, delay in enumerate((*RETRY_DELAYS, RETRY_DELAYS[-1]), start=1):
            row = await outbox.tried("bad", attempts)
            assert row.last_error == "Temporary: Temporal answered INTERNAL: no"
            assert row.attempts == attempts
            assert row.due_at >= clock.now + delay
            clock.now = row.due_at
        told.says = lambda _: None
        await told.until_told("bad")
        await outbox.all_sent("broker")
    assert told.times == {"good": 1, "bad": 1}


async def test_a_row_put_off_waits_for_its_time(
    outbox: Outbox, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.messaging.relay.POLL_INTERVAL", A_MOMENT)
    told = Told(says=lambda row: Permanent("no") if row.key == "bad" else None)
    await outbox.writes(event(ticket="bad"))
    # Longer ago than any delay: only a clock that has been moved can be later.
    clock.move(timedelta(hours=2))
    async with relaying(Relay(outbox.engine, OUTBOX, told, clock)):
        await outbox.tried("bad", 1)
        told.says = lambda _: None
        await outbox.writes(event(ticket="good"))
        await told.until_told("good")
        assert told.keys == ["good"]
        clock.move(RETRY_DELAYS[0])
        await told.until_told("bad")


async def test_a_sink_that_is_away_is_nobody_s_failure(
    outbox: Outbox, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.messaging.relay.BACK_OFF", (A_MOMENT,))
    told = Told(says=lambda _: SinkAway("RabbitMQ cannot be reached now."))
    await outbox.writes(event(ticket="1"), event(ticket="2"))
    async with relaying(Relay(outbox.engine, OUTBOX, told, clock)):
        await told.until_called(3)
        told.says = lambda _: None
        await told.until_told("1", "2")
        await outbox.all_sent("broker")
    assert [(row.attempts, row.last_error) for row in await outbox.rows()] == [(0, None), (0, None)]


async def test_what_was_told_before_the_sink_went_away_is_not_told_again(
    outbox: Outbox, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.messaging.relay.BACK_OFF", (A_MOMENT,))
    told = Told(says=lambda row: SinkAway("away") if row.key == "2" else None)
    await outbox.writes(event(ticket="1"), event(ticket="2"), event(ticket="3"))
    async with relaying(Relay(outbox.engine, OUTBOX, told, clock)):
        await told.until_called(3)
        told.says = lambda _: None
        await told.until_told("2")
    assert told.times == {"1": 1, "2": 1, "3": 1}


class Broken(Told):
    """A sink with a mistake in it: it fails as a whole while a certain row is among those given."""

    async def deliver(self, rows: Sequence[OutboxRow]) -> Sequence[Result]:
        if any(row.key == "bad" for row in rows):
            self.calls += 1
            raise KeyError("nobody thought of this")
        return await super().deliver(rows)


async def test_a_sink_with_a_mistake_in_it_does_not_stop_the_relay(outbox: Outbox, clock: MovedClock) -> None:
    told = Broken()
    await outbox.writes(event(ticket="bad"))
    async with relaying(Relay(outbox.engine, OUTBOX, told, clock)):
        row = await outbox.tried("bad", 1)
        assert row.last_error == "Temporary: KeyError: 'nobody thought of this'"
        await outbox.writes(event(ticket="good"))
        await told.until_told("good")


class Slow(Told):
    """A sink that takes its time until told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def deliver(self, rows: Sequence[OutboxRow]) -> Sequence[Result]:
        self.begun.set()
        await self.go_on.wait()
        return await super().deliver(rows)


async def test_a_stopped_relay_finishes_its_batch(outbox: Outbox, clock: MovedClock) -> None:
    told = Slow()
    await outbox.writes(event(ticket="1"))
    running = asyncio.ensure_future(Relay(outbox.engine, OUTBOX, told, clock).run())
    await told.begun.wait()
    running.cancel()
    await asyncio.wait([running], timeout=0.05)
    assert not running.done()
    told.go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert told.keys == ["1"]
    assert (await lag(outbox.engine, OUTBOX, "broker")).unsent == 0


async def test_a_sink_that_hangs_counts_as_away(
    outbox: Outbox, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.messaging.relay.BACK_OFF", (A_MOMENT,))
    monkeypatch.setattr("services.messaging.relay.HANG_TIMEOUT", A_MOMENT)
    told = Slow()
    await outbox.writes(event(ticket="1"))
    async with relaying(Relay(outbox.engine, OUTBOX, told, clock)):
        await told.begun.wait()
        told.begun.clear()
        await told.begun.wait()
        told.go_on.set()
        await told.until_told("1")
        await outbox.all_sent("broker")
    assert [row.attempts for row in await outbox.rows()] == [0]


class HangingOn(Told):
    """A sink that hangs on one row until told to go on, and delivers the others."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key, self.go_on = key, asyncio.Event()

    async def deliver(self, rows: Sequence[OutboxRow]) -> Sequence[Result]:
        return await deliver_each(rows, self._one, at_once=RELAY_BATCH_MAX, limit=A_MOMENT)

    async def _one(self, row: OutboxRow) -> Result:
        if row.key == self.key:
            await self.go_on.wait()
        [result] = await super().deliver([row])
        return result


async def test_what_a_slow_sink_was_told_in_time_is_not_told_again(
    outbox: Outbox, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.messaging.relay.BACK_OFF", (A_MOMENT,))
    told = HangingOn("2")
    await outbox.writes(event(ticket="1"), event(ticket="2"), event(ticket="3"))

    async def marked() -> bool:
        return [row.sent_at is not None for row in await outbox.rows()] == [True, False, True]

    async with relaying(Relay(outbox.engine, OUTBOX, told, clock)):
        await until(marked, "what was delivered is marked")
        told.go_on.set()
        await outbox.all_sent("broker")
    assert told.times == {"1": 1, "2": 1, "3": 1}
    assert [row.attempts for row in await outbox.rows()] == [0, 0, 0]


async def test_postgresql_goes_away_and_comes_back(
    empty_database_url: str, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.messaging.relay.BACK_OFF", (A_MOMENT,))
    address, told = make_url(empty_database_url), Told()
    async with wire(address.host or "", address.port or 0) as cable, outbox_in(empty_database_url) as outbox:
        engine = connect(address.set(port=cable.port).render_as_string(hide_password=False))
        await outbox.writes(event(ticket="before"))
        async with relaying(Relay(engine, OUTBOX, told, clock)):
            await told.until_told("before")
            await cable.cut()
            await outbox.writes(event(ticket="meanwhile"))
            await cable.mend()
            await told.until_told("meanwhile")
            await outbox.writes(event(ticket="after"))
            await told.until_told("after")
            await outbox.all_sent("broker")
        await engine.dispose()


async def test_sent_rows_are_forgotten_after_their_time_and_unsent_ones_never(
    outbox: Outbox, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.messaging.relay.PRUNE_BATCH_MAX", 2)
    long_ago = clock.now - KEPT_FOR - timedelta(minutes=1)
    for key in ("old 1", "old 2", "old 3", "recent", "failing"):
        await outbox.holds("broker", key, {})
    await outbox.holds("clock", "other", {})
    async with outbox.engine.begin() as connection:
        old = OUTBOX.c.key.like("old %") | (OUTBOX.c.key == "other")
        await connection.execute(update(OUTBOX).where(old).values(sent_at=long_ago))
        await connection.execute(update(OUTBOX).where(OUTBOX.c.key == "recent").values(sent_at=clock.now))
    told = Told(says=lambda _: Permanent("never"))

    async def pruned() -> bool:
        return [row.key for row in await outbox.rows()] == ["recent", "failing", "other"]

    async with relaying(Relay(outbox.engine, OUTBOX, told, clock)):
        await until(pruned, "the old rows are gone")


async def test_lag_says_how_much_and_since_when(outbox: Outbox) -> None:
    await outbox.writes(event(ticket="1"), event(ticket="2"))
    [first, _] = await outbox.rows()
    assert await lag(outbox.engine, OUTBOX, "broker") == Lag(2, first.created_at)
    assert await lag(outbox.engine, OUTBOX, "clock") == Lag(0, None)


async def test_events_are_published_under_the_id_of_the_act_that_made_them(outbox: Outbox) -> None:
    broker, inbox = LocalBroker(outbox.url), Inbox()
    await broker.connect()
    await broker.subscribe(Queue("notify.mail", ("ticket.#",)), inbox)
    act = uuid4().hex
    made = event(ticket="1").model_copy(update={"correlationid": act})
    async with relaying(Relay(outbox.engine, OUTBOX, BrokerSink(broker), wall_clock)):
        await outbox.writes(made, correlation_id=act)
        await inbox.until_taken(made)
    await broker.close()
    assert (inbox.taken, inbox.correlation_ids) == ([made], [act])


async def test_a_row_that_holds_no_event_holds_up_nobody(outbox: Outbox) -> None:
    broker, inbox = LocalBroker(outbox.url), Inbox()
    await broker.connect()
    await broker.subscribe(Queue("notify.mail", ("#",)), inbox)
    await outbox.holds("broker", "bad", {"specversion": "0.3", "secret": "hunter2"})
    good = event(ticket="1")
    await outbox.writes(good)
    async with relaying(Relay(outbox.engine, OUTBOX, BrokerSink(broker), wall_clock)):
        await inbox.until_taken(good)
        row = await outbox.tried("bad", 1)
    await broker.close()
    assert row.last_error.startswith("Permanent: The row holds no event")
    assert "hunter2" not in row.last_error


async def _somebody_listens(outbox: Outbox) -> bool:
    asked = text("select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen %'")
    async with outbox.engine.connect() as connection:
        return bool(await connection.scalar(asked))
