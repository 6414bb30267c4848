"""The routes of mail outages, for administrators and for the service that fetches mail."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import NotAllowed
from services.intake.api.admin_route import is_admin
from services.intake.api.deps import TheDesk
from services.intake.tables.tables import idempotency_key
from services.intake.tickets.access import Party, party_of
from services.intake.tickets.input import Input
from services.intake.tickets.mail_outages import REASON_CHARACTERS_MAX, Outage, end_outage, list_outages, report_outage
from services.platform.http import StaffCaller
from services.platform.idempotency import IdempotencyKey, JsonAnswer, answer_once
from services.platform.identity import Caller
from services.platform.pages import DEFAULT_LIMIT, Cursor, Limit, cut, read_cursor

router = APIRouter(prefix="/api/v1", tags=["mail outages"])

ID_MAX = 2**31 - 1
OutageId = Annotated[int, Path(ge=1, le=ID_MAX)]


class OutageIn(Input):
    """Mail could not come in: closures wait as long again. What is known already is not counted twice."""

    began_at: AwareDatetime
    ended_at: AwareDatetime | None = Field(default=None, description="Left out while it lasts.")
    reason: str = Field(min_length=1, max_length=REASON_CHARACTERS_MAX, examples=["the mail server was moved"])


class OutageEnd(Input):
    """Mail comes in again."""

    ended_at: AwareDatetime | None = Field(default=None, description="Now, where left out.")


class OutageOut(BaseModel):
    """A time in which mail could not come in."""

    id: int
    began_at: datetime
    ended_at: datetime | None
    reason: str

    @classmethod
    def of(cls, outage: Outage) -> "OutageOut":
        """As the API tells it."""
        return cls(id=outage.id, began_at=outage.began_at, ended_at=outage.ended_at, reason=outage.reason)


class OutagePage(BaseModel):
    """The newest first."""

    items: list[OutageOut]
    next_cursor: str | None = None


@router.get("/mail-outages", summary="List outages of mail")
async def read_outages(
    caller: StaffCaller, desk: TheDesk, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> OutagePage:
    """Support staff and services."""
    before = read_cursor(cursor, lambda parts: min(int(parts[0]), ID_MAX))
    async with desk.reading(caller) as (connection, _):
        found = await list_outages(connection, before, limit + 1)
    page, next_cursor = cut(found, limit, lambda outage: (outage.id,))
    return OutagePage(items=[OutageOut.of(each) for each in page], next_cursor=next_cursor)


@router.post("/mail-outages", status_code=201, summary="Report an outage of mail", response_model=OutagePage)
async def report(
    wanted: OutageIn, caller: StaffCaller, desk: TheDesk, request: Request, key: IdempotencyKey = None
) -> Response:
    """Administrators and services. Answers what this adds to what was known: nothing, where all of it was."""

    async def work(connection: AsyncConnection) -> JsonAnswer:
        await _admitted(connection, caller)
        now = desk.now()
        added = await report_outage(connection, wanted.began_at, wanted.ended_at, wanted.reason, now)
        page = OutagePage(items=[OutageOut.of(each) for each in added])
        return JsonAnswer(201, page.model_dump(mode="json"), {})

    return await answer_once(desk.engine, idempotency_key, caller, key, request, work, admit=_admitted)


@router.post("/mail-outages/{outage_id}/end", summary="End an outage of mail", response_model=OutageOut)
async def end(
    outage_id: OutageId,
    wanted: OutageEnd,
    caller: StaffCaller,
    desk: TheDesk,
    request: Request,
    key: IdempotencyKey = None,
) -> Response:
    """Administrators and services. One that has ended stays as it is."""

    async def work(connection: AsyncConnection) -> JsonAnswer:
        await _admitted(connection, caller)
        now = desk.now()
        ended = await end_outage(connection, outage_id, wanted.ended_at or now, now)
        return JsonAnswer(200, OutageOut.of(ended).model_dump(mode="json"), {})

    return await answer_once(desk.engine, idempotency_key, caller, key, request, work, admit=_admitted)


async def _admitted(connection: AsyncConnection, caller: Caller) -> Party:
    party = await party_of(connection, caller)
    if party.person is not None and not is_admin(party):
        raise NotAllowed("Only an administrator or the service that fetches mail may say this.")
    return party
