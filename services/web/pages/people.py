"""Pages to look up, add and change people and organisations."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.contract.errors import NotAuthenticated, Permanent
from services.contract.limits import NAME_CHARACTERS_MAX, SEARCH_CHARACTERS_MAX
from services.contract.vocabulary import Language, Role
from services.web.clients.records import Organisation, Person, TicketSummary
from services.web.forms import forms
from services.web.forms.forms import Form, explain
from services.web.forms.zone_choice import check_zone, zone_groups
from services.web.visit import DeskVisit, Visit

ORGANISATIONS_MAX = 100
"""How many organisations a person's form offers to choose from."""
TICKETS_OF_PERSON = 10

router = APIRouter(prefix="/desk")


@router.get("/people")
async def people(visit: DeskVisit, q: Annotated[str, Query()] = "", cursor: Annotated[str, Query()] = "") -> Response:
    """The list of people, by name; `q` searches it."""
    q = q.strip()[:SEARCH_CHARACTERS_MAX]
    page = await visit.intake.people(q=q, cursor=cursor or None)
    return visit.page("people.html", page=page, q=q, cursor=cursor)


@router.get("/people/new")
async def new_person_page(visit: DeskVisit) -> Response:
    """The form for a new person."""
    blank = {"language": visit.language, "role": Role.REQUESTER, "key": forms.new_key()}
    return await _person(visit, None, Form(dict(blank), [], []))


@router.post("/people/new")
async def add_person(visit: DeskVisit) -> Response:
    """Add a person."""
    form = await forms.read(visit.request)
    _check(visit, form)
    if not form.errors:
        try:
            added = await visit.intake.add_person(form.key, _facts(visit, form))
            return visit.see(f"/desk/people/{added.id}", told="saved")
        except NotAuthenticated:
            raise
        except Permanent as error:
            explain(form, error, visit.t)
    return await _person(visit, None, form, status=422)


@router.get("/people/{person_id}")
async def person_page(visit: DeskVisit, person_id: UUID) -> Response:
    """One person, with their tickets."""
    person = await visit.intake.person(person_id)
    return await _person(visit, person, _form(person))


@router.post("/people/{person_id}")
async def change_person(visit: DeskVisit, person_id: UUID) -> Response:
    """Change a person."""
    form = await forms.read(visit.request)
    _check(visit, form)
    if not form.errors:
        try:
            facts = _facts(visit, form) | {"active": form["active"] == "yes"}
            await visit.intake.change_person(person_id, facts)
            return visit.see(f"/desk/people/{person_id}", told="saved")
        except Permanent as error:
            explain(form, error, visit.t)
    return await _person(visit, await visit.intake.person(person_id), form, status=422)


@router.get("/organisations")
async def organisations(
    visit: DeskVisit, q: Annotated[str, Query()] = "", cursor: Annotated[str, Query()] = ""
) -> Response:
    """The list of organisations, by name; `q` searches it."""
    q = q.strip()[:SEARCH_CHARACTERS_MAX]
    return await _organisations(visit, Form({"key": forms.new_key()}, [], []), q, cursor)


@router.post("/organisations")
async def add_organisation(visit: DeskVisit) -> Response:
    """Add an organisation."""
    form = await forms.read(visit.request)
    form.need("name", visit.t, NAME_CHARACTERS_MAX)
    if not form.errors:
        try:
            await visit.intake.add_organisation(form.key, form["name"])
            return visit.see("/desk/organisations", told="saved")
        except Permanent as error:
            explain(form, error, visit.t)
    return await _organisations(visit, form, status=422)


@router.get("/organisations/{organisation_id}")
async def organisation_page(visit: DeskVisit, organisation_id: UUID) -> Response:
    """One organisation."""
    organisation = await visit.intake.organisation(organisation_id)
    form = Form.of(name=organisation.name, contract_id=organisation.contract_id or "")
    return await _organisation(visit, organisation, form)


@router.post("/organisations/{organisation_id}")
async def change_organisation(visit: DeskVisit, organisation_id: UUID) -> Response:
    """Change an organisation's name; administrators may also change its contract."""
    form = await forms.read(visit.request)
    form.need("name", visit.t, NAME_CHARACTERS_MAX)
    if not form.errors:
        contract = {"contract_id": form.id("contract_id")} if "contract_id" in form.fields else {}
        try:
            await visit.intake.change_organisation(organisation_id, {"name": form["name"], **contract})
            return visit.see("/desk/organisations", told="saved")
        except Permanent as error:
            explain(form, error, visit.t)
    return await _organisation(visit, await visit.intake.organisation(organisation_id), form, status=422)


async def _organisation(visit: Visit, organisation: Organisation, form: Form, status: int = 200) -> Response:
    return visit.page(
        "organisation.html",
        status=status,
        organisation=organisation,
        contracts=await visit.desk.contracts(),
        admin=visit.caller is not None and visit.caller.role is Role.ADMIN,
        form=form,
        errors=form.errors,
    )


async def _person(visit: Visit, person: Person | None, form: Form, status: int = 200) -> Response:
    organisations, tickets = await asyncio.gather(
        visit.intake.organisations(limit=ORGANISATIONS_MAX), _tickets_of(visit, person)
    )
    return visit.page(
        "person.html",
        status=status,
        person=person,
        form=form,
        errors=form.errors,
        organisations=organisations.items,
        tickets=tickets,
        languages=list(Language),
        zones=zone_groups(visit.t),
        roles=_roles(visit, person),
    )


async def _tickets_of(visit: Visit, person: Person | None) -> tuple[TicketSummary, ...]:
    if person is None:
        return ()
    return (await visit.intake.tickets(limit=TICKETS_OF_PERSON, filters={"requester": str(person.id)})).items


async def _organisations(visit: Visit, form: Form, q: str = "", cursor: str = "", status: int = 200) -> Response:
    page = await visit.intake.organisations(q=q, cursor=cursor or None)
    return visit.page("organisations.html", status=status, page=page, q=q, cursor=cursor, form=form, errors=form.errors)


def _roles(visit: Visit, person: Person | None) -> list[Role]:
    if visit.caller and visit.caller.role is Role.ADMIN:
        return list(Role)
    return [person.role if person else Role.REQUESTER]


def _check(visit: Visit, form: Form) -> None:
    form.need("name", visit.t, NAME_CHARACTERS_MAX)
    if form["email"]:
        form.need_email("email", visit.t)
    check_zone(form, visit.t)


def _facts(visit: Visit, form: Form) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "name": form["name"],
        "email": form["email"] or None,
        "language": form.choice("language", Language, visit.language),
        "zone": form["zone"] or None,
        "organisation_id": form["organisation_id"] or None,
    }
    return facts | ({"role": form.choice("role", Role, Role.REQUESTER)} if form["role"] else {})


def _form(person: Person) -> Form:
    return Form(
        {
            "name": person.name,
            "email": person.email or "",
            "language": person.language,
            "zone": person.zone or "",
            "role": person.role,
            "organisation_id": str(person.organisation.id) if person.organisation else "",
            "active": "yes" if person.active else "",
        },
        [],
        [],
    )
