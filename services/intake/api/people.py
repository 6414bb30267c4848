"""The routes of people and organisations, for support staff."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.contract.errors import NotAllowed
from services.contract.vocabulary import STAFF, Role
from services.intake.api.deps import TheDesk
from services.intake.api.people_resources import (
    Customer,
    OrganisationChanges,
    OrganisationIn,
    OrganisationPage,
    PeoplePage,
    PersonChanges,
    PersonIn,
    PersonOut,
)
from services.intake.api.unit_of_work import KeyedRequest, StaffKeyedWork, StaffPlainWork, anybody, open_work
from services.intake.people.people import (
    add_organisation,
    add_person,
    change_organisation,
    change_person,
    find_organisations,
    find_people,
    get_organisation,
    get_person,
)
from services.intake.people.sessions import hash_password
from services.intake.tickets.access import Party
from services.intake.tickets.input import Search
from services.platform.http import StaffCaller
from services.platform.pages import DEFAULT_LIMIT, Cursor, Limit, by_name, cut, name_key, read_cursor

router = APIRouter(prefix="/api/v1", tags=["people"])

Q = Annotated[Search | None, Query(description="Part of a name or address.")]


@router.get("/people", summary="List people")
async def list_people(
    caller: StaffCaller,
    desk: TheDesk,
    q: Q = None,
    role: Role | None = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> PeoplePage:
    """Support staff and services."""
    after = read_cursor(cursor, by_name)
    async with desk.reading(caller) as (connection, _party):
        found = await find_people(connection, q=q, role=role, after=after, limit=limit + 1)
    page, next_cursor = cut(found, limit, name_key)
    return PeoplePage(items=[PersonOut.of(person) for person in page], next_cursor=next_cursor)


@router.post("/people", status_code=201, summary="Add a person", response_model=PersonOut)
async def create_person(wanted: PersonIn, caller: StaffCaller, asked: KeyedRequest) -> Response:
    """Support staff and services; only an admin may add staff."""
    # Before the work is opened: many at once must not hold all connections to the database while they wait for this.
    hashed = await hash_password(wanted.password) if wanted.password else None
    async with open_work(asked, caller, anybody) as work:
        _must_be_admin_for(work.party, wanted.role)
        added = await add_person(
            work.connection,
            name=wanted.name,
            email=wanted.email,
            language=wanted.language,
            role=wanted.role,
            organisation_id=wanted.organisation_id,
            password_hash=hashed,
            now=work.now,
            zone=wanted.zone,
        )
        return await work.answer(PersonOut.of(added), 201, Location=f"/api/v1/people/{added.id}")


@router.get("/people/{person_id}", summary="Read a person")
async def read_person(person_id: UUID, caller: StaffCaller, desk: TheDesk) -> PersonOut:
    """Support staff and services."""
    async with desk.reading(caller) as (connection, _party):
        return PersonOut.of(await get_person(connection, person_id))


@router.patch("/people/{person_id}", summary="Change a person", response_model=PersonOut)
async def update_person(person_id: UUID, changes: PersonChanges, work: StaffPlainWork) -> Response:
    """Support staff and services; staff themselves are changed, and made, by an admin only."""
    wanted = changes.model_dump(exclude_unset=True)
    for required in ("name", "language", "role", "active"):
        if wanted.get(required, 0) is None:
            del wanted[required]
    _must_be_admin_for(work.party, (await get_person(work.connection, person_id)).role)
    _must_be_admin_for(work.party, changes.role or Role.REQUESTER)
    return await work.answer(PersonOut.of(await change_person(work.connection, person_id, wanted, work.now)))


@router.get("/organisations", summary="List organisations")
async def list_organisations(
    caller: StaffCaller, desk: TheDesk, q: Q = None, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> OrganisationPage:
    """Support staff and services."""
    after = read_cursor(cursor, by_name)
    async with desk.reading(caller) as (connection, _party):
        found = await find_organisations(connection, q=q, after=after, limit=limit + 1)
    page, next_cursor = cut(found, limit, name_key)
    items = [Customer.of(each) for each in page]
    return OrganisationPage(items=items, next_cursor=next_cursor)


@router.post("/organisations", status_code=201, summary="Add an organisation", response_model=Customer)
async def create_organisation(wanted: OrganisationIn, work: StaffKeyedWork) -> Response:
    """Support staff and services."""
    added = await add_organisation(work.connection, wanted.name, work.now)
    return await work.answer(Customer.of(added), 201, Location=f"/api/v1/organisations/{added.id}")


@router.get("/organisations/{organisation_id}", summary="Read an organisation")
async def read_organisation(organisation_id: UUID, caller: StaffCaller, desk: TheDesk) -> Customer:
    """Support staff and services."""
    async with desk.reading(caller) as (connection, _party):
        return Customer.of(await get_organisation(connection, organisation_id))


@router.patch("/organisations/{organisation_id}", summary="Change an organisation", response_model=Customer)
async def update_organisation(organisation_id: UUID, changes: OrganisationChanges, work: StaffPlainWork) -> Response:
    """Support staff and services; the contract an admin only. It holds for tickets opened from then on."""
    wanted = changes.model_dump(exclude_unset=True)
    if wanted.get("name", 0) is None:
        del wanted["name"]
    if "contract_id" in wanted:
        work.party.must_be_admin()
    return await work.answer(Customer.of(await change_organisation(work.connection, organisation_id, wanted)))


def _must_be_admin_for(party: Party, role: Role) -> None:
    if role in STAFF and not party.is_admin:
        raise NotAllowed("Only an administrator may add or change support staff.")
