"""The local broker's tables in PostgreSQL and all statements on them; connecting creates the schema.

A message that is being handled is marked with its holder: a number on which the holder's process keeps a session-level
advisory lock, on one connection. The lock ends with that connection, so the messages of a killed process become
available at once. A row lock kept during handling would do the same, but needs one connection for each message being
handled; with a lease, other processes would have to wait until it expires.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.events import Event
from services.messaging.broker import Queue, matches
from services.messaging.handling import CONSUMER_DIED, Dead, Done, HandlingOutcome, PutOff

QUEUE_CHANNEL = "balie_queue"
"""The channel of notifications about new messages; the payload is the name of the queue."""
LOCK_CLASS = 7_202_611
"""The first key of every holder's advisory lock; the second key is the holder's number."""

_TABLES = (
    "select pg_advisory_xact_lock(hashtext('balie.transport'))",
    "create schema if not exists transport",
    """create table if not exists transport.queue (
        name text primary key,
        bindings text[] not null,
        delivery_limit int not null
    )""",
    """create table if not exists transport.message (
        id bigint generated always as identity primary key,
        queue text not null references transport.queue,
        body text not null,
        tries int not null default 0,
        due_at timestamptz not null default clock_timestamp(),
        taken_by int,
        died_at timestamptz,
        reason text
    )""",
    """create index if not exists message_waiting on transport.message (queue, due_at, id)
        where taken_by is null and died_at is null""",
    "create index if not exists message_taken on transport.message (taken_by) where taken_by is not null",
    "create index if not exists message_dead on transport.message (queue, died_at, id) where died_at is not null",
)

_DECLARE = text("""
    insert into transport.queue (name, bindings, delivery_limit) values (:name, :bindings, :delivery_limit)
    on conflict (name) do update set bindings = excluded.bindings, delivery_limit = excluded.delivery_limit
""")

_PUT = text("insert into transport.message (queue, body) values (:queue, :body)")

# The message that has been due for longest comes first; `skip locked` gives several consumers different messages.
_CLAIM = text("""
    with due as (
        select id from transport.message
        where queue = :queue and taken_by is null and died_at is null and due_at <= clock_timestamp()
        order by due_at, id limit :places for update skip locked
    )
    update transport.message as message set taken_by = :holder, tries = tries + 1
    from due where message.id = due.id
    returning message.id, message.body, message.tries
""")

_NEXT_DUE = text("""
    select min(due_at) - clock_timestamp() from transport.message
    where queue = :queue and taken_by is null and died_at is null
""")

# Even if another process holds it by now: the work is done.
_DONE = text("delete from transport.message where id = :id and died_at is null")

_PUT_OFF = text("""
    update transport.message set taken_by = null, due_at = clock_timestamp() + :delay
    where id = :id and taken_by = :holder
""")

_BURY = text("""
    update transport.message set taken_by = null, died_at = clock_timestamp(), reason = :reason
    where id = :id and taken_by = :holder
""")

# We hold a message without knowing it if the connection broke between our claim and PostgreSQL's answer.
_RECLAIM = text("""
    with abandoned as (
        select id from transport.message
        where taken_by = :holder and id <> all(cast(:under_way as bigint[]))
           or taken_by is not null and not exists (
            select from pg_locks
            where locktype = 'advisory' and granted and objsubid = 2 and classid = :lock_class
              and objid = taken_by::oid
              and database = (select oid from pg_database where datname = current_database())
        )
        for update skip locked
    )
    update transport.message as message
    set taken_by = null,
        died_at = case when tries >= delivery_limit then clock_timestamp() end,
        reason = case when tries >= delivery_limit then :died end
    from abandoned, transport.queue as queue
    where message.id = abandoned.id and queue.name = message.queue
    returning message.queue
""")

_DEAD = text("""
    select id, body, reason, died_at from transport.message
    where queue = :queue and died_at is not null order by died_at, id limit :limit
""")

_REVIVE = text("""
    update transport.message set died_at = null, reason = null, tries = 0, due_at = clock_timestamp()
    where id = :id and queue = :queue and died_at is not null returning id
""")

_DISCARD = text("""
    delete from transport.message where id = :id and queue = :queue and died_at is not null returning id
""")

_DEPTH = text("""
    select count(*) from transport.message where queue = :queue and taken_by is null and died_at is null
