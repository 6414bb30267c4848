"""The routes of mail outages, for administrators and for the service that fetches mail."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import AwareDatetime, BaseModel, Field

from services.contract.errors import NotAllowed
from services.contract.limits import OUTAGE_REASON_CHARACTERS_MAX
from services.intake.api.deps import TheDesk
from services.intake.api.unit_of_work import Work, keyed, opened
from services.intake.rules.body import Input
from services.intake.tickets.access import Party
from services.intake.tickets.mail_outages import Outage, end_outage, list_outages, report_outage
from services.platform.http import StaffCaller, staff_caller
from services.platform.pages import DEFAULT_LIMIT, Cursor, Limit, cut, read_cursor

router = APIRouter(prefix="/api/v1", tags=["mail outages"])

ID_MAX = 2**31 - 1
OutageId = Annotated[int, Path(ge=1, le=ID_MAX)]


def _may_tell(party: Party) -> None:
    if party.person is not None and not party.is_admin:
        raise NotAllowed("Only an administrator or the service that fetches mail may say this.")


OutageWork = Annotated[Work, opened(keyed, staff_caller, _may_tell)]


class OutageIn(Input):
    """Mail could not come in: closures wait as long again. What is known already is not counted twice."""

    began_at: AwareDatetime
    ended_at: AwareDatetime | None = Field(default=None, description="Left out while it lasts.")
    reason: str = Field(min_length=1, max_length=OUTAGE_REASON_CHARACTERS_MAX, examples=["the mail server was moved"])


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
async def report(wanted: OutageIn, work: OutageWork) -> Response:
    """Administrators and services. Answers what this adds to what was known: nothing, where all of it was."""
    added = await report_outage(work.connection, wanted.began_at, wanted.ended_at, wanted.reason, work.now)
    return await work.answer(OutagePage(items=[OutageOut.of(each) for each in added]), 201)


@router.post("/mail-outages/{outage_id}/end", summary="End an outage of mail", response_model=OutageOut)
async def end(outage_id: OutageId, wanted: OutageEnd, work: OutageWork) -> Response:
    """Administrators and services. One that has ended stays as it is."""
    return await work.answer(
        OutageOut.of(await end_outage(work.connection, outage_id, wanted.ended_at or work.now, work.now))
    )
