"""The routes of re-planning: a preview of what would change for open tickets, and re-planning itself."""

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Conflict
from services.intake.agreements import agreements
from services.intake.api.agreement_resources import ChangedDeadline, ReplanPreview
from services.intake.api.bulk_resources import BulkOut
from services.intake.api.bulks import accepted
from services.intake.api.deps import Desk, TheDesk
from services.intake.api.unit_of_work import AdminKeyedWork, Work
from services.intake.bulk.fan_outs import replan_tickets
from services.intake.rules.body import NothingIn
from services.intake.tickets.replanning import Scope, affected, preview
from services.platform.http import StaffCaller
from services.platform.identity import Caller

router = APIRouter(prefix="/api/v1", tags=["agreements"])

_PREVIEW = "Look at what re-planning would do"
_REPLAN = "Re-plan"
_STANDARD = Scope()


@router.get("/contracts/{contract_id}/replan", summary=f"{_PREVIEW} to a contract's tickets")
async def preview_contract(contract_id: UUID, caller: StaffCaller, desk: TheDesk) -> ReplanPreview:
    """Support staff and services. Compares what open tickets are pinned to with the contract as it is now."""
    return await _preview(caller, desk, Scope(contract_id=contract_id))


@router.get("/calendars/{calendar_id}/replan", summary=f"{_PREVIEW} to a calendar's tickets")
async def preview_calendar(calendar_id: UUID, caller: StaffCaller, desk: TheDesk) -> ReplanPreview:
    """Support staff and services. The same for every contract with this calendar."""
    return await _preview(caller, desk, Scope(calendar_id=calendar_id))


@router.get("/promises/replan", summary=f"{_PREVIEW} to tickets without a contract")
async def preview_standard(caller: StaffCaller, desk: TheDesk) -> ReplanPreview:
    """Support staff and services. The same after the operator changed the desk's standard promises."""
    return await _preview(caller, desk, _STANDARD)


@router.post(
    "/contracts/{contract_id}/replan",
    status_code=202,
    summary=f"{_REPLAN} a contract's tickets",
    response_model=BulkOut,
)
async def replan_contract(contract_id: UUID, _wanted: NothingIn, work: AdminKeyedWork) -> Response:
    """Administrators. Each open ticket is pinned to the contract as it is now, in the background; at most 50,000, the
    oldest first: ask again for the rest. Answers 409 where all of them are pinned to it already."""
    return await _replan(work, Scope(contract_id=contract_id))


@router.post(
    "/calendars/{calendar_id}/replan",
    status_code=202,
    summary=f"{_REPLAN} a calendar's tickets",
    response_model=BulkOut,
)
async def replan_calendar(calendar_id: UUID, _wanted: NothingIn, work: AdminKeyedWork) -> Response:
    """Administrators. The same for every contract with this calendar."""
    return await _replan(work, Scope(calendar_id=calendar_id))


@router.post(
    "/promises/replan", status_code=202, summary=f"{_REPLAN} tickets without a contract", response_model=BulkOut
)
async def replan_standard(_wanted: NothingIn, work: AdminKeyedWork) -> Response:
    """Administrators. The same for what the operator promises to those without a contract."""
    return await _replan(work, _STANDARD)


async def _preview(caller: Caller, desk: Desk, scope: Scope) -> ReplanPreview:
    async with desk.reading(caller) as (connection, _party):
        await _name(connection, scope)
        numbers = await preview(connection, scope, desk.standard, desk.now())
    sample = [
        ChangedDeadline(number=number, deadline=change.deadline, before=change.before, after=change.after)
        for number, change in numbers.sample
    ]
    return ReplanPreview(
        tickets=numbers.tickets,
        changed=numbers.changed,
        sooner=numbers.sooner,
        later=numbers.later,
        breaching=numbers.breaching,
        calendar_zones=sorted(numbers.calendar_zones),
        sample=sample,
    )


async def _replan(work: Work, scope: Scope) -> Response:
    name = await _name(work.connection, scope)
    numbers = await affected(work.connection, scope, work.desk.standard, work.now)
    if not numbers:
        raise Conflict("Every open ticket concerned is pinned to these promises already.")
    return await accepted(work, await replan_tickets(work.connection, work.party, numbers, name, work.now))


async def _name(connection: AsyncConnection, scope: Scope) -> str:
    """The name of what changed, such as the contract, for the history of each ticket. Raises NotFound."""
    if scope.contract_id is not None:
        contract = await agreements.get_contract(connection, scope.contract_id)
        return f"contract {contract.name}, version {contract.version}"
    if scope.calendar_id is not None:
        calendar = await agreements.get_calendar(connection, scope.calendar_id)
        return f"calendar {calendar.name}, version {calendar.version}"
    return "the desk's standard promises"
