"""The pages follow the moves of the contract: each has its words in every language, none is named without a reason."""

import re
from collections.abc import Iterator, Mapping

import pytest

from services.contract.moves import (
    MoveField,
    PublicMove,
    Shown,
    bulk_commands,
    known_moves,
    link_acts,
    shortcuts,
    shown_as,
)
from services.contract.vocabulary import Language
from services.web.forms import move_fields
from services.web.forms.move_fields import Look
from services.web.pages.special_forms import SPECIAL_FORMS, SPECIAL_FORMS_OF_MANY, actions, move_of, special
from services.web.words import FOLDER, catalogues

WEB = FOLDER.parent
CATALOGUES = catalogues()
MODES_MAX = 9
"""The ways to send a message for which the style sheet shows the hint of the one chosen."""
STARTED_ELSEWHERE = {"replan", "ship", "solve_incidents"}
"""Commands for many tickets that another act starts; the list of bulks names them."""

QUOTED = re.compile(r"""["'](\w+)["']""")
LEADS_TO = re.compile(r"""/do/(\w+)""")
SAID = re.compile(
    r"""["'](?:act|told|wish|composer|reply|answer|answer_done|bulk_command|bulk_hint)\.(\w+?)"""
    r"""(?:_hint|_send|_done|_sent|_wished)?["']"""
)
NAMED: Mapping[str, set[str]] = {
    # The registries of what is special.
    "pages/special_forms.py": {*SPECIAL_FORMS, *SPECIAL_FORMS_OF_MANY, "solve"},
    "templates/doing/snooze.html": {"snooze"},
    # An automatic step that is skipped has a cross on its button.
    "templates/doing/step.html": {"skip"},
    # Assigning has a page of its own, and a button.
    "pages/desk.py": {"assign", "note"},  # a note may be added to a ticket that changed meanwhile
    "templates/desk_ticket.html": {"assign"},
    # The requester's form replies, or opens a follow-up; a colleague's adds a note. Closing is postponed by weeks.
    "pages/portal.py": {"reply", "follow_up", "note", "postpone"},
    "templates/ticket.html": {"reply", "follow_up", "note", "postpone"},
    "pages/answer.py": {"postpone"},
    "templates/answer.html": {"postpone"},
    # The board leads to what the product director decides.
    "templates/board.html": {"plan", "decline"},
}
"""The files that name moves, each with those it may name."""
OTHER_THINGS: Mapping[str, set[str]] = {
    # The filters of the queue.
    "pages/queue.py": {"team", "tag"},
    "templates/queue.html": {"team", "tag"},
    # A tag and a link that skips, as classes.
    "templates/desk_ticket.html": {"tag"},
    "templates/new_bulk.html": {"tag"},
    "templates/rows.html": {"tag", "snooze"},  # and a deadline
    "templates/layout.html": {"skip"},
    # What a release brings.
    "pages/board.py": {"note"},
    "templates/ship.html": {"note"},
    "clients/desk_api.py": {"note"},
    # An event of browsers.
    "static/page.js": {"change"},
    "static/select.js": {"change"},
    "templates/ui.html": {"change"},
    "templates/doing/change.html": {"change"},
}
"""Words in files that are no moves there."""


def sources() -> Iterator[tuple[str, str]]:
    """The code, templates and scripts of the web: their paths and texts."""
    for kind in ("*.py", "templates/**/*.html", "static/*.js"):
        for file in WEB.glob(kind) if kind.startswith("static") else WEB.rglob(kind):
            if "node_modules" not in file.parts:
                yield file.relative_to(WEB).as_posix(), file.read_text(encoding="utf-8")


def named(source: str) -> set[str]:
    """The moves and actions that a source names."""
    found = {*QUOTED.findall(source), *LEADS_TO.findall(source), *SAID.findall(source)}
    return found & {*known_moves(), *actions(), *bulk_commands()}


def test_only_files_with_something_special_name_moves() -> None:
    found = {path: named(source) for path, source in sources()}
    allowed = {path: NAMED.get(path, set()) | OTHER_THINGS.get(path, set()) for path in found}
    assert {path: names - allowed[path] for path, names in found.items() if names - allowed[path]} == {}
    assert {path: names - found[path] for path, names in allowed.items() if names - found[path]} == {}


def test_what_is_special_is_special_about_a_move_that_is_offered() -> None:
    assert [action for action in SPECIAL_FORMS if action not in actions()] == []
    assert [form.after for form in SPECIAL_FORMS.values() if form.after not in ("", *shown_as(Shown.ACTION))] == []
    assert [command for command in SPECIAL_FORMS_OF_MANY if command not in bulk_commands()] == []


def test_every_key_of_the_keyboard_makes_one_move_that_is_offered() -> None:
    offered = (*shown_as(Shown.MESSAGE), *shown_as(Shown.NEWEST), *actions())
    assert [name for name in shortcuts() if name not in offered] == []
    assert len(set(shortcuts().values())) == len(shortcuts())


def test_every_special_form_has_its_template_and_no_template_is_left_over() -> None:
    doing = {file.stem for file in (WEB / "templates" / "doing").iterdir()}
    assert doing == {action for action, form in SPECIAL_FORMS.items() if form.template} | {"step"}
    assert {file.stem for file in (WEB / "templates" / "many").iterdir()} == set(SPECIAL_FORMS_OF_MANY)


def test_actions_are_offered_in_the_order_of_the_contract_and_the_incidents_below_their_problem() -> None:
    offered = list(actions())
    assert offered.pop(offered.index("link_problem") + 1) == "solve_incidents"
    assert offered == list(shown_as(Shown.ACTION))


