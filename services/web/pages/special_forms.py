"""The forms that are richer than the fields of their move, all in one place. Every other form is made from the fields.

The template of an action's form is `templates/doing/<action>.html`, that of a command for many tickets
`templates/many/<command>.html`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.contract.limits import SUBJECT_CHARACTERS_MAX, TAGS_CHARACTERS_MAX, TEXT_CHARACTERS_MAX
from services.contract.moves import Shown, shown_as
from services.contract.vocabulary import Effort, Kind, Role
from services.web.clients.records import Ticket
from services.web.forms.forms import FIELD_PREFIX, Form
from services.web.forms.move_fields import MoveBody
from services.web.forms.moving import instant, ticket_number, wire, words_of
from services.web.visit import Visit
from services.web.words import Said

Facts = dict[str, Any]


async def _nothing(_visit: Visit, _ticket: Ticket, _form: Form) -> Facts:
    return {}


async def _nothing_of_many(_visit: Visit) -> Facts:
    return {}


@dataclass(frozen=True)
class SpecialForm:
    """What the form of an action has beyond the fields of the move of that name."""

    template: bool = True
    """Whether it has a template of its own."""
    read: Callable[[Form, Said], MoveBody] | None = None
    """Reads the form, and notes errors in it; None where that follows from the fields of the move."""
    begins: Callable[[Ticket], Facts] = lambda _: {}
    """What the form is filled in with."""
    shows: Callable[[Visit, Ticket, Form], Awaitable[Facts]] = _nothing
    """What else its template shows."""
    reloads: bool = False
    """Whether the page fetches it again with what is filled in so far."""
    own_buttons: bool = False
    """Whether its template has the buttons that send it."""
    move: str = ""
    """The move it makes, where that is not the one of the action's name."""
    after: str = ""
    """For such an action: the move below which it is offered."""
    when: Callable[[Ticket], bool] = lambda _: True
    """For such an action: what else has to be true of the ticket."""


@dataclass(frozen=True)
class SpecialFormOfMany:
    """What the form of a command for many tickets has beyond the fields of the command."""

    read: Callable[[Form, Said], MoveBody]
    shows: Callable[[Visit], Awaitable[Facts]] = _nothing_of_many


PLAIN = SpecialForm(template=False)


def special(action: str) -> SpecialForm:
    """What is special about the action's form; `PLAIN` where nothing is."""
    return SPECIAL_FORMS.get(action, PLAIN)


def move_of(action: str) -> str:
    """The move that the action makes."""
    return special(action).move or action


def actions() -> tuple[str, ...]:
    """The actions of the desk, in the order in which to offer them."""
    further = [(form.after, name) for name, form in SPECIAL_FORMS.items() if form.after]
    return tuple(
        each for move in shown_as(Shown.ACTION) for each in (move, *(name for after, name in further if after == move))
    )


def is_open(action: str, ticket: Ticket) -> bool:
    """Whether the ticket allows this action now."""
    return move_of(action) in ticket.moves and special(action).when(ticket)


def _read_merge(form: Form, t: Said) -> MoveBody:
    into = ticket_number(form["into"])
    if into is None:
        form.errors["into"] = t("wrong.no_number")
    return {"into": into}


def _must_name_a_tag(form: Form, t: Said) -> None:
    for name in ("add", "remove"):
        if len(form[name]) > TAGS_CHARACTERS_MAX:
            form.errors[name] = t("wrong.too_long", max=TAGS_CHARACTERS_MAX)
    if not form["add"] and not form["remove"]:
        form.errors["add"] = t("wrong.no_tag")


def _read_tag(form: Form, t: Said) -> MoveBody:
    _must_name_a_tag(form, t)
    return {"add": words_of(form["add"]), "remove": form.every("remove")}


def _read_tag_of_many(form: Form, t: Said) -> MoveBody:
    _must_name_a_tag(form, t)
    return {"add": words_of(form["add"]), "remove": words_of(form["remove"])}


def _read_change(form: Form, t: Said) -> MoveBody:
    form.need("subject", t, SUBJECT_CHARACTERS_MAX)
    facts: MoveBody = {"subject": form["subject"], "kind": form.choice("kind", Kind, Kind.QUESTION)}
    if product := form.id("product_id"):
        facts |= {"product_id": product, "fields": form.product_fields}
    return facts


def _read_team(form: Form, _t: Said) -> MoveBody:
    return {"team_id": form.id("team_id")}


def _read_assign(form: Form, _t: Said) -> MoveBody:
    return {"assignee_id": form.id("assignee_id")}


