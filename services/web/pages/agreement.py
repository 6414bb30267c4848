"""Pages for contracts, calendars, products and teams: administrators change them, all support staff read them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from babel import Locale
from fastapi import APIRouter
from starlette.responses import Response

from services.contract.errors import (
    BalieError,
    Invalid,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    Permanent,
    VersionMismatch,
)
from services.contract.vocabulary import AlertAudience, FieldKind, Metric, Role
from services.contract.zones import zone_names
from services.web.clients.desk_records import Calendar, Contract, Product, Team
from services.web.forms import forms
from services.web.forms.agreement_forms import (
    COLUMNS,
    SPANS,
    UNITS,
    calendar_facts,
    calendar_fields,
    contract_facts,
    contract_fields,
    pausing,
    steps_shown,
    target_field,
)
from services.web.forms.forms import Form, explain
from services.web.forms.product_forms import product_facts, product_fields, questions_shown, team_facts, team_fields
from services.web.visit import DeskVisit, Visit

SENTENCES_MAX = 5
"""How many of intake's complaints about terms are shown at once."""

router = APIRouter(prefix="/desk")


@dataclass(frozen=True)
class Sort:
    """One sort of agreement: how it is read, shown in a form, and sent to intake."""

    name: str
    model: Callable[..., Any]
    fields: Callable[[Any], Form]
    facts: Callable[[Form, Visit, Any], dict[str, Any]]
    choices: Callable[[Visit, Form], Awaitable[dict[str, Any]]]
    moves_deadlines: bool = False
    """Whether a change of it may be applied to running tickets."""


async def _of_contract(visit: Visit, form: Form) -> dict[str, Any]:
    calendars, products, own_zone = await asyncio.gather(
        visit.desk.calendars(), visit.desk.products(), visit.desk.own_zone()
    )
    facts = {
        "metrics": list(Metric),
        "columns": COLUMNS,
        "tellable": list(AlertAudience),
        "units": UNITS,
        "spans": SPANS,
        "steps": steps_shown(form),
    }
    return {
        **facts,
        "calendars": calendars,
        "own_zone": own_zone,
        "products": products,
        "pausing": pausing,
        "target_field": target_field,
    }


async def _of_calendar(visit: Visit, form: Form) -> dict[str, Any]:
    known = await visit.desk.countries()
    names = Locale(visit.language).territories
    countries = sorted(((each.country, names.get(each.country, each.country)) for each in known), key=lambda c: c[1])
    regions = next((each.regions for each in known if each.country == form["country"]), ())
    return {
        "countries": countries,
        "regions": regions,
        "zones": zone_names(),
        "holidays": await _holidays(visit, form),
        "year": visit.t.today.year,
    }


async def _holidays(visit: Visit, form: Form) -> Any:
    if not form["country"]:
        return ()
    try:
        return await visit.desk.holidays(form["country"], form["region"], visit.t.today.year)
    except Invalid:
        # An unknown region is reported at its field when the form is sent.
        return ()


async def _of_product(_visit: Visit, form: Form) -> dict[str, Any]:
    return {"places": questions_shown(form), "answers": list(FieldKind)}


async def _of_team(visit: Visit, _form: Form) -> dict[str, Any]:
    return {"staff": await visit.intake.staff()}


SORTS = {
    "contracts": Sort(
        "contracts",
        Contract.model_validate,
        contract_fields,
        lambda form, visit, former: contract_facts(form, visit.t, former.terms if former else {}),
        _of_contract,
        moves_deadlines=True,
    ),
    "calendars": Sort(
        "calendars",
        Calendar.model_validate,
        calendar_fields,
        lambda form, visit, former: calendar_facts(form, visit.t, former.terms if former else {}),
        _of_calendar,
        moves_deadlines=True,
    ),
    "products": Sort(
        "products",
        Product.model_validate,
        product_fields,
        lambda form, visit, _former: product_facts(form, visit.t),
        _of_product,
    ),
    "teams": Sort(
        "teams", Team.model_validate, team_fields, lambda form, visit, _former: team_facts(form, visit.t), _of_team
    ),
}


@router.get("/agreements/{name}")
async def agreements(visit: DeskVisit, name: str) -> Response:
    """The list of one sort: contracts, calendars, products or teams."""
    _sort(name)
    listing: dict[str, Callable[[], Awaitable[tuple[Any, ...]]]] = {
        "contracts": visit.desk.contracts,
        "calendars": visit.desk.calendars,
        "products": visit.desk.products,
        "teams": visit.desk.teams,
    }
    return visit.page("agreements.html", sorts=list(SORTS), sort=name, items=await listing[name](), admin=_admin(visit))


