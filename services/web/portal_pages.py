"""The requesters' side: home, a new ticket, my tickets, one ticket, and its files."""

import asyncio
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from services.errors import NotAuthenticated, Permanent, Temporary
from services.events import ArticleLink
from services.vocabulary import Kind, Priority
from services.web import forms
from services.web.forms import FILE_BYTES_MAX, FILES_MAX, FORM_BYTES_MAX, Form, explain
from services.web.future import prospects
from services.web.history import happening
from services.web.queue_pages import SEARCH_CHARACTERS_MAX
from services.web.records import TicketSummary
from services.web.visit import AnyVisit, KnownVisit, Visit

HOME_TICKETS = 8
HOME_ARTICLES = 6
SUGGEST_CHARACTERS_MIN = 3
SUGGEST_CHARACTERS_MAX = 250
FILE_HEADERS = ("Content-Type", "Content-Length", "Content-Disposition")

router = APIRouter()


@router.get("/")
async def home(visit: AnyVisit) -> Response:
    """Ask the help centre, ask support, and see how one's tickets stand."""
    articles, tickets = await asyncio.gather(
        visit.kb.articles(visit.language, limit=HOME_ARTICLES), _my_tickets(visit), return_exceptions=True
    )
    # Half a home page is better than none: each half says so itself where its service cannot be reached.
    for half in (articles, tickets):
        if isinstance(half, BaseException) and not isinstance(half, Temporary):
            raise half
    return visit.page(
        "home.html",
        articles=None if isinstance(articles, BaseException) else articles.items,
        tickets=None if isinstance(tickets, BaseException) else tickets,
    )


async def _my_tickets(visit: Visit) -> tuple[TicketSummary, ...]:
    if visit.caller is None:
        return ()
    return (await visit.intake.tickets(requester="me", limit=HOME_TICKETS)).items


@router.get("/tickets")
async def my_tickets(
    visit: KnownVisit,
    whose: Annotated[str, Query()] = "",
    q: Annotated[str, Query()] = "",
    cursor: Annotated[str, Query()] = "",
) -> Response:
    """The visitor's own tickets, or with `whose=organisation` all they may see."""
    everybodys = whose == "organisation"
    q = q.strip()[:SEARCH_CHARACTERS_MAX]
    page = await visit.intake.tickets(requester=None if everybodys else "me", q=q, cursor=cursor)
    return visit.page("my_tickets.html", page=page, everybodys=everybodys, q=q, cursor=cursor)


@router.get("/tickets/new")
async def new_ticket_page(visit: AnyVisit, subject: Annotated[str, Query()] = "") -> Response:
    """The form; for htmx, the articles that may answer the subject typed so far."""
    if not visit.by_htmx and visit.caller is None:
        return visit.see("/login?" + urlencode({"next": visit.here}))
    subject = subject[: forms.SUBJECT_CHARACTERS_MAX]
    form = Form({"subject": subject, "kind": Kind.QUESTION, "priority": Priority.LOW, "key": forms.new_key()}, [], [])
    return await _new_ticket(visit, form)


@router.post("/tickets/new")
async def submit(visit: KnownVisit) -> Response:
    """Open a ticket; with `look`, only show again what may answer it."""
    form = await forms.read(visit.request)
    if form["look"]:
        return await _new_ticket(visit, form)
    form.need("subject", visit.t, forms.SUBJECT_CHARACTERS_MAX)
    form.need("text", visit.t, forms.TEXT_CHARACTERS_MAX)
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
    }


async def _new_ticket(visit: Visit, form: Form, status: int = 200) -> Response:
    return visit.page(
        "new_ticket.html",
        status=status,
        form=form,
        errors=form.errors,
        kinds=list(Kind),
        priorities=list(Priority),
        suggestions=await _suggestions(visit, form["subject"]),
        **file_limits(),
    )


async def _suggestions(visit: Visit, subject: str) -> tuple[ArticleLink, ...]:
    if len(subject) < SUGGEST_CHARACTERS_MIN:
        return ()
    try:
        return await visit.kb.suggest(subject[:SUGGEST_CHARACTERS_MAX], visit.language)
    except Temporary:
        # Suggestions help; nobody is kept from asking because they are away.
        return ()


@router.get("/tickets/{number}")
async def ticket_page(visit: KnownVisit, number: int) -> Response:
    """One ticket: where it stands, what happens next, what was said."""
    return await _ticket(visit, number, Form({"key": forms.new_key()}, [], []))


@router.post("/tickets/{number}")
async def reply(visit: KnownVisit, number: int) -> Response:
    """Say something more. To a ticket that ended for good this opens a follow-up, which is shown then."""
    form = await forms.read(visit.request)
    form.need("text", visit.t, forms.TEXT_CHARACTERS_MAX)
    form.need_files(visit.t)
    if not form.errors:
        try:
            facts = {"text": form["text"], "attachment_ids": await forms.upload(form, visit.intake)}
            answered = await visit.intake.command(number, "reply", form.key, facts)
        except Permanent as error:
            explain(form, error, visit.t)
        else:
            return await _replied(visit, number, answered.number, form.key)
    return await _ticket(visit, number, form, status=422)


async def _replied(visit: Visit, number: int, answered: int, key: str) -> Response:
    if answered != number:
        return visit.see(f"/tickets/{answered}", told="followed_up", key=key)
    if not visit.by_htmx:
        return visit.see(f"/tickets/{number}#latest", told="replied", key=key)
    fresh = await _ticket(visit, number, Form({"key": forms.new_key()}, [], []))
    return visit.sent(fresh, "replied", key)


async def _ticket(visit: Visit, number: int, form: Form, status: int = 200) -> Response:
    ticket, timeline = await asyncio.gather(visit.intake.ticket(number), visit.intake.timeline(number))
    return visit.page(
        "ticket.html",
        status=status,
        also=("conversation", "standing"),
        ticket=ticket,
        timeline=timeline,
        happening=happening,
        prospects=prospects(ticket, visit.t),
        form=form,
        errors=form.errors,
        may_reply=bool({"reply", "follow_up"} & set(ticket.moves)),
        **file_limits(),
    )


@router.get("/attachments/{attachment_id}")
async def attachment(visit: KnownVisit, attachment_id: UUID) -> Response:
    """A file, as intake gives it to this visitor; always a download, never a page of this site."""
    file = await visit.intake.download(attachment_id)
    headers = {name: file.headers[name] for name in FILE_HEADERS if name in file.headers}
    if not headers.get("Content-Disposition", "").startswith("attachment"):
        headers["Content-Disposition"] = "attachment"
    headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return StreamingResponse(file.aiter_bytes(), headers=headers, background=BackgroundTask(file.aclose))


def file_limits() -> dict[str, Any]:
    """What a page says beside a file field."""
    return {"files_max": FILES_MAX, "file_bytes_max": FILE_BYTES_MAX, "form_bytes_max": FORM_BYTES_MAX}