""")


@dataclass(frozen=True)
class Taken:
    """A message being handled; `tries` counts this try."""

    id: int
    body: str
    tries: int


@dataclass(frozen=True)
class Buried:
    """A dead letter's row."""

    id: int
    body: str
    reason: str
    died_at: datetime


async def prepare(connection: AsyncConnection) -> None:
    """Creates the schema and its tables, if they are missing."""
    for statement in _TABLES:
        await connection.execute(text(statement))


async def declare(connection: AsyncConnection, queue: Queue) -> None:
    """Creates the queue, or updates it: it then has exactly these bindings."""
    facts = {"name": queue.name, "bindings": list(queue.bindings), "delivery_limit": queue.delivery_limit}
    await connection.execute(_DECLARE, facts)


async def put(connection: AsyncConnection, event: Event) -> None:
    """Stores the event in every queue with a binding that matches it."""
    body = event.model_dump_json()
    for name, bindings in await connection.execute(text("select name, bindings from transport.queue order by name")):
        if any(matches(binding, event.type) for binding in bindings):
            await connection.execute(_PUT, {"queue": name, "body": body})
            await notify(connection, QUEUE_CHANNEL, name)


async def notify(connection: AsyncConnection, channel: str, payload: str) -> None:
    """Notifies the channel's listeners when this transaction commits."""
    await connection.execute(text("select pg_notify(:channel, :payload)"), {"channel": channel, "payload": payload})


async def hold(connection: AsyncConnection, holder: int) -> bool:
    """Takes the holder's lock for as long as this connection lasts; False if another connection has it."""
    taken = text("select pg_try_advisory_lock(:lock_class, :holder)")
    return bool(await connection.scalar(taken, {"lock_class": LOCK_CLASS, "holder": holder}))


async def claim(connection: AsyncConnection, queue: str, holder: int, places: int) -> list[Taken]:
    """Claims up to `places` due messages; each claim counts as a try of the message."""
    rows = await connection.execute(_CLAIM, {"queue": queue, "holder": holder, "places": places})
    return sorted((Taken(*row) for row in rows), key=lambda taken: taken.id)


async def next_due(connection: AsyncConnection, queue: str) -> timedelta | None:
    """How long until the first waiting message is due (zero or less: it is due now); None if none is waiting."""
    wait: timedelta | None = await connection.scalar(_NEXT_DUE, {"queue": queue})
    return wait


async def settle(connection: AsyncConnection, holder: int, message_id: int, outcome: HandlingOutcome) -> None:
    """Records the outcome of handling a message. If another process may take the message again by now, only `Done` has
    an effect: it deletes the message."""
    match outcome:
        case Done():
            await connection.execute(_DONE, {"id": message_id})
        case PutOff(delay):
            await connection.execute(_PUT_OFF, {"id": message_id, "holder": holder, "delay": delay})
        case Dead(reason):
            await connection.execute(_BURY, {"id": message_id, "holder": holder, "reason": reason})


async def reclaim(connection: AsyncConnection, holder: int, under_way: Sequence[int]) -> Sequence[str]:
    """Makes abandoned messages available again, or dead letters if they were tried up to the delivery limit.

    Abandoned are the messages of dead holders, and those of this holder that are not in `under_way`. Returns the names
    of their queues.
    """
    facts = {"lock_class": LOCK_CLASS, "died": CONSUMER_DIED, "holder": holder, "under_way": under_way}
    return (await connection.scalars(_RECLAIM, facts)).all()


async def buried(connection: AsyncConnection, queue: str, limit: int) -> list[Buried]:
    """The queue's dead letters, oldest first."""
    return [Buried(*row) for row in await connection.execute(_DEAD, {"queue": queue, "limit": limit})]


async def revive(connection: AsyncConnection, queue: str, message_id: int) -> bool:
    """Puts a dead letter back into its queue as if new; False if there is no such letter."""
    revived = await connection.scalar(_REVIVE, {"queue": queue, "id": message_id}) is not None
    if revived:
        await notify(connection, QUEUE_CHANNEL, queue)
    return revived


async def discard(connection: AsyncConnection, queue: str, message_id: int) -> bool:
    """Deletes a dead letter; False if there is no such letter."""
    return await connection.scalar(_DISCARD, {"queue": queue, "id": message_id}) is not None


async def depth(connection: AsyncConnection, queue: str) -> int:
    """How many messages wait in the queue, including those waiting for another try."""
    return int(await connection.scalar(_DEPTH, {"queue": queue}) or 0)
