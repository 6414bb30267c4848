"""Bulks in the database: starting, pausing and undoing them, and their tasks. The caller owns the transaction."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from pydantic import ValidationError
from sqlalchemy import BigInteger, Row, Select, cast, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Invalid, NotFound
from services.contract.event_data import Actor
from services.contract.limits import BULK_TICKETS_MAX
from services.contract.temporal import BulkOrder
from services.contract.vocabulary import BulkState, TaskState
from services.intake.history.stored import Stored
from services.intake.rules.bulk import PER_SECOND, TAKES_UP, Bulk, moved
from services.intake.rules.registry import ASKED_FOR, MANY
from services.intake.tables.bulk_tables import bulk, bulk_task
from services.intake.tables.tables import outbox, ticket
from services.intake.tickets.makers import must_make_sense
from services.messaging.outbox import append_bulk
from services.platform.telemetry import correlation_id

STALLED_AFTER = timedelta(minutes=10)
STALLED_MAX = 100
"""Most stalled bulks whose workflows are notified at a time."""
_CHANGES = {"state", "finished_at", "undone_by", "done", "refused", "undone", "kept"}


def sent_facts(command: str, sent: dict[str, Any]) -> Stored:
    """What a bulk of this command keeps, from what was sent to start it.

    Raises Invalid for a command that is not asked for like this, and naming the wrong facts.
    """
    many = MANY.get(command)
    if many is None or many.body is None:
        raise Invalid(f"There is no bulk command '{command}'; there are: {', '.join(ASKED_FOR)}.")
    try:
        body = many.body.model_validate(sent)
    except ValidationError as error:
        wrong = [(".".join(("facts", *map(str, each["loc"]))), each["msg"]) for each in error.errors()]
        fields = [{"field": field, "message": message} for field, message in wrong]
        raise Invalid(f"Mend these and send it again: {', '.join(name for name, _ in wrong)}.", fields=fields) from None
    return many.facts.model_validate(body.model_dump())


def is_reversible(command: str) -> bool:
    """Whether what the bulk command does can be undone."""
    return command in MANY and MANY[command].undo is not None


async def start_bulk(
    connection: AsyncConnection,
    by: Actor,
    command: str,
    facts: Stored,
    numbers: Sequence[int],
    now: datetime,
    *,
    per_second: int = PER_SECOND,
) -> UUID:
    """Start a bulk: `command` is carried out on these tickets in the background, once this transaction commits.

    Each ticket has a transaction of its own; a ticket that does not allow the command is listed as refused.
    Raises Invalid for facts that could do nothing on any ticket, and for no ticket or more than `BULK_TICKETS_MAX`.
    """
    await must_make_sense(connection, by, MANY[command], facts)
    chosen = sorted(set(numbers))
    if not chosen:
        raise Invalid("Choose at least one ticket.")
    if len(chosen) > BULK_TICKETS_MAX:
        raise Invalid(f"A bulk takes at most {BULK_TICKETS_MAX} tickets, and these are {len(chosen)}; choose fewer.")
    started = Bulk(
        id=uuid4(),
        command=command,
        facts=facts.kept(),
        by=by,
        state=BulkState.RUNNING,
        per_second=per_second,
        correlation_id=correlation_id(),
        created_at=now,
        finished_at=None,
        undone_by=None,
        total=len(chosen),
    )
    await connection.execute(bulk.insert().values(_values(started)))
    each = func.unnest(cast(chosen, ARRAY(BigInteger)))
    tasks = select(literal(started.id), each)
    await connection.execute(bulk_task.insert().from_select(["bulk_id", "ticket_number"], tasks))
    await _tell(connection, started)
    return started.id


async def read_bulk(connection: AsyncConnection, bulk_id: UUID) -> Bulk:
    """The bulk as it is now, without locking it. Raises NotFound."""
    return await _one(connection, select(bulk).where(bulk.c.id == bulk_id), bulk_id)


async def lock_bulk(connection: AsyncConnection, bulk_id: UUID) -> Bulk:
    """The bulk, locked until this transaction ends: nobody can pause it, no other worker can work on a ticket of it.

    Always lock the bulk before a ticket, to avoid deadlocks. Raises NotFound.
    """
    return await _one(connection, select(bulk).where(bulk.c.id == bulk_id).with_for_update(), bulk_id)


async def save_bulk(connection: AsyncConnection, after: Bulk) -> None:
    """Save the bulk's state and counts. The caller has locked it."""
    # Only the columns that change: a long text in `facts` would be written again with every ticket.
    stands = {name: value for name, value in _values(after).items() if name in _CHANGES}
    await connection.execute(update(bulk).where(bulk.c.id == after.id).values(stands))


