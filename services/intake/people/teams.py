"""Teams of support: their members, and the round robin that chooses who gets a team's next ticket."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Invalid, NotFound
from services.contract.event_data import Actor, Contact
from services.contract.events import Event, TeamChanged
from services.contract.vocabulary import STAFF
from services.intake.agreements.setup_rows import add_row, find_rows, get_row, replace_row
from services.intake.people.people import read_person, select_people
from services.intake.rules.moves.team import HandOver
from services.intake.rules.ticket import TeamRef
from services.intake.tables.schema import SOURCE
from services.intake.tables.setup_tables import team, team_member
from services.intake.tables.tables import outbox, person, ticket
from services.messaging.outbox import append_events
from services.platform.telemetry import correlation_id
from services.promises.standing import AWAITS_SUPPORT


@dataclass(frozen=True, kw_only=True)
class TeamFacts:
    """What administrators set of a team. An inactive team gets no more tickets, but keeps those it has."""

    name: str
    members: tuple[UUID, ...] = ()
    round_robin: bool = False
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Team(TeamFacts):
    """A team as stored, with its id and version."""

    id: UUID
    version: int


async def find_teams(connection: AsyncConnection, after: tuple[str, UUID] | None, limit: int) -> list[Team]:
    """Teams by name, at most `limit`, beginning after the (lower-case name, id) given. Two queries."""
    rows = await find_rows(connection, team, after, limit)
    members = await _members(connection, [row.id for row in rows])
    return [_read(row, members) for row in rows]


async def get_team(connection: AsyncConnection, team_id: UUID) -> Team:
    """The team with this id. Raises NotFound."""
    row = await get_row(connection, team, team_id)
    return _read(row, await _members(connection, [team_id]))


async def add_team(connection: AsyncConnection, wanted: TeamFacts, now: datetime) -> Team:
    """Add a team and announce it.

    Raises Conflict where the name is taken, NotFound for an unknown person, Invalid for members not of support.
    """
    await _must_be_support(connection, wanted.members)
    team_id = await add_row(connection, team, _values(wanted), now)
    return await _with_members(connection, team_id, wanted, now)


async def change_team(
    connection: AsyncConnection, team_id: UUID, version: int | None, wanted: TeamFacts, now: datetime
) -> Team:
    """Replace a team and announce it. Members who stay keep their turn in the round robin.

    Raises what `add_team` raises, NotFound, and VersionMismatch where the team is not at `version` any more.
    """
    await _must_be_support(connection, wanted.members)
    await replace_row(connection, team, team_id, version, _values(wanted), now)
    return await _with_members(connection, team_id, wanted, now)


async def handover(
    connection: AsyncConnection, by: Actor, team_id: UUID | None, now: datetime, present: TeamRef | None = None
) -> HandOver:
    """The command that gives a ticket to a team, and to the member its round robin chooses, if the team has one.

    `present` is the team that has the ticket now; giving it to that team again changes nothing. Choosing locks the
    team's members until the transaction ends, so that the choice for the next ticket counts this ticket too.
    Call this after locking the ticket, as every command does. Raises Invalid for an unknown or inactive team.
    """
    if team_id is None:
        return HandOver(by, None)
    if present is not None and present.id == team_id:
        return HandOver(by, present)
    found = await working_team(connection, team_id)
    chosen = await _next_member(connection, team_id, now) if found.round_robin else None
    return HandOver(by, TeamRef(id=found.id, name=found.name), chosen)


async def working_team(connection: AsyncConnection, team_id: UUID) -> Row[Any]:
    """The row of an active team. Raises Invalid for an unknown or inactive team."""
    row = (await connection.execute(select(team).where(team.c.id == team_id))).first()
    if row is None or not row.active:
        raise Invalid("There is no such team (any more); choose another one.")
    return row


async def _next_member(connection: AsyncConnection, team_id: UUID, now: datetime) -> Contact | None:
    """The active member with the smallest load; with equal loads, the one who was given a ticket longest ago."""
    await _hold_members(connection, team_id)
    load = (
        select(func.count())
        .where(ticket.c.assignee_id == person.c.id, ticket.c.status.in_(AWAITS_SUPPORT))
        .correlate(person)
        .scalar_subquery()
    )
    query = (
        select_people()
        .join(team_member, team_member.c.person_id == person.c.id)
        .where(team_member.c.team_id == team_id, person.c.active, person.c.role.in_(STAFF))
        .order_by(load, team_member.c.assigned_at.asc().nulls_first(), person.c.name, person.c.id)
        .limit(1)
    )
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    mine = team_member.c.team_id == team_id, team_member.c.person_id == row.id
    await connection.execute(update(team_member).where(*mine).values(assigned_at=now))
    return read_person(row).contact()


async def _hold_members(connection: AsyncConnection, team_id: UUID) -> None:
    # Lock the members' rows in every team, because two teams may share a member; always in the same order, to avoid
    # deadlocks. The load is counted in a later statement, so that it sees what a transaction before this one assigned.
    members = select(team_member.c.person_id).where(team_member.c.team_id == team_id)
    everywhere = select(team_member.c.person_id).where(team_member.c.person_id.in_(members))
    in_order = everywhere.order_by(team_member.c.person_id, team_member.c.team_id)
    await connection.execute(in_order.with_for_update(key_share=True))


async def _must_be_support(connection: AsyncConnection, members: Iterable[UUID]) -> None:
    wanted = set(members)
    rows = await connection.execute(select_people().where(person.c.id.in_(wanted)))
    found = {row.id: read_person(row) for row in rows}
    if unknown := wanted - found.keys():
        raise NotFound(f"There is no person {min(unknown)}.")
    for somebody in found.values():
        if somebody.role not in STAFF or not somebody.active:
            raise Invalid(f"{somebody.name} is not of support (any more): leave them out of the team.")


async def _with_members(connection: AsyncConnection, team_id: UUID, wanted: TeamFacts, now: datetime) -> Team:
    of_team = team_member.c.team_id == team_id
    # Deleting locks rows too: lock them first in the same order as the round robin, to avoid deadlocks.
    await _hold_members(connection, team_id)
    await connection.execute(delete(team_member).where(of_team, team_member.c.person_id.not_in(wanted.members)))
    rows = [{"team_id": team_id, "person_id": each} for each in wanted.members]
    if rows:
        # Members who stay keep their turn in the round robin.
        await connection.execute(insert(team_member).on_conflict_do_nothing(), rows)
    kept = await get_team(connection, team_id)
    data = TeamChanged(team_id=team_id, name=kept.name, members=kept.members if kept.active else ())
    event = Event.of(data, id=uuid4(), source=SOURCE, time=now, correlation_id=correlation_id())
    await append_events(connection, outbox, [event])
    return kept


async def _members(connection: AsyncConnection, team_ids: list[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    query = (
        select(team_member.c.team_id, team_member.c.person_id)
        .join_from(team_member, person, person.c.id == team_member.c.person_id)
        .where(team_member.c.team_id.in_(team_ids))
        .order_by(person.c.name, person.c.id)
    )
    found: dict[UUID, tuple[UUID, ...]] = {}
    for row in await connection.execute(query):
        found[row.team_id] = (*found.get(row.team_id, ()), row.person_id)
    return found


def _values(wanted: TeamFacts) -> dict[str, Any]:
    return {"name": wanted.name, "round_robin": wanted.round_robin, "active": wanted.active}


def _read(row: Row[Any], members: dict[UUID, tuple[UUID, ...]]) -> Team:
    return Team(
        id=row.id,
        version=row.version,
        name=row.name,
        members=members.get(row.id, ()),
        round_robin=row.round_robin,
        active=row.active,
    )
