"""Reads the recorded lives of tickets for a simulation: one row for each ticket, with its timeline as three arrays."""

from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.vocabulary import DeadlineKind, Metric, Priority
from services.intake.rules.simulation.life_replay import Past

MARKS_KEPT = 1024
MET = "met "

# The lines that move deadlines, as `deeds.what_happened` reads them; of the clock's own only those it is checked with.
# Lines of a ticket's version 1 are the words it came with, which open it.
_LIVES = text("""
with line as (
    select l.id, l.ticket_number, l.version, l.at, case l.type
        when 'comment' then case
            when (l.facts->>'asks')::boolean then 'said staff asks'
            when (l.actor->>'staff')::boolean and l.actor->>'person_id' is distinct from t.requester_id::text
                then 'said staff'
            else 'said requester' end
        when 'status_changed' then concat_ws(' ', 'moved', l.facts->>'from', l.facts->>'to',
            case when (l.facts->>'reopened')::boolean then 'reopened' end)
        when 'deadline_met' then concat_ws(' ', case l.actor->>'kind' when 'clock' then 'met' else 'did' end,
            l.facts->>'deadline', coalesce(l.facts->>'metric', '-'), coalesce(l.facts->>'point', '0'))
        when 'postponed' then concat_ws(' ', 'postponed', l.facts->>'deadline', coalesce(l.facts->>'until', '-'))
        when 'snoozed' then concat_ws(' ', 'snoozed', coalesce(l.facts->>'until', '-'))
        when 'prioritised' then concat_ws(' ', 'prioritised', l.facts->>'to', l.facts->>'from')
        when 'replanned' then concat_ws(' ', 'replanned', l.facts->>'policy', l.facts->>'policy_before')
        else l.type end as mark
    from intake.timeline l join intake.ticket t on t.number = l.ticket_number
    where l.ticket_number between :first and :last and l.version > 1 and l.at < :until
        and l.type in ('comment', 'status_changed', 'deadline_met', 'postponed', 'snoozed', 'prioritised', 'replanned',
            'merged', 'confirmed_solved', 'declined', 'shipped', 'parked', 'kept_open')
        and (l.type <> 'comment' or l.public)
        and (l.type = 'deadline_met' or l.actor->>'kind' <> 'clock')
), life as (
    select ticket_number, array_agg(version order by id) as versions, array_agg(at order by id) as instants,
        array_agg(mark order by id) as marks
    from line group by ticket_number
)
select t.number, t.organisation_id, t.opened_at, t.path->0->>0 = 'open' as taken_up, t.priority,
    t.asked_priority, t.policy_version, life.versions, life.instants, life.marks
from intake.ticket t left join life on life.ticket_number = t.number
where t.number between :first and :last and t.opened_at < :until
    and (cast(:organisation_id as uuid) is null or t.organisation_id = :organisation_id)
""")


class Key(NamedTuple):
    """Identifies an act of the clock."""

    kind: DeadlineKind
    metric: Metric | None
    point: int


class Record(NamedTuple):
    """A ticket's recorded life, and what its clock did in it."""

    past: Past
    organisation_id: UUID | None
    asked_priority: Priority
    policy_version: str
    """The promises it was opened under."""
    met: list[tuple[datetime, Key]]
    replanned: bool
    """Whether the ticket was re-planned."""


async def read_lives(
    connection: AsyncConnection, first: int, last: int, organisation_id: UUID | None, until: datetime
) -> list[Record]:
    """The recorded lives, until `until`, of the tickets numbered `first` to `last` that were opened before then."""
    facts = {"first": first, "last": last, "organisation_id": organisation_id, "until": until}
    return [_record(*row) for row in await connection.execute(_LIVES, facts)]


def _record(
    number: int,
    organisation_id: UUID | None,
    opened_at: datetime,
    taken_up: bool,
    priority: str,
    asked_priority: str,
    policy_version: str,
    versions: list[int] | None,
    instants: list[datetime] | None,
    marks: list[str] | None,
) -> Record:
    lines = marks or []
    met = [(at, _key(mark)) for at, mark in zip(instants or (), lines, strict=True) if mark.startswith(MET)]
    first_priority, first_policy, replanned = priority, policy_version, False
    # The row has what was last; the first change of each tells what was before.
    for mark in reversed(lines):
        if mark.startswith("prioritised "):
            first_priority = mark.split()[2]
        elif mark.startswith("replanned "):
            first_policy, replanned = mark.split()[2], True
    past = Past(number, opened_at, taken_up, Priority(first_priority), versions or (), instants or (), lines)
    return Record(past, organisation_id, Priority(asked_priority), first_policy, met, replanned)


@lru_cache(maxsize=MARKS_KEPT)
def _key(mark: str) -> Key:
    _, kind, metric, point = mark.split()
    return Key(DeadlineKind(kind), None if metric == "-" else Metric(metric), int(point))
