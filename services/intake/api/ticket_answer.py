"""Tickets as the API returns them: with what the caller's side may see, and with an ETag."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.intake.api.ticket_resources import Links, TicketOut, TicketSummary
from services.intake.rules.ticket import Ticket
from services.intake.tickets import queries
from services.intake.tickets.access import Party
from services.platform.idempotency import JsonAnswer


async def ticket_answer(
    connection: AsyncConnection, party: Party, ticket: Ticket, now: datetime, status: int = 200
) -> JsonAnswer:
    """The answer with the ticket as this party may see it at `now`, and its ETag."""
    links = Links(
        organisation_name=await queries.organisation_name(connection, ticket.organisation_id),
        follow_ups=await queries.follow_ups(connection, ticket.number),
        merged=await queries.merged(connection, ticket.number),
        incidents=await queries.incidents(connection, ticket.number) if party.is_staff else [],
        suggestions=await queries.suggestions(connection, ticket.number),
    )
    out = TicketOut.of(ticket, party, links, now)
    headers = {"ETag": f'"{ticket.version}"', "Location": f"/api/v1/tickets/{ticket.number}"}
    return JsonAnswer(status, out.model_dump(mode="json"), headers)


async def summaries(
    connection: AsyncConnection, party: Party, tickets: Sequence[Ticket], now: datetime
) -> list[TicketSummary]:
    """The tickets as shown in a list to this party at `now`. One query."""
    names = await queries.organisation_names(connection, tickets)
    return [
        TicketSummary.of(each, party, names.get(each.organisation_id) if each.organisation_id else None, now)
        for each in tickets
    ]
