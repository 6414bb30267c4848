"""The page to open a ticket for somebody who phoned."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.contract.errors import NotAuthenticated, Permanent
from services.contract.limits import NAME_CHARACTERS_MAX, SUBJECT_CHARACTERS_MAX, TEXT_CHARACTERS_MAX
from services.contract.vocabulary import Channel, Kind, Language, Priority
from services.web.forms import forms
from services.web.forms.forms import Form, explain
from services.web.pages.portal import file_limits
from services.web.visit import DeskVisit, Visit

router = APIRouter(prefix="/desk/tickets")


@router.get("/new")
async def phone_page(visit: DeskVisit, product_id: Annotated[str, Query()] = "") -> Response:
    """The form for a phone call; for htmx, the product's questions."""
    form = Form.of(kind=Kind.QUESTION, priority=Priority.LOW, language=visit.language, product_id=product_id)
    return await _phone(visit, form)


@router.post("/new")
async def log_phone_call(visit: DeskVisit) -> Response:
    """Open a ticket for the caller, found by address or added; with `look`, only show the product's questions."""
    form = await forms.read(visit.request)
    if form["look"]:
        return await _phone(visit, form)
    form.need("name", visit.t, NAME_CHARACTERS_MAX)
    form.need("subject", visit.t, SUBJECT_CHARACTERS_MAX)
    form.need("text", visit.t, TEXT_CHARACTERS_MAX)
    form.need_files(visit.t)
    if form["email"]:
        form.need_email("email", visit.t)
    if not form.errors:
        try:
            ticket = await visit.intake.submit(form.key, await _phone_call(visit, form))
            return visit.see(f"/desk/tickets/{ticket.number}", told="logged", key=form.key)
        except NotAuthenticated:
            raise
        except Permanent as error:
            explain(form, error, visit.t)
    return await _phone(visit, form, status=422)


async def _phone(visit: Visit, form: Form, status: int = 200) -> Response:
    products = [each for each in await visit.desk.products() if each.active]
    return visit.page(
        "phone_ticket.html",
        status=status,
        form=form,
        errors=form.errors,
        kinds=list(Kind),
        priorities=list(Priority),
        languages=list(Language),
        products=products,
        product=next((each for each in products if str(each.id) == form["product_id"]), None),
        **file_limits(),
    )


async def _phone_call(visit: Visit, form: Form) -> dict[str, Any]:
    language = form.choice("language", Language, visit.language)
    requester = {"name": form["name"], "language": language} | ({"email": form["email"]} if form["email"] else {})
    return {
        "subject": form["subject"],
        "text": form["text"],
        "kind": form.choice("kind", Kind, Kind.QUESTION),
        "priority": form.choice("priority", Priority, Priority.LOW),
        "language": language,
        "channel": Channel.PHONE,
        "requester": requester,
        "attachment_ids": await forms.upload(form, visit.intake),
        **forms.about_product(form),
    }
