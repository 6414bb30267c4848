"""Reads the recorded lives of tickets for a simulation: one row for each ticket, with its timeline as three arrays."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.event_data import Actor
from services.contract.vocabulary import DeadlineKind, Metric, Priority
from services.intake.history.line import Line
from services.intake.history.shared_lines import DeadlineMet, Said, StatusChanged
from services.intake.rules.moves.prioritise import Prioritised
from services.intake.rules.moves.replan import Replanned
from services.intake.rules.registry import LINES, RELIVED
from services.intake.rules.simulation.deeds import Written
from services.intake.rules.simulation.life_replay import Past

LINES_KEPT = 4096
"""Most lines kept that were read before: there are a few dozen, besides those that contain a time or words."""
ACTORS_KEPT = 1024

_TYPES = sorted({Said.TYPE, StatusChanged.TYPE, *(line.TYPE for line in RELIVED)})
"""The lines that move deadlines."""

# Of the clock's own lines only those it is checked with, without their evidence, which is long.
# Lines of a ticket's version 1 are the words it came with, which open it.
_LIVES = text("""
with line as (
    select id, ticket_number, version, at, type, actor::text as actor,
        (case when type = 'deadline_met' then facts - 'because' else facts end)::text as facts
    from intake.timeline
    where ticket_number between :first and :last and version > 1 and at < :until and type = any(:types)
        and (type <> 'comment' or public) and (type = 'deadline_met' or actor->>'kind' <> 'clock')
), life as (
    select ticket_number, array_agg(version order by id) as versions, array_agg(at order by id) as instants,
        array_agg(type order by id) as types, array_agg(actor order by id) as actors,
        array_agg(facts order by id) as facts
    from line group by ticket_number
)
select t.number, t.organisation_id, t.opened_at, t.path->0->>0 = 'open' as taken_up, t.priority,
    t.asked_priority, t.policy_version, t.requester_id,
    life.versions, life.instants, life.types, life.actors, life.facts
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
    facts = {"first": first, "last": last, "organisation_id": organisation_id, "until": until, "types": _TYPES}
    return [_record(row) for row in await connection.execute(_LIVES, facts)]


def _record(row: Row[Any]) -> Record:
    met: list[tuple[datetime, Key]] = []
    versions: list[int] = []
    instants: list[datetime] = []
    lines: list[Written] = []
    # The row has what was last; the first change of each tells what was before.
    first_priority: Priority | None = None
    first_policy: str | None = None
    for version, at, type_, actor, facts in zip(*_columns(row), strict=True):
        by, line = _actor(actor), _line(type_, facts)
        match line:
            case DeadlineMet() if by.kind == "clock":
                met.append((at, Key(line.deadline, line.metric, line.point)))
                continue
            case Prioritised() if first_priority is None:
                first_priority = line.before
            case Replanned() if first_policy is None:
                first_policy = line.policy_before
        versions.append(version)
        instants.append(at)
        lines.append(Written(line, by.speaks_for(row.requester_id)))
    priority = first_priority or Priority(row.priority)
    past = Past(row.number, row.opened_at, row.taken_up, priority, versions, instants, lines)
    asked, policy = Priority(row.asked_priority), first_policy or row.policy_version
    return Record(past, row.organisation_id, asked, policy, met, replanned=first_policy is not None)


def _columns(row: Row[Any]) -> tuple[Sequence[Any], ...]:
    return tuple(each or () for each in (row.versions, row.instants, row.types, row.actors, row.facts))


@lru_cache(maxsize=LINES_KEPT)
def _line(type_: str, facts: str) -> Line:
    return LINES[type_].read_text(facts)


@lru_cache(maxsize=ACTORS_KEPT)
def _actor(actor: str) -> Actor:
    return Actor.model_validate_json(actor)