def _cannot_be_asked(fields: tuple[MoveField, ...]) -> list[str]:
    times = [each.name for each in fields if each.format == "date-time"]
    return [each.name for each in fields if each.required and not move_fields.can_ask(each)] + times[1:]


def test_every_action_without_a_form_of_its_own_can_be_asked_by_its_fields() -> None:
    plain = [action for action in actions() if special(action).read is None]
    assert {each: _cannot_be_asked(known_moves()[move_of(each)].fields) for each in plain} == {
        each: [] for each in plain
    }
    of_many = {name: many for name, many in bulk_commands().items() if name not in SPECIAL_FORMS_OF_MANY}
    assert {name: _cannot_be_asked(many.fields) for name, many in of_many.items()} == {name: [] for name in of_many}


def _needs(move: PublicMove) -> set[str]:
    return {each.name for each in move.fields if each.required}


def test_the_requesters_buttons_and_links_need_nothing_to_be_filled_in() -> None:
    buttons = {*shown_as(Shown.ACTION, requester=True), *link_acts()} - {"postpone"}
    assert {name: _needs(known_moves()[name]) for name in buttons} == {name: set() for name in buttons}


@pytest.mark.parametrize("requester", [False, True])
def test_whatever_is_sent_from_a_composer_takes_words_and_files_and_needs_nothing_else(requester: bool) -> None:
    messages = shown_as(Shown.MESSAGE, requester=requester)
    taken = {name: {each.name for each in known_moves()[name].fields} for name in messages}
    assert {name for name in messages if not {"text", "attachment_ids"} <= taken[name]} == set()
    assert {name: _needs(known_moves()[name]) - {"text"} for name in messages} == {name: set() for name in messages}
    assert 0 < len(messages) <= MODES_MAX


def test_the_style_sheet_shows_the_hint_of_every_way_to_send() -> None:
    style = (WEB / "static" / "balie.css").read_text(encoding="utf-8")
    assert re.findall(r"\.mode:nth-of-type\((\d)\)", style) == [str(place) for place in range(1, MODES_MAX + 1)]


def _of_field(move: str, field: MoveField, known: Mapping[str, str]) -> set[str]:
    own = f"act.{move}_{field.name}"
    label = own if own in known else f"act.{field.name}"
    words = {label} | ({f"{label}_hint"} & known.keys())
    if move_fields.look(field) is Look.SELECT or field.type == "boolean":
        for value in move_fields.choices(field):
            words.add(f"{own}_{value}" if f"{own}_{value}" in known else f"{field.name}.{value}")
    return words


def words_of_moves(known: Mapping[str, str]) -> set[str]:
    """The keys that the pages need because of the moves there are."""
    steps = shown_as(Shown.STEP)
    words = {f"{key}{name}{end}" for name in steps for key, end in (("act.", ""), ("told.", "_done"))}
    for mode in shown_as(Shown.MESSAGE):
        words |= {f"composer.{mode}", f"composer.{mode}_hint", f"composer.{mode}_send", f"told.{mode}_sent"}
    for mode in shown_as(Shown.MESSAGE, requester=True):
        words |= {f"reply.{mode}_send", f"reply.{mode}_hint", f"told.{mode}_sent"} if mode != "reply" else set()
    for action in (*actions(), "step"):
        words |= {f"act.{action}", f"act.{action}_hint"}
    for action in actions():
        words.add(f"told.{action}_done")
        words |= set() if special(action).own_buttons else {f"act.{action}_send"}
        if not special(action).template:
            fields = move_fields.fields_of_action(move_of(action))
            words |= {key for each in fields for key in _of_field(action, each, known)}
    words |= {key for act in shown_as(Shown.NEWEST) for key in (f"act.{act}", f"act.{act}_hint", f"told.{act}_done")}
    for wish in (*shown_as(Shown.ACTION, requester=True), *shown_as(Shown.STEP, requester=True)):
        words |= {f"wish.{wish}", f"told.{wish}_wished"}
    for act in link_acts():
        words |= {f"answer.{act}", f"answer.{act}_hint", f"answer_done.{act}"}
    for command, many in bulk_commands().items():
        words |= {f"bulk_command.{command}", f"bulk_hint.{command}"}
        if command not in SPECIAL_FORMS_OF_MANY:
            fields = move_fields.fields_of_many(many.fields)
            words |= {key for each in fields for key in _of_field(command, each, known)}
    return words


@pytest.mark.parametrize("language", list(Language))
def test_every_move_has_its_words_in_every_language(language: Language) -> None:
    known = CATALOGUES[language]
    assert sorted(key for key in words_of_moves(known) if key not in known) == []


def test_no_words_are_left_of_a_move_that_is_gone() -> None:
    known = CATALOGUES[Language.ENGLISH]
    named = {key for _, source in sources() for key in re.findall(r"""["']([a-z_]+\.\w+)["']""", source)}
    told = set(
        re.findall(r"""["'](\w+)["']""", "".join(source for path, source in sources() if path.startswith("pages/")))
    )
    used = words_of_moves(known) | named | {f"bulk_command.{name}" for name in STARTED_ELSEWHERE}
    used |= {f"told.{name}" for name in told}
    groups = ("act.", "composer.", "reply.", "told.", "wish.", "answer.", "answer_done.", "bulk_command.", "bulk_hint.")
    plain = {key.removesuffix(".one").removesuffix(".other") for key in known if key.startswith(groups)}
    assert sorted(plain - used) == []
