"""What a ticket's clock asks of intake directly; the same as the activity does, without Temporal in between."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.contract import MEET_DEADLINE_PATH, MeetDeadline, Snapshot
from services.errors import MoveRefused, NotAuthenticated, Permanent
from services.identity import CLOCK_CALL
from services.intake.deadline_activity import met
from services.intake.desk import TheDesk

router = APIRouter(include_in_schema=False)

_Signed = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


@router.post(MEET_DEADLINE_PATH, response_model=Snapshot)
async def meet_deadline(order: MeetDeadline, desk: TheDesk, signed: _Signed) -> Snapshot:
    """Only tickets' clocks: a code signed with the installation's secret, good for two minutes and this one ticket.

    Meets the deadline if it still stands, in one transaction, and answers the ticket as it then stands: met twice is
    done once. Answers 409, and nothing else does, where the clock had better not ask again soon.
    """
    now = desk.now()
    if signed is None or desk.signer.linked(CLOCK_CALL, signed.credentials, now) != str(order.number):
        raise NotAuthenticated("Only the ticket's clock may ask this.")
    try:
        return await met(desk.engine, order.tried_at(now))
    except Permanent as error:
        raise MoveRefused(error.detail) from error
