"""Acts that change many tickets at once: shipping a release, solving a problem with its incidents, re-planning.

Each is a bulk, started in the transaction of the act that asks for it, so that it survives whatever crashes.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Conflict, Invalid
from services.contract.vocabulary import Status
from services.intake.bulk.bulks import start_bulk
from services.intake.rules.bulk import TICKETS_MAX
from services.intake.rules.ticket import Ticket
from services.intake.tables.tables import ticket
from services.intake.tickets.access import Party
from services.intake.tickets.queries import UNFINISHED, Filter, conditions


async def chosen_numbers(connection: AsyncConnection, party: Party, chosen: Filter, now: datetime) -> list[int]:
    """The tickets a filter finds now. Raises Invalid where it finds none, or more than a bulk takes."""
    found = await _numbers(connection, party.visible(), *conditions(chosen, party, now))
    if not found:
        raise Invalid("The filter finds no ticket.")
    if len(found) > TICKETS_MAX:
        raise Invalid(f"The filter finds more than the {TICKETS_MAX} tickets a bulk takes; narrow it.")
    return found


async def ship_release(connection: AsyncConnection, party: Party, release: str, note: str, now: datetime) -> UUID:
    """Every ticket parked and planned in the release is solved by it, and its requester told.

    Raises Conflict where none is.
    """
    planned = await _numbers(connection, ticket.c.release == release, ticket.c.status == Status.PARKED)
    if not planned:
        raise Conflict(f"No parked ticket is planned in release {release}.")
    return await start_bulk(connection, party.actor, "ship", {"release": release, "note": note}, planned, now)


async def solve_incidents(
    connection: AsyncConnection, party: Party, problem: Ticket, text: str | None, now: datetime
) -> UUID | None:
    """Every open incident of the problem is solved with the same words; None where there is none."""
    incidents = await _numbers(connection, ticket.c.problem == problem.number, ticket.c.status.in_(UNFINISHED))
    if not incidents:
        return None
    facts = {"problem": problem.number, "text": text}
    return await start_bulk(connection, party.actor, "solve_incidents", facts, incidents, now)


async def replan_tickets(
    connection: AsyncConnection, party: Party, numbers: Sequence[int], because: str, now: datetime
) -> UUID:
    """These tickets are promised what their contracts say today; `because` is the evidence on each.

    Raises Conflict where there are none.
    """
    if not numbers:
        raise Conflict("No open ticket depends on it.")
    return await start_bulk(connection, party.actor, "replan", {"because": because}, numbers, now)


async def _numbers(connection: AsyncConnection, *which: ColumnElement[bool]) -> list[int]:
    # One more than a bulk takes, for which it is then refused with a sentence.
    query = select(ticket.c.number).where(*which).order_by(ticket.c.number).limit(TICKETS_MAX + 1)
    return list((await connection.execute(query)).scalars())
