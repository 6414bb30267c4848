"""Acts that change many tickets at once: shipping a release, solving a problem with its incidents, re-planning.

Each starts a bulk in the transaction of the act that asks for it, so no crash can lose it.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Conflict, Invalid
from services.contract.limits import BULK_TICKETS_MAX
from services.contract.vocabulary import Status
from services.intake.bulk.bulks import start_bulk
from services.intake.rules.moves.replan import BecauseKept
from services.intake.rules.moves.ship import ReleaseKept
from services.intake.rules.moves.solve import IncidentsKept
from services.intake.rules.ticket import Ticket
from services.intake.tables.tables import ticket
from services.intake.tickets.access import Party
from services.intake.tickets.queries import Filter, conditions
from services.promises.standing import UNFINISHED


async def chosen_numbers(connection: AsyncConnection, party: Party, chosen: Filter, now: datetime) -> list[int]:
    """The numbers of the tickets the filter finds now, among those the party may see.

    Raises Invalid where it finds none, or more than a bulk takes.
    """
    found = await _numbers(connection, party.visible(), *conditions(chosen, party, now))
    if not found:
        raise Invalid("The filter finds no ticket.")
    if len(found) > BULK_TICKETS_MAX:
        raise Invalid(f"The filter finds more than the {BULK_TICKETS_MAX} tickets a bulk takes; narrow it.")
    return found


async def ship_release(connection: AsyncConnection, party: Party, release: str, note: str, now: datetime) -> UUID:
    """Start a bulk that solves every parked ticket planned in the release and notifies its requester; returns its id.

    Raises Conflict where no parked ticket is planned in it.
    """
    planned = await _numbers(connection, ticket.c.release == release, ticket.c.status == Status.PARKED)
    if not planned:
        raise Conflict(f"No parked ticket is planned in release {release}.")
    return await start_bulk(connection, party.actor, "ship", ReleaseKept(release=release, note=note), planned, now)


async def solve_incidents(
    connection: AsyncConnection, party: Party, problem: Ticket, text: str | None, now: datetime
) -> UUID | None:
    """Start a bulk that solves every unfinished incident of the problem with this text.

    Returns the bulk's id, or None where there is no such incident.
    """
    incidents = await _numbers(connection, ticket.c.problem == problem.number, ticket.c.status.in_(UNFINISHED))
    if not incidents:
        return None
    facts = IncidentsKept(problem=problem.number, text=text)
    return await start_bulk(connection, party.actor, "solve_incidents", facts, incidents, now)


async def replan_tickets(
    connection: AsyncConnection, party: Party, numbers: Sequence[int], because: str, now: datetime
) -> UUID:
    """Start a bulk that pins these tickets to what their contracts say today; returns its id.

    `because` is kept in the history of each ticket. Raises Conflict where there are no tickets.
    """
    if not numbers:
        raise Conflict("No open ticket depends on it.")
    return await start_bulk(connection, party.actor, "replan", BecauseKept(because=because), numbers, now)


async def _numbers(connection: AsyncConnection, *which: ColumnElement[bool]) -> list[int]:
    # Read one more than a bulk takes, so that the caller sees that there are too many.
    query = select(ticket.c.number).where(*which).order_by(ticket.c.number).limit(BULK_TICKETS_MAX + 1)
    return list((await connection.execute(query)).scalars())
