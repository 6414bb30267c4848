"""Pages for bulks (one command for many tickets): starting one from the queue, watching and steering it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.contract.errors import Invalid, Permanent
from services.contract.moves import MoveField, bulk_commands
from services.contract.vocabulary import BulkState, TaskState
from services.web.forms import forms, move_fields
from services.web.forms.forms import Form, explain
from services.web.pages.queue import FILTERS
from services.web.pages.special_forms import SPECIAL_FORMS_OF_MANY
from services.web.visit import DeskVisit, Visit

STATES = (TaskState.REFUSED, TaskState.KEPT, TaskState.PENDING, TaskState.DONE, TaskState.UNDONE)
"""The states of a bulk's tickets; the first one that has tickets is shown first."""
SHOWN_WHEN_EMPTY = (TaskState.REFUSED, TaskState.PENDING, TaskState.DONE)
STEERED = ("pause", "resume", "cancel", "undo")
NARROWED_BY = ("view", "q", *FILTERS)

router = APIRouter(prefix="/desk/bulks")


@router.get("")
async def bulks(visit: DeskVisit, cursor: Annotated[str, Query()] = "") -> Response:
    """The list of bulks, newest first."""
    return visit.page("bulks.html", page=await visit.desk.bulks(cursor))


@router.get("/new")
async def new_bulk_page(visit: DeskVisit) -> Response:
    """The form for a new bulk: the command, the number of tickets, and the command's fields."""
    given = visit.request.query_params
    form = Form.of(**{name: given[name] for name in ("command", "all", *NARROWED_BY) if given.get(name)})
    form.several["number"] = [number for number in given.getlist("number") if number.isdigit()]
    return await _new(visit, form)


@router.post("/new")
async def start_bulk(visit: DeskVisit) -> Response:
    """Start a bulk, and show it."""
    form = await forms.read(visit.request)
    facts = _facts(visit, form)
    if not form["all"] and not form.every("number"):
        form.errors[""] = visit.t("bulk.nothing")
    if not form.errors:
        wanted = {"command": form["command"], "facts": facts, **_which(form)}
        try:
            bulk = await visit.desk.start_bulk(form.key, wanted)
            return visit.see(f"/desk/bulks/{bulk.id}", told="bulk_started")
        except Permanent as error:
            explain(form, error, visit.t)
    return await _new(visit, form, status=422)


def _which(form: Form) -> dict[str, Any]:
    if form["all"]:
        return {"filter": {name: form[name] for name in NARROWED_BY if form[name]}}
    return {"numbers": [int(number) for number in form.every("number") if number.isdigit()]}


def _facts(visit: Visit, form: Form) -> dict[str, Any]:
    command = _command(form)
    if special := SPECIAL_FORMS_OF_MANY.get(command):
        return special.read(form, visit.t)
    return move_fields.read(_fields(command), form, visit.t)


def _command(form: Form) -> str:
    if command := form.choice("command", bulk_commands(), ""):
        return command
    raise Invalid("There is no such command for many tickets.")


def _fields(command: str) -> tuple[MoveField, ...]:
    return move_fields.fields_of_many(bulk_commands()[command].fields)


async def _new(visit: Visit, form: Form, status: int = 200) -> Response:
    command = _command(form)
    special = SPECIAL_FORMS_OF_MANY.get(command)
    return visit.page(
        "new_bulk.html",
        status=status,
        form=form,
        errors=form.errors,
        command=command,
        form_template=f"many/{command}.html" if special else "",
        asked=[] if special else move_fields.asked(command, _fields(command), visit.t),
        numbers=form.every("number"),
        narrowed={name: form[name] for name in NARROWED_BY if form[name]},
        found=await _found(visit, form),
        **(await special.shows(visit) if special else {}),
    )


async def _found(visit: Visit, form: Form) -> int | None:
    """How many tickets were chosen by filter; known only for a whole view, which the queue counts."""
    if not form["all"] or any(form[name] for name in NARROWED_BY if name != "view"):
        return None
    return {view.name: view.count for view in await visit.intake.views()}.get(form["view"])


@router.get("/{bulk_id}")
async def bulk_page(
    visit: DeskVisit, bulk_id: UUID, state: Annotated[str, Query()] = "", cursor: Annotated[str, Query()] = ""
) -> Response:
    """A bulk's progress, and the result for each ticket."""
    return await _bulk(visit, bulk_id, state, cursor)


@router.post("/{bulk_id}/{how}")
async def steer(visit: DeskVisit, bulk_id: UUID, how: str) -> Response:
    """Pause, resume, cancel or undo a bulk."""
    form = await forms.read(visit.request)
    if how not in STEERED:
        raise Invalid("A bulk can be paused, resumed, cancelled or undone.")
    try:
        await visit.desk.steer_bulk(bulk_id, how, form.key)
    except Permanent as error:
        return await _bulk(visit, bulk_id, status=409, problem=forms.sentence(error, visit.t))
    return visit.see(f"/desk/bulks/{bulk_id}") if not visit.by_htmx else await _bulk(visit, bulk_id)


async def _bulk(
    visit: Visit, bulk_id: UUID, state: str = "", cursor: str = "", status: int = 200, problem: str | None = None
) -> Response:
    bulk = await visit.desk.bulk(bulk_id)
    counts = {name: int(getattr(bulk, name)) for name in STATES}
    chosen = state if state in STATES else next((name for name, count in counts.items() if count), "done")
    page = await visit.desk.bulk_tickets(bulk_id, chosen, cursor)
    return visit.page(
        "bulk.html",
        status=status,
        bulk=bulk,
        page=page,
        states=[name for name in STATES if counts[name] or name in SHOWN_WHEN_EMPTY],
        state=chosen,
        counts=counts,
        problem=problem,
        key=forms.new_key(),
        may=_may(bulk.state, undo_until=bulk.can_undo_until, now=visit.t.now),
    )


def _may(state: BulkState, *, undo_until: datetime | None, now: datetime) -> tuple[str, ...]:
    if state is BulkState.RUNNING:
        return ("pause", "cancel")
    if state is BulkState.PAUSED:
        return ("resume", "cancel")
    return ("undo",) if undo_until and undo_until > now else ()
