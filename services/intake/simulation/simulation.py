"""Simulates a change of policies: replays all tickets of a database, once as pinned and once as changed."""

import asyncio
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from services.contract.errors import NotFound
from services.intake.rules.outages import Outages
from services.intake.rules.simulation.life_replay import relive
from services.intake.rules.simulation.lives import Life
from services.intake.rules.simulation.outcome import ACTS, NO_ORGANISATION, SimulationOutcome, Tally, merged
from services.intake.rules.simulation.policies_tried import Changed, Pinned
from services.intake.rules.simulation.policy_change import PolicyChange, must_be_known, read_change, years_between
from services.intake.simulation.past_lives import Key, Record, read_lives
from services.intake.tables.setup_tables import contract, mail_outage, policy
from services.intake.tables.tables import organisation, ticket
from services.platform.database import connect

TICKETS_AT_ONCE = 2_000
"""How many tickets a process reads and keeps in memory at a time."""
TICKETS_ALONE_MAX = 20_000
"""Up to this many tickets, one process is faster than starting several."""


@dataclass(frozen=True)
class Order:
    """What to simulate. Acts from `since` up to `until`, both in UTC, are counted."""

    change: str
    """The text of the change file (see `rules/simulation/policy_change.py`)."""
    since: datetime
    until: datetime
    organisation: str | None = None
    """Simulate only the tickets of this organisation, given by name or id."""
    processes: int = 1


class _Share(NamedTuple):
    """The tickets that one of several processes simulates: of the range `first` to `last`, every `of`-th batch of
    `TICKETS_AT_ONCE`, beginning with batch `number`."""

    database_url: str
    change: PolicyChange
    outages: Outages
    organisation_id: UUID | None
    since: datetime
    until: datetime
    first: int
    last: int
    number: int
    of: int


def simulate(database_url: str, order: Order) -> SimulationOutcome:
    """Replay every ticket opened before `until`, before and after the change. Only reads.

    What is written to the database meanwhile may or may not count. Raises Invalid for a change that makes no sense,
    NotFound for an unknown organisation.
    """
    whole, names = asyncio.run(_prepared(database_url, order))
    shares = 1 if whole.last - whole.first < TICKETS_ALONE_MAX else order.processes
    if shares == 1:
        tallies = [_live_through(whole)]
    else:
        # Spawn instead of fork: a forked process would inherit this one's threads and connections.
        with ProcessPoolExecutor(shares, mp_context=get_context("spawn")) as pool:
            tallies = list(pool.map(_live_through, [whole._replace(number=n, of=shares) for n in range(shares)]))
    found = merged(tallies)
    ordered = sorted(found, key=lambda each: (each is None, names.get(each, "").lower() if each else ""))
    lines = tuple((each, names.get(each, str(each)) if each else NO_ORGANISATION, found[each]) for each in ordered)
    return SimulationOutcome(order.since, order.until, lines)


async def _prepared(database_url: str, order: Order) -> tuple[_Share, dict[UUID, str]]:
    engine = connect(database_url, pool_size=1)
    try:
        async with engine.connect() as connection:
            of_tickets = select(func.min(ticket.c.number), func.max(ticket.c.number), func.min(ticket.c.opened_at))
            first, last, since = (await connection.execute(of_tickets)).one()
            change = read_change(order.change, years_between(since or order.since, order.until))
            must_be_known(change, (await connection.execute(select(contract.c.name))).scalars())
            stretches = await connection.execute(
                select(mail_outage.c.began_at, mail_outage.c.ended_at).order_by(mail_outage.c.began_at)
            )
            outages = Outages(tuple((began, ended) for began, ended in stretches))
            names = {
                row.id: row.name for row in await connection.execute(select(organisation.c.id, organisation.c.name))
            }
            own = _chosen(names, order.organisation) if order.organisation else None
    finally:
        await engine.dispose()
    whole = _Share(database_url, change, outages, own, order.since, order.until, first or 0, last or -1, 0, 1)
    return whole, names


def _chosen(names: dict[UUID, str], wanted: str) -> UUID:
    for each, name in names.items():
        if wanted.lower() in (name.lower(), str(each)):
            return each
    raise NotFound(f"There is no organisation {wanted!r}; give its name or its id.")


def _live_through(share: _Share) -> dict[UUID | None, Tally]:
    return asyncio.run(_tallies(share))


async def _tallies(share: _Share) -> dict[UUID | None, Tally]:
    tallies: dict[UUID | None, Tally] = {}
    engine = connect(share.database_url, pool_size=1)
    try:
        # No transaction around all batches: it would keep vacuum from its work for a minute.
        async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            rows = await connection.execute(select(policy.c.version, policy.c.body))
            pinned = Pinned({row.version: row.body for row in rows})
            changed = Changed(pinned, share.change)
            begin = share.first + share.number * TICKETS_AT_ONCE
            for first in range(begin, share.last + 1, share.of * TICKETS_AT_ONCE):
                last = min(first + TICKETS_AT_ONCE - 1, share.last)
                for record in await read_lives(connection, first, last, share.organisation_id, share.until):
                    tally = tallies.setdefault(record.organisation_id, Tally())
                    _count(tally, record, share, pinned, changed)
    finally:
        await engine.dispose()
    return tallies


def _count(tally: Tally, record: Record, share: _Share, pinned: Pinned, changed: Changed) -> None:
    past = record.past
    version = record.policy_version
    priority = share.change.priority(version, record.asked_priority, past.priority, past.opened_at)
    life = relive(past, pinned[version], pinned, share.outages, share.until)
    before = after = _counted(life, share)
    if _may_part(life, record, version, changed) or priority is not past.priority:
        again = past._replace(priority=priority)
        after = _counted(relive(again, changed[version], changed, share.outages, share.until), share)
    recorded = [key for at, key in record.met if at >= share.since and key.kind in ACTS]
    tally.tickets += 1
    tally.unlike += recorded != before and sorted(map(str, recorded)) != sorted(map(str, before))
    for counts, keys in ((tally.recorded, recorded), (tally.before, before), (tally.after, after)):
        for key in keys:
            counts[key.kind] += 1


def _may_part(life: Life, record: Record, version: str, changed: Changed) -> bool:
    """Whether the change can make a difference to this ticket. Most tickets need no second replay."""
    if record.replanned:
        return True
    policy = changed[version]
    return policy is not life.policy and any(stretch.status in changed.parting[version] for stretch in life.stands.path)


def _counted(life: Life, share: _Share) -> list[Key]:
    return [Key(*due[1:]) for due in life.met if due.at >= share.since and due.kind in ACTS]
