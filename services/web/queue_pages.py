"""The desk's queue: views with their counts, and search."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.vocabulary import Status
from services.web.records import View
from services.web.visit import DeskVisit, Visit

DEFAULT_VIEW = "unassigned"
VIEWS = ("unassigned", "mine", *(str(status) for status in Status))
"""In the order shown."""
SEARCH_CHARACTERS_MAX = 200
VIEW_COOKIE = "balie_view"
"""The view looked at last: where the queue opens, and what stands beside a ticket."""

router = APIRouter()


@router.get("/desk")
async def queue(
    visit: DeskVisit,
    view: Annotated[str, Query()] = "",
    q: Annotated[str, Query()] = "",
    cursor: Annotated[str, Query()] = "",
) -> Response:
    """One view, or what a search finds in all of them; newest change first."""
    shown = await read_queue(visit, view, q, cursor)
    response = visit.page("queue.html", also=("views",), cursor=cursor, **shown)
    if view and view == shown["view"]:
        visit.set_cookie(response, VIEW_COOKIE, view, None)
    return response


async def read_queue(visit: Visit, view: str, q: str = "", cursor: str = "") -> dict[str, Any]:
    """A page of tickets with the views beside it, as `queue.html` and the desk's ticket page show them."""
    q = q.strip()[:SEARCH_CHARACTERS_MAX]
    last = visit.request.cookies.get(VIEW_COOKIE, "")
    chosen = next((each for each in (view, last) if each in VIEWS), DEFAULT_VIEW)
    page, views = await asyncio.gather(
        visit.intake.tickets(view=None if q else chosen, q=q, cursor=cursor), visit.intake.views()
    )
    return {"view": "" if q else chosen, "q": q, "page": page, "views": _shown(views)}


def _shown(views: tuple[View, ...]) -> list[View]:
    counts = {view.name: view.count for view in views}
    # Parking comes later: until something is parked its view would only puzzle.
    names = [name for name in VIEWS if name in counts and (name != Status.PARKED or counts[name])]
    return [View(name=name, count=counts[name]) for name in names]
