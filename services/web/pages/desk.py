"""A ticket's page on the desk: the conversation, the composer, the facts, and the automatic steps to come."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.contract.errors import Permanent, VersionMismatch
from services.contract.moves import Shown, known_moves, shown_as
from services.web.clients.records import Entry, Ticket
from services.web.forms import forms
from services.web.forms.forms import Form, explain
from services.web.forms.move_fields import need_words
from services.web.future import promises, steps
from services.web.history import changes_since
from services.web.pages.portal import file_limits
from services.web.pages.queue import read_queue
from services.web.pages.special_forms import actions, is_open
from services.web.visit import DeskVisit, Visit

REGIONS = ("conversation", "standing", "side", "seen")
"""The blocks that are refreshed when the ticket changes. Not the composer: somebody may be typing in it."""

router = APIRouter(prefix="/desk/tickets")


@router.get("/{number}")
async def ticket_page(visit: DeskVisit, number: int, view: Annotated[str, Query()] = "") -> Response:
    """The ticket, beside the queue it was opened from."""
    return await show_ticket(visit, number, Form.of(), view=view)


@router.post("/{number}/messages")
async def send(visit: DeskVisit, number: int) -> Response:
    """Send what was written. Refused if the ticket changed since the page was read (except for a note)."""
    form = await forms.read(visit.request)
    modes = shown_as(Shown.MESSAGE)
    mode = form.choice("mode", modes, modes[0])
    need_words(form, known_moves()[mode], visit.t)
    form.need_files(visit.t)
    if not form.errors:
        try:
            await _command(visit, number, mode, form)
        except VersionMismatch:
            return await _changed_meanwhile(visit, number, form)
        except Permanent as error:
            explain(form, error, visit.t)
        else:
            return await _sent(visit, number, mode, form.key)
    return await show_ticket(visit, number, form, status=422)


async def _command(visit: Visit, number: int, mode: str, form: Form) -> Ticket:
    facts: dict[str, Any] = {"text": form["text"] or None, "attachment_ids": await forms.upload(form, visit.intake)}
    # A note is internal, so it may be added even if the ticket has changed since.
    version = None if mode == "note" else form.number("version")
    return await visit.intake.command(number, mode, form.key, facts, version)


async def _sent(visit: Visit, number: int, mode: str, key: str) -> Response:
    if not visit.by_htmx:
        return visit.see(f"/desk/tickets/{number}#latest", told=f"{mode}_sent", key=key)
    return visit.sent(await show_ticket(visit, number, Form.of()), f"{mode}_sent", key)


async def _changed_meanwhile(visit: Visit, number: int, form: Form) -> Response:
    # Show the changes, and keep the text in the form: sending it again is then a deliberate decision.
    form.errors[""] = visit.t("wrong.changed_meanwhile")
    return await show_ticket(visit, number, form, status=412, seen=form.number("seen"))


@router.get("/{number}/assignee")
async def assignee_page(visit: DeskVisit, number: int) -> Response:
    """The form to assign the ticket to somebody."""
    ticket, staff = await asyncio.gather(visit.intake.ticket(number), visit.intake.staff())
    by_name = sorted(staff, key=lambda person: person.name.lower())
    return visit.page("assignee.html", ticket=ticket, staff=by_name, key=forms.new_key())


@router.post("/{number}/assignee")
async def assign(visit: DeskVisit, number: int) -> Response:
    """Assign the ticket. If its assignee changed since the page was read, refuse and say who it is now."""
    form = await forms.read(visit.request)
    ticket = await visit.intake.ticket(number)
    problem = None
    if form["was"] != _assignee(ticket):
        name = ticket.assignee.name if ticket.assignee else visit.t("ticket.nobody")
        problem = visit.t("wrong.assigned_meanwhile", name=name)
    else:
        try:
            await visit.intake.command(
                number, "assign", form.key, {"assignee_id": _chosen(visit, form)}, ticket.version
            )
        except Permanent as error:
            problem = forms.sentence(error, visit.t)
    if problem is None and not visit.by_htmx:
        return visit.see(f"/desk/tickets/{number}", told="assigned")
    return await show_ticket(visit, number, Form.of(), status=200 if problem is None else 409, problem=problem)


def _chosen(visit: Visit, form: Form) -> str | None:
    if form["assignee"] == "me" and visit.caller:
        return str(visit.caller.person_id)
    try:
        return str(UUID(form["assignee"]))
    except ValueError:
        return None


def _assignee(ticket: Ticket) -> str:
    return str(ticket.assignee.person_id) if ticket.assignee else ""


async def show_ticket(
    visit: Visit,
    number: int,
    form: Form,
    *,
    status: int = 200,
    view: str = "",
    seen: int | None = None,
    problem: str | None = None,
) -> Response:
    ticket, timeline, queue = await asyncio.gather(
        visit.intake.ticket(number), visit.intake.timeline(number), _queue_beside(visit, view)
    )
    modes = [mode for mode in shown_as(Shown.MESSAGE) if mode in ticket.moves]
    return visit.page(
        "desk_ticket.html",
        status=status,
        also=REGIONS,
        ticket=ticket,
        timeline=timeline,
        steps=steps(ticket, visit.t),
        promises=promises(ticket, visit.t),
        labels=await _labels(visit, ticket),
        newest=_newest(timeline),
        at_newest=[each for each in shown_as(Shown.NEWEST) if each in ticket.moves],
        actions=[action for action in actions() if is_open(action, ticket)],
        form=form,
        errors=form.errors,
        problem=problem,
        news=changes_since(timeline, seen, visit.t) if seen is not None else [],
        modes=modes,
        mode=form.choice("mode", modes, modes[0] if modes else ""),
        assignee=_assignee(ticket),
        key=forms.new_key(),
        me=str(visit.caller.person_id) if visit.caller else "",
        **queue,
        **file_limits(),
    )


def _newest(timeline: tuple[Entry, ...]) -> Entry | None:
    """The newest message that the requester's side can read."""
    return next((each for each in reversed(timeline) if each.comment and each.comment.public), None)


async def _labels(visit: Visit, ticket: Ticket) -> dict[str, str]:
    # Only tickets with product fields need one more call; few have any.
    if not ticket.fields or ticket.product is None:
        return {}
    product = next((each for each in await visit.desk.products() if each.id == ticket.product.id), None)
    return {each.key: each.asks(visit.language) for each in product.form} if product else {}


async def _queue_beside(visit: Visit, view: str) -> dict[str, Any]:
    # For htmx, only parts of the page are rendered, and the queue is not among them.
    return {"page": None, "views": [], "view": "", "q": ""} if visit.by_htmx else await read_queue(visit, view)
