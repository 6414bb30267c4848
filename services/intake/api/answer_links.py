"""The routes behind the links in a reminder mail; they need no log-in.

Opening a link changes nothing: mail scanners open links too. Only the POST answers.
"""

from datetime import datetime

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from services.contract.vocabulary import Language, Status
from services.intake.api.deps import TheDesk
from services.intake.rules.body import Input
from services.intake.rules.decision import closes_at
from services.intake.tickets.answer_links import Act, LinkedQuestion, acts, answer, read_question
from services.intake.tickets.input import Code
from services.platform.database import transaction

router = APIRouter(prefix="/api/v1", tags=["answer links"])


class AnswerLinkOut(BaseModel):
    """The question behind a link, and what may be answered with one click."""

    number: int
    subject: str
    language: Language
    status: Status
    acts: list[Act]
    closes_at: datetime | None
    zone: str = Field(description="The time zone the requester reads in: that of the mail.")


class AnswerLinkIn(Input):
    """The answer, with the code of the link in the mail."""

    code: Code
    act: Act
    until: AwareDatetime | None = Field(default=None, description="For `postpone`: at most 30 days from now.")


class AnsweredOut(BaseModel):
    """What became of the ticket."""

    status: Status
    closes_at: datetime | None
    zone: str = Field(description="The time zone the requester reads in: that of the mail.")


@router.get("/answer-link", summary="Read a reminder's link")
async def read_answer_link(code: Code, desk: TheDesk) -> AnswerLinkOut:
    """Whoever has the link from the mail. A link about an earlier question answers 409."""
    question = LinkedQuestion.linked(desk.signer, code, desk.now())
    async with desk.engine.connect() as connection:
        ticket = await read_question(connection, question)
    return AnswerLinkOut(
        number=ticket.number,
        subject=ticket.subject,
        language=ticket.language,
        status=ticket.status,
        acts=acts(ticket),
        closes_at=closes_at(ticket),
        zone=desk.zone_of(ticket.requester),
    )


@router.post("/answer-link", summary="Answer by a reminder's link")
async def use_answer_link(wanted: AnswerLinkIn, desk: TheDesk) -> AnsweredOut:
    """Whoever has the link from the mail, as the requester. A link about an earlier question answers 409.

    So does every further use once `keep_open` or `confirm_solved` has answered it. After `postpone` the question
    stands: the same postponement again changes nothing, another one counts.
    """
    now = desk.now()
    question = LinkedQuestion.linked(desk.signer, wanted.code, now)
    async with transaction(desk.engine) as connection:
        ticket = await answer(connection, question, wanted.act, wanted.until, now)
    return AnsweredOut(status=ticket.status, closes_at=closes_at(ticket), zone=desk.zone_of(ticket.requester))
