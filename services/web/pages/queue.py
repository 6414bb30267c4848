"""The desk's queue: views with counts, filters, two sort orders, and search."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.contract.limits import SEARCH_CHARACTERS_MAX
from services.contract.moves import bulk_commands
from services.contract.vocabulary import VIEWS
from services.web.clients.records import View
from services.web.visit import DeskVisit, Visit

DEFAULT_VIEW = "unassigned"
HIDDEN_WHEN_EMPTY = frozenset({"parked", "snoozed"})
"""Views that are not shown while empty: not every desk parks or snoozes tickets."""
FILTERS = ("team", "tag", "product", "organisation", "release", "problem")
"""The parameters of the address that narrow a view."""
SORTS = ("changed", "breach")
VIEW_COOKIE = "balie_view"
"""The cookie with the view chosen last: the queue opens with it, and it is shown beside a ticket."""

router = APIRouter()


@router.get("/desk")
async def queue(
    visit: DeskVisit,
    view: Annotated[str, Query()] = "",
    q: Annotated[str, Query()] = "",
    cursor: Annotated[str, Query()] = "",
    sort: Annotated[str, Query()] = "",
) -> Response:
    """The tickets of one view, or those that a search finds in all; newest change first, or next breach first."""
    narrowed = filters_of(visit)
    shown, teams = await asyncio.gather(read_queue(visit, view, q, cursor, sort, narrowed), visit.desk.teams())
    response = visit.page(
        "queue.html",
        also=("views",),
        cursor=cursor,
        narrowed=narrowed,
        bulk_commands=bulk_commands(),
        teams=[team for team in teams if team.active],
        **shown,
    )
    if view and view == shown["view"]:
        visit.set_cookie(response, VIEW_COOKIE, view, None)
    return response


def filters_of(visit: Visit) -> dict[str, str]:
    """The filters in the address."""
    given = visit.request.query_params
    return {name: given[name].strip()[:SEARCH_CHARACTERS_MAX] for name in FILTERS if given.get(name, "").strip()}


async def read_queue(
    visit: Visit, view: str, q: str = "", cursor: str = "", sort: str = "", narrowed: dict[str, str] | None = None
) -> dict[str, Any]:
    """A page of tickets and the views, as the templates of the queue and of the desk's ticket page need them."""
    q = q.strip()[:SEARCH_CHARACTERS_MAX]
    last = visit.request.cookies.get(VIEW_COOKIE, "")
    # With filters but without a view, show all tickets that fit, as a search does.
    chosen = next((each for each in (view, last) if each in VIEWS), DEFAULT_VIEW) if view or not narrowed else ""
    order = sort if sort in SORTS else ""
    wanted: dict[str, str | None] = {"view": None if q else chosen, "q": q, "cursor": cursor, "sort": order}
    page, views = await asyncio.gather(
        visit.intake.tickets(filters=wanted | (narrowed or {})),
        visit.intake.views(),
    )
    return {"view": "" if q else chosen, "q": q, "sort": order, "page": page, "views": _shown(views, chosen)}


def _shown(views: tuple[View, ...], chosen: str) -> list[View]:
    counts = {view.name: view.count for view in views}
    names = [
        name for name in VIEWS if name in counts and (name not in HIDDEN_WHEN_EMPTY or counts[name] or name == chosen)
    ]
    return [View(name=name, count=counts[name]) for name in names]
