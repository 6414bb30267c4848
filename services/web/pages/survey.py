"""The survey behind the link in a mail: opening it shows a button; only pressing the button records an answer."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.contract.errors import NotAuthenticated, Permanent
from services.contract.limits import SURVEY_COMMENT_CHARACTERS_MAX
from services.web.forms import forms
from services.web.forms.forms import Form, explain
from services.web.visit import AnyVisit, Visit

router = APIRouter()


@router.get("/survey")
async def survey_page(
    visit: AnyVisit, code: Annotated[str, Query()] = "", good: Annotated[str, Query()] = ""
) -> Response:
    """The question, with the link's answer chosen. Records nothing, because mail scanners open links."""
    return await _survey(visit, Form({"code": code, "good": good}, [], []))


@router.post("/survey")
async def rate(visit: AnyVisit) -> Response:
    """Record the answer."""
    form = await forms.read(visit.request)
    if form["good"] not in ("0", "1"):
        form.errors["good"] = visit.t("wrong.no_good")
    if len(form["comment"]) > SURVEY_COMMENT_CHARACTERS_MAX:
        form.errors["comment"] = visit.t("wrong.too_long", max=SURVEY_COMMENT_CHARACTERS_MAX)
    if not form.errors:
        try:
            await visit.intake.rate(form["code"], form["good"] == "1", form["comment"])
            return visit.page("survey_thanks.html", good=form["good"] == "1")
        except NotAuthenticated:
            return _old_link(visit)
        except Permanent as error:
            explain(form, error, visit.t)
    return await _survey(visit, form, status=422)


async def _survey(visit: Visit, form: Form, status: int = 200) -> Response:
    try:
        survey = await visit.intake.survey(form["code"])
    except Permanent:
        return _old_link(visit)
    if form["good"] not in ("0", "1") and survey.good is not None:
        form.fields["good"] = str(int(survey.good))
    return visit.page("survey.html", status=status, survey=survey, form=form, errors=form.errors)


def _old_link(visit: Visit) -> Response:
    return visit.page("error.html", status=404, title=visit.t("survey.old"), sentence=visit.t("survey.old_sentence"))
