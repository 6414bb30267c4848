"""The page for a new ticket: the form, articles that may already answer it, and the product's questions."""

import asyncio
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.contract.errors import NotAuthenticated, Permanent, Temporary
from services.contract.events import ArticleLink
from services.contract.limits import SUBJECT_CHARACTERS_MAX, TEXT_CHARACTERS_MAX
from services.contract.vocabulary import Kind, Priority
from services.web.clients.desk_records import Product
from services.web.forms import forms
from services.web.forms.forms import Form, explain
from services.web.pages.portal import file_limits
from services.web.visit import AnyVisit, KnownVisit, Visit

SUGGEST_CHARACTERS_MIN = 3

router = APIRouter()


@router.get("/tickets/new")
async def new_ticket_page(
    visit: AnyVisit, subject: Annotated[str, Query()] = "", product_id: Annotated[str, Query()] = ""
) -> Response:
    """The form; for htmx, the articles that may answer the subject typed so far, or the product's questions."""
    if not visit.by_htmx and visit.caller is None:
        return visit.see("/login?" + urlencode({"next": visit.here}))
    subject = subject[:SUBJECT_CHARACTERS_MAX]
    form = Form.of(subject=subject, kind=Kind.QUESTION, priority=Priority.LOW, product_id=product_id)
    return await _new_ticket(visit, form)


@router.post("/tickets/new")
async def submit(visit: KnownVisit) -> Response:
    """Open a ticket; with `look`, only show the form again with suggested articles and the product's questions."""
    form = await forms.read(visit.request)
    if form["look"]:
        return await _new_ticket(visit, form)
    form.need("subject", visit.t, SUBJECT_CHARACTERS_MAX)
    form.need("text", visit.t, TEXT_CHARACTERS_MAX)
    form.need_files(visit.t)
    if not form.errors:
        try:
            ticket = await visit.intake.submit(form.key, await _question(visit, form))
            return visit.see(f"/tickets/{ticket.number}", told="submitted", key=form.key)
        except NotAuthenticated:
            raise
        except Permanent as error:
            explain(form, error, visit.t)
    return await _new_ticket(visit, form, status=422)


async def _question(visit: Visit, form: Form) -> dict[str, Any]:
    return {
        "subject": form["subject"],
        "text": form["text"],
        "kind": form.choice("kind", Kind, Kind.QUESTION),
        "priority": form.choice("priority", Priority, Priority.LOW),
        "language": visit.language,
        "attachment_ids": await forms.upload(form, visit.intake),
        **forms.about_product(form),
    }


async def _new_ticket(visit: Visit, form: Form, status: int = 200) -> Response:
    suggestions, products = await asyncio.gather(_suggestions(visit, form["subject"]), _products(visit))
    return visit.page(
        "new_ticket.html",
        status=status,
        form=form,
        errors=form.errors,
        kinds=list(Kind),
        priorities=list(Priority),
        suggestions=suggestions,
        products=products,
        product=next((each for each in products if str(each.id) == form["product_id"]), None),
        **file_limits(),
    )


async def _suggestions(visit: Visit, subject: str) -> tuple[ArticleLink, ...]:
    if len(subject) < SUGGEST_CHARACTERS_MIN:
        return ()
    try:
        return await visit.kb.suggest(subject[:SUBJECT_CHARACTERS_MAX], visit.language)
    except Temporary:
        # The form must work without suggestions, when the knowledge base is down.
        return ()


async def _products(visit: Visit) -> tuple[Product, ...]:
    # A visitor who is not logged in gets suggestions only, and can choose a product after logging in.
    return await visit.desk.my_products() if visit.caller else ()
