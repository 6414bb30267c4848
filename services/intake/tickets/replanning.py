"""Preview of re-planning: what it would change, in numbers, and which tickets it affects.

Open tickets change only when somebody asks for re-planning. A changed contract or calendar, or another contract for an
organisation, does not change them by itself.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.limits import BULK_TICKETS_MAX
from services.contract.vocabulary import DeadlineKind, Metric, Status
from services.intake.agreements.promises import terms_of_contracts
from services.intake.rules.contracts import Terms
from services.intake.tables.setup_tables import contract
from services.intake.tables.tables import organisation, ticket
from services.intake.tickets.ticket_row import read_standing, select_standings
from services.promises.deadlines import coming
from services.promises.policy import Policy
from services.promises.standing import Standing
from services.promises.working_time import Calendar

BATCH = 200
SAMPLE_MAX = 20

Key = tuple[DeadlineKind, Metric | None, int]


@dataclass(frozen=True)
class Scope:
    """Which tickets: those under a contract, those under any contract with a calendar, or those without a contract."""

    contract_id: UUID | None = None
    calendar_id: UUID | None = None


class Change(NamedTuple):
    """The earliest deadline of a ticket that re-planning changes, and whether re-planning breaks a promise at once."""

    key: Key
    before: datetime | None
    after: datetime | None
    breaching: bool

    @property
    def sooner(self) -> bool:
        """Whether the deadline comes earlier than before. A new deadline counts as sooner, a removed one as later."""
        return self.before is None or (self.after is not None and self.after < self.before)

    @property
    def deadline(self) -> str:
        """The deadline's name, as in the history of re-planning."""
        return " ".join(str(part) for part in self.key if part)


class Sampled(NamedTuple):
    """A ticket that re-planning changes, as an example."""

    number: int
    change: Change


@dataclass
class Numbers:
    """What re-planning would do, in numbers of tickets."""

    tickets: int = 0
    changed: int = 0
    sooner: int = 0
    later: int = 0
    breaching: int = 0
    calendar_zones: set[str] = field(default_factory=set)
    """The time zones of the calendars by which the tickets that change were and will be counted."""
    _breaches: list[Sampled] = field(default_factory=list)
    _others: list[Sampled] = field(default_factory=list)

    @property
    def sample(self) -> list[Sampled]:
        """Examples of tickets that change, at most `SAMPLE_MAX`; those where a promise breaks at once come first."""
        return [*self._breaches, *self._others][:SAMPLE_MAX]

    def count(self, number: int, change: Change | None, calendars: Iterable[Calendar] = ()) -> None:
        """Count one more ticket, with its change, if any, and the calendars it is counted by before and after."""
        self.tickets += 1
        if change is None:
            return
        self.changed += 1
        self.calendar_zones.update(calendar.zone for calendar in calendars)
        self.sooner += change.sooner
        self.later += not change.sooner
        self.breaching += change.breaching
        kept = self._breaches if change.breaching else self._others
        if len(kept) < SAMPLE_MAX:
            kept.append(Sampled(number, change))


def difference(standing: Standing, before: Policy, after: Policy, now: datetime) -> Change | None:
    """The change to a ticket's deadlines if policy `after` replaces `before`; None where no deadline changes."""
    if before.version == after.version:
        return None
    was, comes = _by_key(standing, before), _by_key(standing, after)
    changed = [key for key in was.keys() | comes.keys() if was.get(key) != comes.get(key)]
    if not changed:
        return None
    breaching = any(
        key[0] is DeadlineKind.BREACH and at <= now and not _is_past(was.get(key), now) for key, at in comes.items()
    )
    first = min(changed, key=lambda key: (min(at for at in (was.get(key), comes.get(key)) if at), key[0], str(key)))
    return Change(first, was.get(first), comes.get(first), breaching)


async def preview(connection: AsyncConnection, scope: Scope, standard: Terms, now: datetime) -> Numbers:
    """What re-planning these tickets at `now` would do. Reads them in batches, so memory use does not grow."""
    numbers = Numbers()
    policies = await _policies(connection, scope, standard, now)
    async for number, contract_id, standing, policy in _running(connection, scope):
        # A contract that got this calendar only just now is counted in the next preview.
        if contract_id in policies:
            after = policies[contract_id]
            numbers.count(number, difference(standing, policy, after, now), (policy.calendar, after.calendar))
    return numbers


async def affected(connection: AsyncConnection, scope: Scope, standard: Terms, now: datetime) -> list[int]:
    """The numbers of tickets pinned to another policy than their terms give at `now`, lowest first.

    At most as many as a bulk takes; the rest can be re-planned afterwards.
    """
    policies = await _policies(connection, scope, standard, now)
    numbers: list[int] = []
    for contract_id, policy in policies.items():
        other = (ticket.c.policy_version != policy.version) | ticket.c.policy_version.is_(None)
        theirs = _under(select(ticket.c.number), Scope(contract_id)).where(other)
        found = await connection.execute(theirs.order_by(ticket.c.number).limit(BULK_TICKETS_MAX))
        numbers += found.scalars()
    return sorted(numbers)[:BULK_TICKETS_MAX]


async def _policies(
    connection: AsyncConnection, scope: Scope, standard: Terms, now: datetime
) -> Mapping[UUID | None, Policy]:
    if scope == Scope():
        return {None: standard.policy(now)}
    terms = await terms_of_contracts(connection, standard, contract_id=scope.contract_id, calendar_id=scope.calendar_id)
    return {contract_id: each.policy(now) for contract_id, each in terms.items()}


async def _running(
    connection: AsyncConnection, scope: Scope
) -> AsyncIterator[tuple[int, UUID | None, Standing, Policy]]:
    query = _under(select_standings().add_columns(organisation.c.contract_id), scope).order_by(ticket.c.number)
    # Use a server-side cursor: one query, and only a batch of its rows in memory at a time.
    async with connection.stream(query.execution_options(yield_per=BATCH)) as rows:
        async for row in rows:
            yield row.number, row.contract_id, *read_standing(row)


def _under(query: Select[Any], scope: Scope) -> Select[Any]:
    return query.outerjoin(organisation, organisation.c.id == ticket.c.organisation_id).where(
        ticket.c.status != Status.CLOSED, _in(scope)
    )


def _in(scope: Scope) -> ColumnElement[bool]:
    if scope.contract_id is not None:
        return organisation.c.contract_id == scope.contract_id
    if scope.calendar_id is not None:
        with_calendar = select(contract.c.id).where(contract.c.calendar_id == scope.calendar_id)
        return organisation.c.contract_id.in_(with_calendar)
    return organisation.c.contract_id.is_(None)


def _by_key(standing: Standing, policy: Policy) -> dict[Key, datetime]:
    return {(due.kind, due.metric, due.point): due.at for due in coming(standing, policy)}


def _is_past(at: datetime | None, now: datetime) -> bool:
    return at is not None and at <= now