def _read_link_problem(form: Form, t: Said) -> MoveBody:
    problem = ticket_number(form["problem"])
    if form["problem"] and problem is None:
        form.errors["problem"] = t("wrong.no_number")
    return {"problem": problem}


def _read_share(form: Form, t: Said) -> MoveBody:
    if gone := form.id("unshare"):
        return {"person_id": gone, "shared": False}
    chosen = form.id("person_id")
    if chosen is None:
        form.errors["person_id"] = t("wrong.no_colleague")
    return {"person_id": chosen}


def _read_snooze(form: Form, t: Said) -> MoveBody:
    if form["preset"] == "end":
        return {"until": None}
    until = instant(form, t)
    return {"until": wire(until) if until else None}


def _read_solve_incidents(form: Form, t: Said) -> MoveBody:
    form.need("text", t, TEXT_CHARACTERS_MAX)
    return {"text": form["text"], "incidents": True}


def _begin_change(ticket: Ticket) -> Facts:
    about = {"subject": ticket.subject, "kind": ticket.kind, "product_id": ticket.product.id if ticket.product else ""}
    return about | {f"{FIELD_PREFIX}{key}": value for key, value in ticket.fields.items()}


def _begin_park(ticket: Ticket) -> Facts:
    return {"effort": ticket.parking.effort if ticket.parking else Effort.MEDIUM}


def _begin_plan(ticket: Ticket) -> Facts:
    return {"release": ticket.parking.release or "" if ticket.parking else ""}


async def _show_change(visit: Visit, _ticket: Ticket, form: Form) -> Facts:
    products = await visit.desk.products()
    chosen = next((each for each in products if str(each.id) == form["product_id"]), None)
    shown = [each for each in products if each.active or each is chosen]
    return {"products": shown, "product": chosen, "kinds": list(Kind)}


async def _show_teams(visit: Visit) -> Facts:
    return {"teams": [team for team in await visit.desk.teams() if team.active]}


async def _show_team(visit: Visit, _ticket: Ticket, _form: Form) -> Facts:
    return await _show_teams(visit)


async def _show_staff(visit: Visit) -> Facts:
    return {"staff": await visit.intake.staff()}


async def _show_plan(visit: Visit, _ticket: Ticket, _form: Form) -> Facts:
    return {"releases": [each.name for each in await visit.desk.releases() if each.shipped_at is None]}


async def _show_share(visit: Visit, ticket: Ticket, _form: Form) -> Facts:
    shared = {each.person_id for each in ticket.colleagues}
    return {"people": [each for each in await visit.intake.staff(Role.COLLEAGUE) if each.id not in shared]}


SPECIAL_FORMS: Mapping[str, SpecialForm] = {
    # Tags are written with commas between; those that the ticket has are removed with a click.
    "tag": SpecialForm(read=_read_tag),
    # The questions follow from the product chosen.
    "change": SpecialForm(read=_read_change, begins=_begin_change, shows=_show_change, reloads=True),
    # One click: each team is a button.
    "team": SpecialForm(read=_read_team, shows=_show_team, own_buttons=True),
    # How much work it is is guessed as medium, until somebody says otherwise.
    "park": SpecialForm(template=False, begins=_begin_park),
    # The releases there are already can be chosen.
    "plan": SpecialForm(begins=_begin_plan, shows=_show_plan),
    # A reminder can be ended as well.
    "snooze": SpecialForm(read=_read_snooze, own_buttons=True),
    # Tickets are named as people write them: `#12`.
    "merge": SpecialForm(read=_read_merge),
    "link_problem": SpecialForm(read=_read_link_problem, begins=lambda ticket: {"problem": ticket.problem or ""}),
    # Solves a problem, and its incidents with it.
    "solve_incidents": SpecialForm(
        read=_read_solve_incidents, move="solve", after="link_problem", when=lambda ticket: bool(ticket.incidents)
    ),
    # Colleagues are chosen by name; with whom it is shared already can be ended.
    "share": SpecialForm(read=_read_share, shows=_show_share),
}
"""Of actions on one ticket, by the action's name."""

SPECIAL_FORMS_OF_MANY: Mapping[str, SpecialFormOfMany] = {
    "assign": SpecialFormOfMany(_read_assign, _show_staff),
    "team": SpecialFormOfMany(_read_team, _show_teams),
    "tag": SpecialFormOfMany(_read_tag_of_many),
}
"""Of commands for many tickets, by the command's name."""
