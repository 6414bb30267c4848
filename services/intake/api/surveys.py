"""The routes behind the link in the mail that asks whether the requester was satisfied; they need no log-in."""

from fastapi import APIRouter, Response

from services.intake.api.deps import TheDesk
from services.intake.api.ticket_resources import SurveyOut
from services.intake.rules.body import Input
from services.intake.tickets.input import Code, SurveyComment
from services.intake.tickets.store import load
from services.intake.tickets.use_cases import rate
from services.platform.database import transaction
from services.platform.identity import SURVEY_LINK

router = APIRouter(prefix="/api/v1", tags=["moves", "survey"])


class SurveyIn(Input):
    """The answer to the survey, with the code of the link in the mail."""

    code: Code
    good: bool
    comment: SurveyComment = ""


@router.get("/survey", summary="Read a survey")
async def read_survey(code: Code, desk: TheDesk) -> SurveyOut:
    """Whoever has the link from the mail."""
    number = int(desk.signer.linked(SURVEY_LINK, code, desk.now()))
    async with desk.engine.connect() as connection:
        ticket = await load(connection, number)
    return SurveyOut(number=number, subject=ticket.subject, good=ticket.rating.good if ticket.rating else None)


@router.post("/survey", status_code=204, summary="Answer a survey")
async def answer_survey(answer: SurveyIn, desk: TheDesk) -> Response:
    """Whoever has the link from the mail. The same answer again changes nothing; another one replaces it."""
    number = int(desk.signer.linked(SURVEY_LINK, answer.code, desk.now()))
    async with transaction(desk.engine) as connection:
        await rate(connection, number, good=answer.good, comment=answer.comment, now=desk.now())
    return Response(status_code=204)
