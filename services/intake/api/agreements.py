"""The routes of contracts, calendars, public holidays and the desk's standard promises."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.contract.limits import REGION_CHARACTERS_MAX
from services.intake.agreements import agreements
from services.intake.api.agreement_resources import (
    CalendarIn,
    CalendarOut,
    CalendarPage,
    ContractIn,
    ContractOut,
    ContractPage,
    Countries,
    CountryOut,
    HolidayOut,
    Holidays,
    PromisesOut,
)
from services.intake.api.deps import TheDesk
from services.intake.api.unit_of_work import AdminKeyedWork, AdminVersionedWork
from services.platform.http import StaffCaller
from services.platform.pages import DEFAULT_LIMIT, Cursor, Limit, by_name, cut, name_key, read_cursor
from services.promises.public_holidays import countries, days_off, regions

router = APIRouter(prefix="/api/v1", tags=["agreements"])

Country = Annotated[str, Query(pattern="^[A-Z]{2}$", description="ISO 3166 code, as in NL.", examples=["NL"])]
Region = Annotated[str | None, Query(max_length=REGION_CHARACTERS_MAX, description="Part of the country.")]
Year = Annotated[int, Query(ge=1900, le=9999, examples=[2027])]


@router.get("/promises", summary="Read the desk's standard promises")
async def read_promises(caller: StaffCaller, desk: TheDesk) -> PromisesOut:
    """Support staff and services. What those without a contract were promised; the operator sets it."""
    async with desk.reading(caller):
        return PromisesOut.of(desk.standard)


@router.get("/contracts", summary="List contracts")
async def list_contracts(
    caller: StaffCaller, desk: TheDesk, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> ContractPage:
    """Support staff and services. By name."""
    async with desk.reading(caller) as (connection, _party):
        found = await agreements.find_contracts(connection, read_cursor(cursor, by_name), limit + 1)
    page, next_cursor = cut(found, limit, name_key)
    return ContractPage(items=[ContractOut.of(each) for each in page], next_cursor=next_cursor)


@router.post("/contracts", status_code=201, summary="Add a contract", response_model=ContractOut)
async def create_contract(wanted: ContractIn, work: AdminKeyedWork) -> Response:
    """Administrators. An organisation gets it by PATCH /organisations/{organisation_id}."""
    added = ContractOut.of(await agreements.add_contract(work.connection, wanted.agreed(), work.now))
    return await work.give(added.answer(201, Location=f"/api/v1/contracts/{added.id}"))


@router.get("/contracts/{contract_id}", summary="Read a contract", response_model=ContractOut)
async def read_contract(contract_id: UUID, caller: StaffCaller, desk: TheDesk) -> Response:
    """Support staff and services. The ETag is for `If-Match`."""
    async with desk.reading(caller) as (connection, _party):
        return ContractOut.of(await agreements.get_contract(connection, contract_id)).answer().response()


@router.put("/contracts/{contract_id}", summary="Change a contract", response_model=ContractOut)
async def replace_contract(contract_id: UUID, wanted: ContractIn, work: AdminVersionedWork) -> Response:
    """Administrators. Holds for tickets opened from then on; those that run keep theirs until they are re-planned."""
    changed = await agreements.change_contract(work.connection, contract_id, work.version, wanted.agreed(), work.now)
    return await work.give(ContractOut.of(changed).answer())


@router.get("/calendars", summary="List calendars")
async def list_calendars(
    caller: StaffCaller, desk: TheDesk, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> CalendarPage:
    """Support staff and services. By name."""
    async with desk.reading(caller) as (connection, _party):
        found = await agreements.find_calendars(connection, read_cursor(cursor, by_name), limit + 1)
    page, next_cursor = cut(found, limit, name_key)
    return CalendarPage(items=[CalendarOut.of(each) for each in page], next_cursor=next_cursor)


@router.post("/calendars", status_code=201, summary="Add a calendar", response_model=CalendarOut)
async def create_calendar(wanted: CalendarIn, work: AdminKeyedWork) -> Response:
    """Administrators."""
    added = CalendarOut.of(await agreements.add_calendar(work.connection, wanted.name, wanted.terms, work.now))
    return await work.give(added.answer(201, Location=f"/api/v1/calendars/{added.id}"))


@router.get("/calendars/{calendar_id}", summary="Read a calendar", response_model=CalendarOut)
async def read_calendar(calendar_id: UUID, caller: StaffCaller, desk: TheDesk) -> Response:
    """Support staff and services. The ETag is for `If-Match`."""
    async with desk.reading(caller) as (connection, _party):
        return CalendarOut.of(await agreements.get_calendar(connection, calendar_id)).answer().response()


@router.put("/calendars/{calendar_id}", summary="Change a calendar", response_model=CalendarOut)
async def replace_calendar(calendar_id: UUID, wanted: CalendarIn, work: AdminVersionedWork) -> Response:
    """Administrators. Holds for tickets opened from then on; those that run keep theirs until they are re-planned."""
    changed = await agreements.change_calendar(
        work.connection, calendar_id, work.version, wanted.name, wanted.terms, work.now
    )
    return await work.give(CalendarOut.of(changed).answer())


@router.get("/holidays", summary="List a year's public holidays")
async def list_holidays(
    caller: StaffCaller, desk: TheDesk, country: Country, year: Year, region: Region = None
) -> Holidays:
    """Support staff and services. Of a country, or of one of its regions."""
    async with desk.reading(caller):
        off = days_off(country, region, [year])
    return Holidays(items=[HolidayOut(day=day, name=name) for day, name in off.items()])


@router.get("/holidays/countries", summary="List the countries whose public holidays are known")
async def list_countries(caller: StaffCaller, desk: TheDesk) -> Countries:
    """Support staff and services."""
    async with desk.reading(caller):
        return Countries(items=[CountryOut(country=each, regions=list(regions(each))) for each in countries()])
