"""A move that the contract knows is on every page it belongs to, with a form and checks made from its fields."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.contract.moves import MoveField, PublicMany, PublicMove, Shown
from tests.web.more_moves import KnowsMore, more_moves, more_words
from tests.web.site import DAAN, MARIEKE, Site

TEXT = MoveField(name="text", type="string", least=1, most=200_000)
FILES = MoveField(name="attachment_ids", type="array", most=20)
EVERYWHERE = ("new", "open", "pending", "parked", "solved")

APPLAUD = PublicMove(
    name="applaud",
    staff=EVERYWHERE,
    requester=EVERYWHERE,
    shown=Shown.ACTION,
    shown_requester=Shown.MESSAGE,
    fields=(TEXT, FILES),
)
"""A message of the requester with words or without; support makes it with one click."""
COMPLAIN = PublicMove(
    name="complain",
    requester=EVERYWHERE,
    shown_requester=Shown.MESSAGE,
    fields=(TEXT.model_copy(update={"required": True}), FILES),
)
LEND = PublicMove(
    name="lend",
    staff=EVERYWHERE,
    shown=Shown.ACTION,
    fields=(
        TEXT,
        FILES,
        MoveField(name="what", type="string", required=True, least=3, most=100),
        MoveField(name="note", type="string", most=5000),
        MoveField(name="priority", type="string", required=True, choices=("high", "medium", "low")),
        MoveField(name="size", type="string", required=True, choices=("big", "tiny")),
        MoveField(name="number", type="integer"),
        MoveField(name="paid", type="boolean", required=True),
        MoveField(name="new", type="boolean"),
        MoveField(name="back_at", type="string", format="date-time", required=True),
    ),
    many=(PublicMany(name="lend", fields=(MoveField(name="what", type="string", required=True, most=100), TEXT)),),
)
"""An action with a field of every kind."""

WORDS = {
    "act.applaud": "Applause",
    "act.applaud_hint": "The requester only thanked us.",
    "act.applaud_send": "It was only applause",
    "told.applaud_done": "Taken as applause.",
    "told.applaud_sent": "Your applause was sent.",
    "reply.applaud_send": "Only say thank you",
    "reply.applaud_hint": "Nobody has to answer.",
    "reply.complain_send": "Complain",
    "reply.complain_hint": "Somebody has to answer.",
    "act.lend": "Lend a printer",
    "act.lend_hint": "They get one of ours.",
    "act.lend_send": "Lend it",
    "act.lend_what": "Which one?",
    "act.lend_note": "Anything else?",
    "act.lend_note_hint": "For us.",
    "act.lend_size": "How large?",
    "act.lend_size_big": "Very large",
    "act.lend_size_tiny": "Very small",
    "act.lend_number": "How many?",
    "act.lend_paid": "Did they pay?",
    "act.lend_paid_yes": "Yes, they paid",
    "act.lend_paid_no": "No, they did not",
    "act.lend_new": "It is new",
    "act.lend_back_at": "Back at",
    "told.lend_done": "The printer was lent.",
    "bulk_command.lend": "Lend",
    "bulk_hint.lend": "Each gets one.",
}


@pytest.fixture
def intake(site: Site, tmp_path: Path) -> Iterator[KnowsMore]:
    """An intake and a contract with three moves more."""
    moves = (APPLAUD, COMPLAIN, LEND)
    with more_moves(tmp_path, *moves), more_words(site, WORDS):
        yield KnowsMore(site, *(move.name for move in moves))


async def test_a_requester_sends_a_message_of_another_kind_with_its_own_button(site: Site, intake: KnowsMore) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(MARIEKE)
    page = await visitor.opens(f"/tickets/{number}")
    assert "Only say thank you Nobody has to answer." in page.words
    button = next(part for part in page.source.split("<button")[1:] if 'value="applaud"' in part).partition(">")[0]
    assert {"data-send", "formnovalidate", 'name="mode"'} <= set(button.split())
    sent = await visitor.sends(page, f"/tickets/{number}", mode="applaud", text="Well done!")
    assert "Your applause was sent." in (await visitor.follows(sent)).words
    fresh = await visitor.opens(f"/tickets/{number}")
    await visitor.sends(fresh, f"/tickets/{number}", mode="applaud")
    assert intake.sent == [
        ("applaud", {"text": "Well done!", "attachment_ids": []}),
        ("applaud", {"text": None, "attachment_ids": []}),
    ]


async def test_the_files_of_the_form_go_along_with_such_a_message(site: Site, intake: KnowsMore) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(MARIEKE)
    page = await visitor.opens(f"/tickets/{number}")
    flowers = [("files", ("flowers.txt", b"for you", "text/plain"))]
    await visitor.sends(page, f"/tickets/{number}", files=flowers, mode="applaud")
    assert [(name, len(body["attachment_ids"])) for name, body in intake.sent] == [("applaud", 1)]


async def test_a_message_that_needs_words_is_refused_without(site: Site, intake: KnowsMore) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(MARIEKE)
    page = await visitor.opens(f"/tickets/{number}")
    button = next(part for part in page.source.split("<button")[1:] if 'value="complain"' in part).partition(">")[0]
    assert "formnovalidate" not in button
    refused = await visitor.sends(page, f"/tickets/{number}", mode="complain", text=" ")
    assert (refused.status, "Write something first." in refused.words) == (422, True)
    assert intake.sent == []


async def test_an_action_that_needs_nothing_is_one_click(site: Site, intake: KnowsMore) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    address = f"/desk/tickets/{number}/do/applaud"
    assert address in (await visitor.opens(f"/desk/tickets/{number}")).links
    form = await visitor.opens(address)
    assert "The requester only thanked us." in form.words
    assert form.form(address).names == {"key"}
    done = await visitor.sends(form, address)
    assert "Taken as applause." in (await visitor.follows(done)).words
    assert intake.sent == [("applaud", {})]


FILLED: dict[str, Any] = {
    "what": "The grey one",
    "priority": "low",
    "size": "tiny",
    "number": "2",
    "paid": "no",
    "new": "yes",
    "until": "2026-11-05T09:00",
    "text": "It is on its way.",
}


async def test_an_action_asks_for_its_fields_and_sends_them_as_intake_takes_them(site: Site, intake: KnowsMore) -> None:
    number = await site.ticket(MARIEKE, priority="high")
    visitor = site.visitor(DAAN)
    address = f"/desk/tickets/{number}/do/lend"
    form = await visitor.opens(address)
    assert form.form(address).names == {"key", "preset", *FILLED, "note"}
    assert form.form(address).fields["priority"] == "high"
    assert 'maxlength="100"' in form.source
    asked = ("Which one?", "Anything else? (optional) For us.", "Very large Very small", "Yes, they paid", "It is new")
    assert [each for each in asked if each not in form.words] == []
    done = await visitor.sends(form, address, **FILLED)
    assert "The printer was lent." in (await visitor.follows(done)).words
    body = {
        "what": "The grey one",
        "priority": "low",
        "size": "tiny",
        "number": 2,
        "paid": False,
        "new": True,
        "back_at": "2026-11-05T08:00:00+00:00",
        "text": "It is on its way.",
    }
    assert intake.sent == [("lend", body)]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"what": " "}, "This must be filled in."),
        ({"what": "It"}, "This is too short: 3 characters at least."),
        ({"what": "x" * 101}, "This is too long: 100 characters at most."),
        ({"size": ""}, "Choose one of the options."),
        ({"priority": "urgent"}, "Choose one of the options."),
        ({"paid": "perhaps"}, "Choose one of the two."),
        ({"number": "two"}, "Fill in a whole number, as in 12."),
        ({"until": "2026-01-01T09:00"}, "Choose a time in the future."),
    ],
)
async def test_what_is_wrong_in_such_a_form_is_said_and_nothing_is_sent(
    site: Site, intake: KnowsMore, wrong: dict[str, Any], said: str
) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    address = f"/desk/tickets/{number}/do/lend"
    refused = await visitor.sends(await visitor.opens(address), address, **{**FILLED, **wrong})
    assert (refused.status, said in refused.words) == (422, True)
    assert refused.form(address).fields["text"] == "It is on its way."
    assert intake.sent == []


async def test_a_command_for_many_tickets_asks_for_its_fields(site: Site, intake: KnowsMore) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    assert "Lend" in (await visitor.opens("/desk")).words
    form = await visitor.opens(f"/desk/bulks/new?command=lend&number={number}")
    assert "Lend: 1 ticket Each gets one." in form.words
    assert {"what", "text"} <= form.form("/desk/bulks/new").names
    refused = await visitor.sends(form, "/desk/bulks/new", what="")
    assert (refused.status, "This must be filled in." in refused.words) == (422, True)
    assert intake.sent == []
