"""Forms for actions on a ticket besides messages, one for each; shown as a page or within the ticket's page."""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.contract.errors import NotFound, Permanent, VersionMismatch
from services.contract.moves import MoveField, Shown, known_moves, shown_as
from services.contract.vocabulary import STEPS
from services.web.clients.records import Ticket
from services.web.forms import forms, move_fields
from services.web.forms.forms import Form, explain
from services.web.forms.move_fields import Look
from services.web.forms.moving import instant, snooze_presets, step_presets, wire
from services.web.pages.desk import show_ticket
from services.web.pages.special_forms import actions, move_of, special
from services.web.visit import DeskVisit, Visit

STEP = "step"
"""The form of an automatic step."""

router = APIRouter(prefix="/desk/tickets/{number}/do")


@router.get("/step")
async def step_page(visit: DeskVisit, number: int, step: str = "") -> Response:
    """The form to postpone an automatic step, do it now, or skip it."""
    return await _step(visit, number, Form.of(step=step))


@router.post("/step")
async def change_step(visit: DeskVisit, number: int) -> Response:
    """Postpone the step, do it now, or skip it."""
    form = await forms.read(visit.request)
    at_once, timed = _step_acts(shown_as(Shown.STEP))
    act = form.choice("act", at_once, timed)
    facts: dict[str, Any] = {"step": form.choice("step", STEPS, "")}
    if act == timed and (until := instant(form, visit.t)):
        facts["until"] = wire(until)
    if not form.errors:
        try:
            await visit.intake.command(number, act, form.key, facts)
            return await _done(visit, number, act, form.key)
        except Permanent as error:
            explain(form, error, visit.t)
    return await _step(visit, number, form, status=422)


async def _step(visit: Visit, number: int, form: Form, status: int = 200) -> Response:
    ticket = await visit.intake.ticket(number)
    kind = form.choice("step", STEPS, "")
    due = next((each for each in ticket.deadlines if each.kind == kind), None)
    if due is None:
        # The step was done or removed since the link was shown.
        return await show_ticket(visit, number, Form.of(), status=409, problem=visit.t("wrong.no_step"))
    at_once, timed = _step_acts(act for act in shown_as(Shown.STEP) if act in ticket.moves)
    return visit.page(
        "doing.html",
        status=status,
        ticket=ticket,
        action=STEP,
        form_template=f"doing/{STEP}.html",
        own_buttons=True,
        form=form,
        errors=form.errors,
        due=due,
        presets=[(name, at, wire(at)) for name, at in step_presets(due.due_at)],
        at_once=at_once,
        timed=timed,
    )


def _step_acts(acts: Iterable[str]) -> tuple[list[str], str]:
    """Of these, those that are done at once, and the one that takes a time; '' if it is not among them."""
    acts = list(acts)
    timed = [act for act in acts if any(move_fields.look(each) is Look.TIME for each in known_moves()[act].fields)]
    return [act for act in acts if act not in timed], next(iter(timed), "")


@router.get("/{action}")
async def action_page(visit: DeskVisit, number: int, action: str) -> Response:
    """The action's form. One that reloads is filled from the address, as where choosing a product brings questions."""
    if action in shown_as(Shown.NEWEST):
        return visit.see(f"/desk/tickets/{number}#latest")
    _must_be_known(action)
    ticket = await visit.intake.ticket(number)
    return await _action(visit, ticket, action, _begun(visit, ticket, action))


@router.post("/{action}")
async def act(visit: DeskVisit, number: int, action: str) -> Response:
    """Make the action's move."""
    if action in shown_as(Shown.NEWEST):
        return await _at_once(visit, number, action)
    _must_be_known(action)
    form = await forms.read(visit.request)
    facts = _read(visit, action, form)
    if not form.errors:
        try:
            await visit.intake.command(number, move_of(action), form.key, facts)
            return await _done(visit, number, action, form.key)
        except Permanent as error:
            explain(form, error, visit.t)
    return await _action(visit, await visit.intake.ticket(number), action, form, status=422)


async def _at_once(visit: Visit, number: int, action: str) -> Response:
    """Make a move that is one click beside the newest message. Refused if the ticket changed since it was read."""
    form = await forms.read(visit.request)
    try:
        await visit.intake.command(number, action, form.key, {}, form.number("version"))
    except VersionMismatch:
        problem = visit.t("wrong.newer_message")
    except Permanent as error:
        problem = forms.sentence(error, visit.t)
    else:
        return await _done(visit, number, action, form.key)
    return await show_ticket(visit, number, Form.of(), status=409, problem=problem)


def _must_be_known(action: str) -> None:
    if action not in actions():
        raise NotFound("There is no such action.")


def _fields(action: str) -> tuple[MoveField, ...]:
    return move_fields.fields_of_action(move_of(action))


def _read(visit: Visit, action: str, form: Form) -> move_fields.MoveBody:
    read = special(action).read
    return read(form, visit.t) if read else move_fields.read(_fields(action), form, visit.t)


async def _done(visit: Visit, number: int, told: str, key: str) -> Response:
    if not visit.by_htmx:
        return visit.see(f"/desk/tickets/{number}", told=f"{told}_done", key=key)
    return visit.sent(await show_ticket(visit, number, Form.of()), f"{told}_done", key)


def _begun(visit: Visit, ticket: Ticket, action: str) -> Form:
    # A field that is named as one of the ticket's begins as it is there.
    alike = [each.name for each in _fields(action) if each.name in Ticket.model_fields]
    known = {name: getattr(ticket, name) for name in alike if getattr(ticket, name) is not None}
    known |= special(action).begins(ticket)
    if special(action).reloads:
        known |= {name: value for name, value in visit.request.query_params.items() if name != "key"}
    return Form.of(**known)


async def _action(visit: Visit, ticket: Ticket, action: str, form: Form, status: int = 200) -> Response:
    asked = [] if special(action).template else move_fields.asked(action, _fields(action), visit.t)
    return visit.page(
        "doing.html",
        status=status,
        ticket=ticket,
        action=action,
        form_template=f"doing/{action}.html" if special(action).template else "",
        own_buttons=special(action).own_buttons or any(each.look is Look.TIME and each.required for each in asked),
        form=form,
        errors=form.errors,
        asked=asked,
        presets=[(name, at, wire(at)) for name, at in snooze_presets(visit.t.now, visit.t.zone)],
        **await special(action).shows(visit, ticket, form),
    )
