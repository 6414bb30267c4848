"""Pages behind a reminder's links: opening one shows what it would do, and a button that does it.

Mail scanners open links, so a GET changes nothing. There is no log-in: who has the mail answers as the requester.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.contract.errors import Conflict, MoveRefused, NotAuthenticated, Permanent
from services.contract.limits import POSTPONED_BY_LINK_MAX as POSTPONED_MAX
from services.contract.moves import link_acts
from services.web.clients.records import Answerable
from services.web.forms import forms
from services.web.forms.forms import Form, explain
from services.web.forms.moving import instant, later, wire
from services.web.visit import AnyVisit, Visit

WEEKS = (1, 2)
"""By how many weeks a link can postpone the closing of a ticket."""

router = APIRouter()


@router.get("/tickets/{number}/answer")
async def answer_page(
    visit: AnyVisit, number: int, code: Annotated[str, Query()] = "", act: Annotated[str, Query()] = ""
) -> Response:
    """The ticket of the link, with the link's act chosen and the other acts offered."""
    return await _answer(visit, number, Form.of(code=code, act=act))


@router.post("/tickets/{number}/answer")
async def answer(visit: AnyVisit, number: int) -> Response:
    """Do the chosen act, as the requester."""
    form = await forms.read(visit.request)
    act = form.choice("act", link_acts(), "")
    if not act:
        form.errors["act"] = visit.t("wrong.no_act")
        return await _answer(visit, number, form, status=422)
    facts = {"act": act}
    if act == "postpone":
        until = instant(form, visit.t)
        if until is None or form.errors:
            return await _answer(visit, number, form, status=422)
        facts["until"] = wire(until)
    try:
        answered = await visit.intake.answer(form["code"], facts)
    except (NotAuthenticated, MoveRefused, Conflict) as error:
        return _old_link(visit, number, error)
    except Permanent as error:
        explain(form, error, visit.t)
        return await _answer(visit, number, form, status=422)
    return visit.as_mailed(answered.zone).page("answered.html", number=number, act=act, answered=answered)


async def _answer(visit: Visit, number: int, form: Form, status: int = 200) -> Response:
    try:
        about = await visit.intake.answerable(form["code"])
    except Permanent as error:
        return _old_link(visit, number, error)
    if about.number != number:
        return _old_link(visit, number, NotAuthenticated("The link is about another ticket."))
    choices = later(about.closes_at, WEEKS, visit.t.now + POSTPONED_MAX) if about.closes_at else []
    acts = [act for act in link_acts() if act in about.acts and (choices or act != "postpone")]
    if not acts:
        return _old_link(visit, number, Conflict("Nothing can be answered any more."))
    return _page(visit, form, about, acts, choices, status)


def _page(
    visit: Visit, form: Form, about: Answerable, acts: list[str], choices: list[tuple[int, datetime, str]], status: int
) -> Response:
    return visit.as_mailed(about.zone).page(
        "answer.html",
        status=status,
        about=about,
        acts=acts,
        act=form.choice("act", acts, ""),
        later=choices,
        form=form,
        errors=form.errors,
    )


def _old_link(visit: Visit, number: int, error: Permanent) -> Response:
    # Conflict or MoveRefused: the question was dealt with since. Anything else: not our link, or it has expired.
    earlier = isinstance(error, Conflict | MoveRefused)
    return visit.page(
        "old_answer.html",
        status=410 if earlier else 404,
        number=number,
        sentence=visit.t("answer.dealt_with" if earlier else "answer.old"),
    )
