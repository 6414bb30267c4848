"""The route with which a ticket's clock meets a deadline directly, as the activity does but without Temporal."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import ValidationError

from services.contract.errors import Invalid, MoveRefused, NotAuthenticated, Permanent
from services.contract.temporal import MEET_DEADLINE_PATH, MeetDeadline
from services.intake.api.deps import TheDesk
from services.intake.clock.deadline_activity import meet_in_transaction
from services.platform.identity import CLOCK_CALL

router = APIRouter(include_in_schema=False)

_Signed = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


@router.post(MEET_DEADLINE_PATH)
async def meet_deadline(request: Request, desk: TheDesk, signed: _Signed) -> Response:
    """Only tickets' clocks: a code signed with the installation's secret, good for two minutes and this one ticket.

    Meets the deadline if it still stands, in one transaction, and answers the ticket as it then stands: met twice is
    done once. Answers 409, and only then, where it was looked at and trying again as it is cannot help.
    """
    now = desk.now()
    if signed is None:
        raise NotAuthenticated("Only a ticket's clock may ask this.")
    number = desk.signer.linked(CLOCK_CALL, signed.credentials, now)
    # Read the body here, after the caller is known, instead of by FastAPI: the body of a stranger is not read.
    order = _order(await request.body())
    if str(order.number) != number:
        raise NotAuthenticated("This ticket's clock may ask only about this ticket.")
    try:
        snapshot = await meet_in_transaction(desk.engine, order.tried_at(now))
    except Permanent as error:
        raise MoveRefused(error.detail) from error
    return Response(snapshot.model_dump_json(), media_type="application/json")


def _order(body: bytes) -> MeetDeadline:
    try:
        return MeetDeadline.model_validate_json(body)
    except ValidationError as error:
        raise Invalid(f"This is no deadline to meet: {error.error_count()} fields are wrong.") from error