async def move_bulk(connection: AsyncConnection, bulk_id: UUID, move: str, by: Actor, now: datetime) -> Bulk:
    """Pause, resume, cancel or undo a bulk. This takes effect when the transaction commits, before its workflow knows.

    Raises NotFound, and Conflict where the bulk does not allow the move.
    """
    before = await lock_bulk(connection, bulk_id)
    after = moved(before, move, by, now, reversible=is_reversible(before.command))
    await save_bulk(connection, after)
    await _tell(connection, after)
    return after


async def tell_stalled_bulks(connection: AsyncConnection, now: datetime) -> list[UUID]:
    """Notify again the workflows of bulks that did nothing for `STALLED_AFTER` though they should; returns those bulks.

    Temporal may have lost the workflow, or the outbox row was lost. If the workflow runs, notifying it is harmless.
    """
    since = now - STALLED_AFTER
    progress = select(bulk_task.c.bulk_id).where(bulk_task.c.bulk_id == bulk.c.id, bulk_task.c.done_at > since)
    stalled = select(bulk).where(bulk.c.state.in_(TAKES_UP), bulk.c.created_at < since, ~progress.exists())
    found = [_read(row) for row in await connection.execute(stalled.order_by(bulk.c.created_at).limit(STALLED_MAX))]
    for each in found:
        await _tell(connection, each)
    return [each.id for each in found]


async def waiting_numbers(connection: AsyncConnection, of: Bulk, limit: int) -> list[int]:
    """The numbers of the next tickets the bulk must work on, at most `limit`, in order."""
    state = TAKES_UP.get(of.state)
    if state is None:
        return []
    tasks = select(bulk_task.c.ticket_number).where(bulk_task.c.bulk_id == of.id, bulk_task.c.state == state)
    return list((await connection.execute(tasks.order_by(bulk_task.c.ticket_number).limit(limit))).scalars())


async def read_task(connection: AsyncConnection, of: Bulk, number: int) -> Row[Any]:
    """The task of one ticket. The caller has locked the bulk, so the task cannot change meanwhile."""
    return (await connection.execute(select(bulk_task).where(*_task(of, number)))).one()


async def mark_task(connection: AsyncConnection, of: Bulk, number: int, **values: Any) -> None:
    """Save what became of one ticket, in the transaction that changed the ticket."""
    await connection.execute(update(bulk_task).where(*_task(of, number)).values(values))


async def list_bulks(connection: AsyncConnection, after: tuple[datetime, UUID] | None, limit: int) -> list[Bulk]:
    """Bulks, newest first, at most `limit`, beginning after the (created_at, id) given."""
    query = select(bulk).order_by(bulk.c.created_at.desc(), bulk.c.id.desc()).limit(limit)
    if after:
        query = query.where(tuple_(bulk.c.created_at, bulk.c.id) < after)
    return [_read(row) for row in await connection.execute(query)]


async def list_tasks(
    connection: AsyncConnection, bulk_id: UUID, state: TaskState | None, after: int, limit: int
) -> Sequence[Row[Any]]:
    """The bulk's tasks (in one state, or all) with the tickets' subjects, by ticket number, beginning after `after`."""
    query = (
        select(bulk_task, ticket.c.subject)
        .outerjoin_from(bulk_task, ticket, ticket.c.number == bulk_task.c.ticket_number)
        .where(bulk_task.c.bulk_id == bulk_id, bulk_task.c.ticket_number > after)
        .order_by(bulk_task.c.ticket_number)
        .limit(limit)
    )
    if state:
        query = query.where(bulk_task.c.state == state)
    return (await connection.execute(query)).all()


async def _tell(connection: AsyncConnection, of: Bulk) -> None:
    await append_bulk(connection, outbox, BulkOrder(bulk_id=of.id, correlation_id=of.correlation_id))


async def _one(connection: AsyncConnection, query: Select[Any], bulk_id: UUID) -> Bulk:
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound(f"There is no bulk {bulk_id}.")
    return _read(row)


def _task(of: Bulk, number: int) -> tuple[Any, Any]:
    return bulk_task.c.bulk_id == of.id, bulk_task.c.ticket_number == number


def _read(row: Row[Any]) -> Bulk:
    facts = dict(row._mapping)
    undone_by = Actor.model_validate(facts["undone_by"]) if facts["undone_by"] else None
    state, by = BulkState(facts["state"]), Actor.model_validate(facts["by"])
    return Bulk(**{**facts, "state": state, "by": by, "undone_by": undone_by})


def _values(of: Bulk) -> dict[str, Any]:
    undone_by = of.undone_by.model_dump(mode="json") if of.undone_by else None
    return {**asdict(of), "by": of.by.model_dump(mode="json"), "undone_by": undone_by}