@router.get("/agreements/{name}/new")
async def new_page(visit: DeskVisit, name: str) -> Response:
    """The form for a new agreement."""
    return await _page(visit, _sort(name), None, _sort(name).fields(None))


@router.post("/agreements/{name}/new")
async def add(visit: DeskVisit, name: str) -> Response:
    """Add an agreement."""
    return await _save(visit, _sort(name), None)


@router.get("/agreements/{name}/{of}")
async def agreement_page(visit: DeskVisit, name: str, of: UUID) -> Response:
    """One agreement."""
    sort = _sort(name)
    former = sort.model(await visit.desk.read(name, of))
    return await _page(visit, sort, former, sort.fields(former))


@router.post("/agreements/{name}/{of}")
async def change(visit: DeskVisit, name: str, of: UUID) -> Response:
    """Change an agreement. If that could move deadlines, the next page shows the effect on running tickets."""
    sort = _sort(name)
    return await _save(visit, sort, sort.model(await visit.desk.read(name, of)))


@router.get("/agreements/{name}/{of}/replan")
async def replan_page(visit: DeskVisit, name: str, of: UUID) -> Response:
    """The effect of the current terms on the deadlines of running tickets."""
    return await _replan(visit, _moving(name), of)


@router.post("/agreements/{name}/{of}/replan")
async def replan(visit: DeskVisit, name: str, of: UUID) -> Response:
    """Apply the current terms to running tickets, and show the bulk that does it."""
    _must_be_admin(visit)
    form = await forms.read(visit.request)
    try:
        bulk = await visit.desk.replan(_moving(name).name, of, form.key)
    except Permanent as error:
        return await _replan(visit, _moving(name), of, status=409, problem=forms.sentence(error, visit.t))
    return visit.see(f"/desk/bulks/{bulk.id}", told="bulk_started")


def _sort(name: str) -> Sort:
    if name not in SORTS:
        raise NotFound("There is no such sort of agreement.")
    return SORTS[name]


def _moving(name: str) -> Sort:
    if not _sort(name).moves_deadlines:
        raise NotFound("No deadline depends on it.")
    return SORTS[name]


def _admin(visit: Visit) -> bool:
    return visit.caller is not None and visit.caller.role is Role.ADMIN


def _must_be_admin(visit: Visit) -> None:
    if not _admin(visit):
        raise NotAllowed("Only administrators change what the desk agrees on.")


async def _save(visit: Visit, sort: Sort, former: Any) -> Response:
    _must_be_admin(visit)
    form = await forms.read(visit.request)
    facts = sort.facts(form, visit, former)
    if not form.errors:
        try:
            saved = await visit.desk.save(
                sort.name, facts, of=former.id if former else None, key=form.key, version=form.number("version")
            )
            after = "/replan" if former and sort.moves_deadlines else ""
            return visit.see(f"/desk/agreements/{sort.name}/{saved['id']}{after}", told="saved")
        except NotAuthenticated:
            raise
        except VersionMismatch:
            form.errors[""] = visit.t("wrong.agreement_changed")
            form.fields["version"] = str(former.version)
        except Permanent as error:
            explain(form, error, visit.t)
            _quote(form, error, visit)
    return await _page(visit, sort, former, form, status=422)


def _quote(form: Form, error: BalieError, visit: Visit) -> None:
    # Terms can contradict each other in too many ways to translate: show intake's sentences, in English.
    said = [str(wrong.get("message", "")) for wrong in error.facts.get("fields", [])][:SENTENCES_MAX]
    if any(said):
        form.errors[""] = visit.t("wrong.terms", said="; ".join(filter(None, said)))


async def _page(visit: Visit, sort: Sort, former: Any, form: Form, status: int = 200) -> Response:
    return visit.page(
        f"agreement_{sort.name}.html",
        status=status,
        sort=sort.name,
        moves_deadlines=sort.moves_deadlines,
        former=former,
        form=form,
        errors=form.errors,
        admin=_admin(visit),
        **await sort.choices(visit, form),
    )


async def _replan(visit: Visit, sort: Sort, of: UUID, status: int = 200, problem: str | None = None) -> Response:
    former, replanning = await asyncio.gather(visit.desk.read(sort.name, of), visit.desk.replanning(sort.name, of))
    return visit.page(
        "replan.html",
        status=status,
        sort=sort.name,
        former=sort.model(former),
        replanning=replanning,
        problem=problem,
        key=forms.new_key(),
        admin=_admin(visit),
    )
