"""The product director's board: parked tickets by score, and the releases they are planned in."""

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from services.contract.errors import Permanent
from services.contract.limits import NOTE_CHARACTERS_MAX, RELEASE_CHARACTERS_MAX
from services.contract.vocabulary import DECIDES_ON_PRODUCT
from services.web.forms import forms
from services.web.forms.forms import Form, explain
from services.web.visit import DeskVisit, Visit

router = APIRouter(prefix="/desk/board")


@router.get("")
async def board(visit: DeskVisit) -> Response:
    """Parked tickets, highest score first, with the parts of each score."""
    placed, releases = await asyncio.gather(visit.desk.board(), visit.desk.releases())
    return visit.page("board.html", placed=placed, releases=releases, decides=_decides(visit))


@router.get("/ship")
async def ship_page(visit: DeskVisit, release: str = "") -> Response:
    """The form to ship a release, with how many tickets that solves."""
    return await _ship(visit, Form.of(release=release))


@router.post("/ship")
async def ship(visit: DeskVisit) -> Response:
    """Ship the release, and show the bulk that does it."""
    form = await forms.read(visit.request)
    form.need("release", visit.t, RELEASE_CHARACTERS_MAX)
    if len(form["note"]) > NOTE_CHARACTERS_MAX:
        form.errors["note"] = visit.t("wrong.too_long", max=NOTE_CHARACTERS_MAX)
    if not form.errors:
        try:
            bulk = await visit.desk.ship(form["release"], form["note"], form.key)
            return visit.see(f"/desk/bulks/{bulk.id}", told="bulk_started")
        except Permanent as error:
            explain(form, error, visit.t)
    return await _ship(visit, form, status=422)


async def _ship(visit: Visit, form: Form, status: int = 200) -> Response:
    releases = await visit.desk.releases()
    planned = next((each.planned for each in releases if each.name == form["release"]), 0)
    return visit.page("ship.html", status=status, form=form, errors=form.errors, planned=planned)


def _decides(visit: Visit) -> bool:
    return visit.caller is not None and visit.caller.role in DECIDES_ON_PRODUCT
