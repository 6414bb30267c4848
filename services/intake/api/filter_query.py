"""The filter of ticket lists as query parameters."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.contract.vocabulary import Status, View
from services.intake.rules.body import TicketNumber
from services.intake.rules.moves.tag import TagName
from services.intake.tickets.ticket_filter import Assignee, Release, Requester, Team, TicketFilter, Words


def wanted_tickets(
    view: Annotated[View | None, Query()] = None,
    status: Annotated[Status | None, Query()] = None,
    assignee: Annotated[Assignee | None, Query()] = None,
    requester: Annotated[Requester | None, Query()] = None,
    q: Annotated[Words | None, Query()] = None,
    team: Annotated[Team | None, Query()] = None,
    tag: Annotated[TagName | None, Query()] = None,
    product: Annotated[UUID | None, Query()] = None,
    organisation: Annotated[UUID | None, Query()] = None,
    problem: Annotated[TicketNumber | None, Query()] = None,
    release: Annotated[Release | None, Query()] = None,
) -> TicketFilter:
    """The filter made from a list's query parameters."""
    return TicketFilter(
        view=view,
        status=status,
        assignee=assignee,
        requester=requester,
        q=q,
        team=team,
        tag=tag,
        product=product,
        organisation=organisation,
        problem=problem,
        release=release,
    )
