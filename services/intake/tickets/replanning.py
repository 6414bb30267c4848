"""What other promises would do to the tickets that run: numbers to look at before it is done, and whom it is done to.

Re-planning is on purpose: a changed contract or calendar, or another contract of an organisation, by itself moves no
ticket that is open already.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.vocabulary import DeadlineKind, Metric, Status
from services.intake.agreements.promises import terms_of_contracts
from services.intake.rules.bulk import TICKETS_MAX
from services.intake.rules.contracts import Terms
from services.intake.tables.setup_tables import contract
from services.intake.tables.tables import organisation, ticket
from services.intake.tickets.ticket_row import read_standing, select_standings
from services.promises.deadlines import coming
from services.promises.policy import Policy
from services.promises.standing import Standing

BATCH = 200
SAMPLE_MAX = 20

Key = tuple[DeadlineKind, Metric | None, int]


@dataclass(frozen=True)
class Scope:
    """Whose tickets: those under a contract, under every contract with a calendar, or, with neither, under none."""

    contract_id: UUID | None = None
    calendar_id: UUID | None = None


class Change(NamedTuple):
    """The first deadline of a ticket that changes, and whether a promise to it breaks at once."""

    key: Key
    before: datetime | None
    after: datetime | None
    breaching: bool

    @property
    def sooner(self) -> bool:
        """Whether it comes earlier than it did; one that was not there comes sooner, one that is gone later."""
        return self.before is None or (self.after is not None and self.after < self.before)

    @property
    def deadline(self) -> str:
        """Its name, as the evidence of re-planning calls it."""
        return " ".join(str(part) for part in self.key if part)


class Sampled(NamedTuple):
    """A ticket that changes."""

    number: int
    change: Change


@dataclass
class Numbers:
    """What re-planning would do."""

    tickets: int = 0
    changed: int = 0
    sooner: int = 0
    later: int = 0
    breaching: int = 0
    _breaches: list[Sampled] = field(default_factory=list)
    _others: list[Sampled] = field(default_factory=list)

    @property
    def sample(self) -> list[Sampled]:
        """Some that change, the ones with a promise that breaks at once first; at most `SAMPLE_MAX`."""
        return [*self._breaches, *self._others][:SAMPLE_MAX]

    def count(self, number: int, change: Change | None) -> None:
        """One more ticket, with what changes of it, if anything."""
        self.tickets += 1
        if change is None:
            return
        self.changed += 1
        self.sooner += change.sooner
        self.later += not change.sooner
        self.breaching += change.breaching
        kept = self._breaches if change.breaching else self._others
        if len(kept) < SAMPLE_MAX:
            kept.append(Sampled(number, change))


def difference(standing: Standing, before: Policy, after: Policy, now: datetime) -> Change | None:
    """What another policy changes of a ticket's deadlines; None where it changes none of them."""
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
    """What re-planning these tickets at `now` would do. Reads them in batches, whatever their number."""
    numbers = Numbers()
    policies = await _policies(connection, scope, standard, now)
    async for number, contract_id, standing, policy in _running(connection, scope):
        # A contract that took this calendar a moment ago is counted by the next look.
        if contract_id in policies:
            numbers.count(number, difference(standing, policy, policies[contract_id], now))
    return numbers


async def affected(connection: AsyncConnection, scope: Scope, standard: Terms, now: datetime) -> list[int]:
    """The tickets that are pinned to other promises than `promises.terms_of` gives at `now`, oldest first; at most
    as many as a bulk takes, and those left are there to be re-planned next."""
    policies = await _policies(connection, scope, standard, now)
    numbers: list[int] = []
    for contract_id, policy in policies.items():
        other = (ticket.c.policy_version != policy.version) | ticket.c.policy_version.is_(None)
        theirs = _under(select(ticket.c.number), Scope(contract_id)).where(other)
        found = await connection.execute(theirs.order_by(ticket.c.number).limit(TICKETS_MAX))
        numbers += found.scalars()
    return sorted(numbers)[:TICKETS_MAX]


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
    # From a cursor of the server: one query, and no more than a batch of its rows is here at a time.
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
