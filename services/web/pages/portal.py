"""The portal for requesters: the home page, their tickets, one ticket, and its files."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from services.contract.errors import NotFound, Permanent, Temporary
from services.contract.limits import (
    ATTACHMENT_BYTES_MAX,
    ATTACHMENTS_MAX,
    FORM_BYTES_MAX,
    SEARCH_CHARACTERS_MAX,
)
from services.contract.moves import Shown, known_moves, shown_as
from services.contract.vocabulary import DeadlineKind
from services.web.clients.records import TicketSummary
from services.web.forms import forms
from services.web.forms.forms import Form, explain
from services.web.forms.move_fields import need_words
from services.web.forms.moving import instant, later, wire
from services.web.future import prospects
from services.web.visit import AnyVisit, KnownVisit, Visit

HOME_TICKETS = 8
HOME_ARTICLES = 6
REPLY = "reply"
"""The message that is sent where nobody chose another."""
WEEKS = (1, 2)
"""By how many weeks a button postpones the closing of a ticket; any other day can be filled in."""
FILE_HEADERS = ("Content-Type", "Content-Length", "Content-Disposition")

router = APIRouter()


@router.get("/")
async def home(visit: AnyVisit) -> Response:
    """The home page: search the help centre, ask support, and see one's own tickets."""
    articles, tickets = await asyncio.gather(
        visit.kb.articles(visit.language, limit=HOME_ARTICLES), _my_tickets(visit), return_exceptions=True
    )
    # Show half a home page rather than none: the half whose service cannot be reached says so.
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
    return (await visit.intake.tickets(limit=HOME_TICKETS, filters={"requester": "me"})).items


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
    wanted = {"requester": None if everybodys else "me", "q": q, "cursor": cursor}
    page = await visit.intake.tickets(filters=wanted)
    return visit.page("my_tickets.html", page=page, everybodys=everybodys, q=q, cursor=cursor)


@router.get("/tickets/{number}")
async def ticket_page(visit: KnownVisit, number: int) -> Response:
    """One ticket: its status, what happens next, and its timeline."""
    return await _ticket(visit, number, Form.of())


@router.post("/tickets/{number}")
async def reply(visit: KnownVisit, number: int) -> Response:
    """Reply, or send another of the messages offered; a colleague may write an internal note instead.

    A reply to a ticket that cannot be reopened opens a follow-up, and a reply to a merged ticket goes to the ticket it
    was merged into; then that ticket is shown.
    """
    form = await forms.read(visit.request)
    mode = form.choice("mode", (*shown_as(Shown.MESSAGE, requester=True), "note"), REPLY)
    need_words(form, known_moves()[mode], visit.t)
    form.need_files(visit.t)
    if not form.errors:
        try:
            facts = {"text": form["text"] or None, "attachment_ids": await forms.upload(form, visit.intake)}
            answered = await visit.intake.command(number, mode, form.key, facts)
        except Permanent as error:
            explain(form, error, visit.t)
        else:
            told = "replied" if mode == REPLY else f"{mode}_sent"
            return await _replied(visit, number, answered.number, told, form.key)
    return await _ticket(visit, number, form, status=422)


@router.post("/tickets/{number}/wish")
async def wish(visit: KnownVisit, number: int) -> Response:
    """Do what a button beside the ticket says, or postpone its closing."""
    form = await forms.read(visit.request)
    act = form.choice("act", (*shown_as(Shown.ACTION, requester=True), "postpone"), "")
    facts: dict[str, Any] = {}
    if act == "postpone":
        until = instant(form, visit.t)
        facts = {"step": DeadlineKind.CLOSURE, "until": wire(until) if until else None}
    if not act:
        raise NotFound("There is no such wish.")
    problem = form.errors.get("until")
    if problem is None:
        try:
            await visit.intake.command(number, act, form.key, facts)
            return visit.see(f"/tickets/{number}", told=f"{act}_wished")
        except Permanent as error:
            problem = forms.sentence(error, visit.t)
    return await _ticket(visit, number, Form.of(until=form["until"]), status=422, problem=problem)


def _further_messages() -> list[str]:
    return [each for each in shown_as(Shown.MESSAGE, requester=True) if each != REPLY]


async def _replied(visit: Visit, number: int, answered: int, told: str, key: str) -> Response:
    if answered != number:
        return visit.see(f"/tickets/{answered}", told="followed_up", key=key)
    if not visit.by_htmx:
        return visit.see(f"/tickets/{number}#latest", told=told, key=key)
    fresh = await _ticket(visit, number, Form.of())
    return visit.sent(fresh, told, key)


async def _ticket(visit: Visit, number: int, form: Form, status: int = 200, problem: str | None = None) -> Response:
    ticket, timeline = await asyncio.gather(visit.intake.ticket(number), visit.intake.timeline(number))
    closes_at = next((each.due_at for each in ticket.deadlines if each.kind is DeadlineKind.CLOSURE), None)
    return visit.page(
        "ticket.html",
        status=status,
        also=("conversation", "standing"),
        ticket=ticket,
        timeline=timeline,
        prospects=prospects(ticket, visit.t),
        form=form,
        errors=form.errors,
        problem=problem,
        may_reply=bool({REPLY, "follow_up"} & set(ticket.moves)),
        may_note="note" in ticket.moves,
        further=[known_moves()[each] for each in _further_messages() if each in ticket.moves],
        wishes=[each for each in shown_as(Shown.ACTION, requester=True) if each in ticket.moves],
        may_postpone="postpone" in ticket.moves,
        later=later(closes_at, WEEKS) if closes_at else [],
        key=forms.new_key(),
        **file_limits(),
    )


@router.get("/attachments/{attachment_id}")
async def attachment(visit: KnownVisit, attachment_id: UUID) -> Response:
    """A file that this visitor may see; always a download, so that it never runs as a page of this site."""
    file = await visit.intake.download(attachment_id)
    headers = {name: file.headers[name] for name in FILE_HEADERS if name in file.headers}
    if not headers.get("Content-Disposition", "").startswith("attachment"):
        headers["Content-Disposition"] = "attachment"
    headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return StreamingResponse(file.aiter_bytes(), headers=headers, background=BackgroundTask(file.aclose))


def file_limits() -> dict[str, Any]:
    """What a page says beside a file field."""
    return {"files_max": ATTACHMENTS_MAX, "file_bytes_max": ATTACHMENT_BYTES_MAX, "form_bytes_max": FORM_BYTES_MAX}
