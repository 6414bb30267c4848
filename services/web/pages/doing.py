"""Forms for actions on a ticket besides messages, one for each; shown as a page or within the ticket's page."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.contract.errors import NotFound, Permanent
from services.contract.vocabulary import STEPS, DeadlineKind, Effort, Kind, Language, Priority, Role
from services.web.clients.records import Ticket
from services.web.forms import forms
from services.web.forms.forms import FIELD_PREFIX, Form, explain
from services.web.forms.moving import FACTS, instant, snooze_presets, step_presets, wire
from services.web.pages.desk import ACTIONS, show_ticket
from services.web.visit import DeskVisit, Visit

COMMANDS = {"solve_incidents": "solve"}
"""Actions whose command has another name."""

router = APIRouter(prefix="/desk/tickets/{number}/do")


@router.get("/step")
async def step_page(visit: DeskVisit, number: int, step: str = "") -> Response:
    """The form to postpone an automatic step, do it now, or skip it."""
    return await _step(visit, number, Form.of(step=step))


@router.post("/step")
async def change_step(visit: DeskVisit, number: int) -> Response:
    """Postpone the step, do it now, or skip it."""
    form = await forms.read(visit.request)
    act = form.choice("act", ("do_now", "skip", "postpone"), "postpone")
    facts: dict[str, Any] = {"step": form.choice("step", STEPS, "")}
    if act == "postpone" and (until := instant(form, visit.t)):
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
    return visit.page(
        "doing.html",
        status=status,
        ticket=ticket,
        action="step",
        form=form,
        errors=form.errors,
        due=due,
        presets=[(name, at, wire(at)) for name, at in step_presets(due.due_at)],
        acts=[act for act in ("do_now", "skip", "postpone") if act in ticket.moves],
        kinds=DeadlineKind,
    )


@router.get("/{action}")
async def action_page(visit: DeskVisit, number: int, action: str) -> Response:
    """The action's form. For `change`, it is filled from the address: choosing a product reloads the form."""
    _must_be_known(action)
    ticket = await visit.intake.ticket(number)
    return await _action(visit, ticket, action, _begun(visit, ticket, action))


@router.post("/{action}")
async def act(visit: DeskVisit, number: int, action: str) -> Response:
    """Give the action's command."""
    _must_be_known(action)
    form = await forms.read(visit.request)
    facts = FACTS[action](form, visit.t)
    if not form.errors:
        try:
            await visit.intake.command(number, COMMANDS.get(action, action), form.key, facts)
            return await _done(visit, number, action, form.key)
        except Permanent as error:
            explain(form, error, visit.t)
    return await _action(visit, await visit.intake.ticket(number), action, form, status=422)


def _must_be_known(action: str) -> None:
    if action not in ACTIONS:
        raise NotFound("There is no such action.")


async def _done(visit: Visit, number: int, told: str, key: str) -> Response:
    if not visit.by_htmx:
        return visit.see(f"/desk/tickets/{number}", told=f"{told}_done", key=key)
    return visit.sent(await show_ticket(visit, number, Form.of()), f"{told}_done", key)


def _begun(visit: Visit, ticket: Ticket, action: str) -> Form:
    given = dict(visit.request.query_params)
    known: dict[str, Any] = {
        "priority": ticket.priority,
        "subject": ticket.subject,
        "kind": ticket.kind,
        "product_id": ticket.product.id if ticket.product else "",
        "problem": ticket.problem or "",
        "effort": ticket.parking.effort if ticket.parking else Effort.MEDIUM,
        "release": ticket.parking.release or "" if ticket.parking else "",
    }
    known |= {f"{FIELD_PREFIX}{key}": value for key, value in ticket.fields.items()}
    known |= {name: value for name, value in given.items() if action == "change" and name != "key"}
    return Form.of(**known)


async def _action(visit: Visit, ticket: Ticket, action: str, form: Form, status: int = 200) -> Response:
    return visit.page(
        "doing.html",
        status=status,
        ticket=ticket,
        action=action,
        form=form,
        errors=form.errors,
        kinds=list(Kind),
        priorities=list(Priority),
        efforts=list(Effort),
        languages=list(Language),
        presets=[(name, at, wire(at)) for name, at in snooze_presets(visit.t.now, visit.t.zone)],
        **await _choices(visit, ticket, action, form),
    )


async def _choices(visit: Visit, ticket: Ticket, action: str, form: Form) -> dict[str, Any]:
    if action == "change":
        products = await visit.desk.products()
        chosen = next((each for each in products if str(each.id) == form["product_id"]), None)
        shown = [each for each in products if each.active or each is chosen]
        return {"products": shown, "product": chosen}
    if action == "team":
        return {"teams": [team for team in await visit.desk.teams() if team.active]}
    if action == "plan":
        return {"releases": [each.name for each in await visit.desk.releases() if each.shipped_at is None]}
    if action == "share":
        shared = {each.person_id for each in ticket.colleagues}
        return {"people": [each for each in await visit.intake.staff(Role.COLLEAGUE) if each.id not in shared]}
    return {}
