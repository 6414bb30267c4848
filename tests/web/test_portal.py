"""The requesters' side, without a script: asking, reading, replying, and what happens next."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from services.kb.tables import feedback
from services.web.rendering import message
from tests.web.site import DAAN, EMMA, MARIEKE, PIETER, Site

PHOTO = b"a photo of a silent printer"
A_FILE = [("files", ("a.txt", PHOTO, "text/plain"))]


async def test_the_home_page_shows_ones_own_tickets_and_what_to_read(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    await site.ticket(EMMA, "Not for Marieke")
    page = await site.visitor(MARIEKE).opens("/")
    assert page.status == 200
    assert f"/tickets/{number}" in page.links
    assert "Not for Marieke" not in page.words
    assert any(link.startswith("/help/") for link in page.links)


async def test_somebody_unknown_sees_the_help_centre_and_is_asked_to_log_in_for_tickets(site: Site) -> None:
    page = await site.visitor().opens("/")
    assert page.status == 200
    assert "Log in to see your tickets" in page.words
    assert site.intake.calls == []


async def test_a_search_in_the_help_centre_finds_and_its_article_can_be_judged(site: Site) -> None:
    visitor = site.visitor()
    found = await visitor.opens("/help?q=reopen")
    address = next(link for link in found.links if link.startswith("/help/"))
    article = await visitor.opens(address)
    assert article.status == 200
    slug = address.removeprefix("/help/").partition("?")[0]
    judged = await visitor.sends(article, f"/help/{slug}/feedback", helpful="yes")
    assert "Thank you" in (await visitor.follows(judged)).words
    answer = await visitor.opens(address)
    assert "Did this article help you?" in answer.words


async def test_an_opinion_sent_again_is_kept_once_and_in_the_language_it_was_read_in(site: Site) -> None:
    visitor = site.visitor(language="en")
    article = await visitor.opens("/help/ticket-statuses?lang=it")
    for helpful in ("yes", "yes", "no"):
        judged = await visitor.sends(article, "/help/ticket-statuses/feedback", helpful=helpful)
        assert "lang=it" in judged.leads_to
    async with site.engine.connect() as connection:
        kept = await connection.execute(select(feedback.c.language, feedback.c.helpful))
    assert sorted(tuple(row) for row in kept) == [("it", False), ("it", True)]


@pytest.mark.parametrize("path", ["/tickets?q=", "/help?q=", "/desk?q=", "/desk/people?q=", "/desk/organisations?q="])
async def test_a_question_longer_than_any_search_is_cut(site: Site, path: str) -> None:
    assert (await site.visitor(DAAN).opens(path + 300 * "x")).status == 200


async def test_a_subject_longer_than_any_is_cut(site: Site) -> None:
    page = await site.visitor(MARIEKE).opens("/tickets/new?subject=" + 300 * "x")
    assert (page.status, page.form("/tickets/new").fields["subject"]) == (200, 250 * "x")


async def test_an_article_comes_in_the_language_its_link_names(site: Site) -> None:
    page = await site.visitor(language="en").opens("/help/ticket-statuses?lang=it")
    assert 'lang="it"' in page.source
    assert page.status == 200


async def test_a_search_is_never_executed_as_html(site: Site) -> None:
    page = await site.visitor().opens("/help?q=<script>alert(1)</script>")
    assert "<script>alert" not in page.source
    assert "<script>alert(1)</script>" in page.words


async def test_a_ticket_is_asked_with_definitions_in_sight_and_its_files_come_along(site: Site) -> None:
    visitor = site.visitor(MARIEKE)
    form = await visitor.opens("/tickets/new?subject=The printer is silent")
    assert "A show-stopper: the software cannot be used" in form.words
    assert "At most 20 files, 25 MB each and 50 MB together." in form.words
    sent = await visitor.sends(
        form,
        "/tickets/new",
        files=[("files", ("one.jpg", PHOTO, "image/jpeg")), ("files", ("two.txt", b"more", "text/plain"))],
        text="Since this morning.",
        kind="incident",
        priority="high",
    )
    page = await visitor.follows(sent)
    assert "Your ticket has arrived" in page.words
    assert {"one.jpg", "two.txt"} <= set(page.words.split())
    number = int(sent.leads_to.rpartition("/")[2])
    ticket = await site.reads(MARIEKE, number)
    assert (ticket["kind"], ticket["priority"], ticket["subject"]) == ("incident", "high", "The printer is silent")
    download = next(link for link in page.links if link.startswith("/attachments/"))
    file = await visitor.client.get(download)
    assert file.content == PHOTO
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.headers["X-Content-Type-Options"] == "nosniff"


async def test_nobody_else_gets_a_file(site: Site) -> None:
    marieke = site.visitor(MARIEKE)
    form = await marieke.opens("/tickets/new?subject=Secret")
    sent = await marieke.sends(form, "/tickets/new", files=A_FILE, text="See file.")
    page = await marieke.follows(sent)
    address = next(link for link in page.links if link.startswith("/attachments/"))
    assert (await site.visitor(EMMA).opens(address)).status == 404
    assert (await site.visitor().opens(address)).leads_to.startswith("/login?next=%2Fattachments")


async def test_suggestions_are_a_part_of_the_page_for_htmx_and_a_button_without_it(site: Site) -> None:
    visitor = site.visitor(MARIEKE)
    part = await visitor.opens(
        "/tickets/new?subject=what do the statuses mean", **{"HX-Request": "true", "HX-Target": "suggestions"}
    )
    assert "Perhaps this answers it already" in part.words
    assert "<html" not in part.source
    form = await visitor.opens("/tickets/new")
    again = await visitor.sends(form, "/tickets/new", subject="what do the statuses mean", text="Half a", look="1")
    assert "Perhaps this answers it already" in again.words
    assert again.form("/tickets/new").fields["text"] == "Half a"
    assert ("POST", "/api/v1/tickets") not in site.intake.calls


async def test_what_is_wrong_is_said_beside_the_field_and_the_input_stays(site: Site) -> None:
    visitor = site.visitor(MARIEKE)
    form = await visitor.opens("/tickets/new")
    again = await visitor.sends(form, "/tickets/new", subject="  ", text="All I wrote", priority="medium")
    assert again.status == 422
    assert "Write in one sentence what it is about." in again.words
    kept, key = again.form("/tickets/new").fields, form.form("/tickets/new").fields["key"]
    assert (kept["text"], kept["priority"], kept["key"]) == ("All I wrote", "medium", key)


async def test_files_uploaded_before_a_refusal_need_not_be_chosen_again(site: Site) -> None:
    visitor = site.visitor(MARIEKE)
    form = await visitor.opens("/tickets/new")
    refused = await visitor.sends(
        form,
        "/tickets/new",
        files=A_FILE,
        subject="A NUL\x00 that cannot be kept",
        text="words",
    )
    assert refused.status == 422
    sent = await visitor.sends(refused, "/tickets/new", subject="Without it")
    assert "a.txt" in (await visitor.follows(sent)).words


async def test_sending_the_same_form_twice_opens_one_ticket(site: Site) -> None:
    visitor = site.visitor(MARIEKE)
    form = await visitor.opens("/tickets/new")
    first = await visitor.sends(form, "/tickets/new", subject="Once", text="only")
    second = await visitor.sends(form, "/tickets/new", subject="Once", text="only")
    assert first.leads_to == second.leads_to


async def test_another_text_under_the_same_key_is_held_back_with_its_text(site: Site) -> None:
    visitor = site.visitor(MARIEKE)
    form = await visitor.opens("/tickets/new")
    await visitor.sends(form, "/tickets/new", subject="Once", text="only")
    other = await visitor.sends(form, "/tickets/new", subject="Once", text="and more")
    assert other.status == 422
    assert "This form was sent before, with other words in it" in other.words
    fields = other.form("/tickets/new").fields
    assert fields["text"] == "and more"
    assert fields["key"] != form.form("/tickets/new").fields["key"]


async def test_the_page_says_in_sentences_what_happens_next_and_when(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(MARIEKE)
    assert "Somebody from support will take it up." in (await visitor.opens(f"/tickets/{number}")).words
    await site.moves(DAAN, number, "ask", text="Is the lamp green?")
    page = await visitor.opens(f"/tickets/{number}")
    assert "Awaiting your reply" in page.words
    assert "We remind you on Monday 9 November 2026 at 10:00 CET." in page.words
    closes = "If we hear nothing, this ticket closes on Monday 16 November 2026 at 10:00 CET; your reply keeps it open."
    assert closes in page.words


async def test_a_reply_reopens_the_conversation_and_nobody_sees_notes_of_support(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    await site.moves(DAAN, number, "note", text="Between us.")
    await site.moves(DAAN, number, "ask", text="Is the lamp green?")
    visitor = site.visitor(MARIEKE)
    page = await visitor.opens(f"/tickets/{number}")
    assert "Between us." not in page.words
    sent = await visitor.sends(page, f"/tickets/{number}", text="It is red.")
    assert sent.leads_to == f"/tickets/{number}#latest"
    after = await visitor.follows(sent)
    assert "Your reply was sent." in after.words
    assert "It is red." in after.words
    assert (await site.reads(MARIEKE, number))["status"] == "open"


async def test_htmx_gets_the_parts_that_changed_and_is_told_what_was_sent(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(MARIEKE)
    page = await visitor.opens(f"/tickets/{number}")
    headers = {"HX-Request": "true", "HX-Target": "reply"}
    part = await visitor.sends(page, f"/tickets/{number}", headers=headers, text="One more thing.")
    assert part.status == 200
    assert part.ids[0] == "reply"
    assert {"conversation", "standing"} <= set(part.ids)
    assert "<html" not in part.source
    key = page.form(f"/tickets/{number}").fields["key"]
    assert f'"key": "{key}"' in part.response.headers["HX-Trigger-After-Settle"]
    assert part.form(f"/tickets/{number}").fields == {"key": part.form(f"/tickets/{number}").fields["key"], "text": ""}


async def test_a_message_to_a_finalised_ticket_leads_to_its_follow_up(site: Site, finalised: int) -> None:
    visitor = site.visitor(MARIEKE)
    page = await visitor.opens(f"/tickets/{finalised}")
    assert "a message here opens a follow-up ticket" in page.words
    sent = await visitor.sends(page, f"/tickets/{finalised}", text="It is back.")
    follow_up = await visitor.follows(sent)
    assert "A follow-up ticket was opened with your message." in follow_up.words
    assert f"/tickets/{finalised}" in follow_up.links


async def test_colleagues_see_each_others_tickets_strangers_do_not(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    pieter = site.visitor(PIETER)
    assert f"/tickets/{number}" not in (await pieter.opens("/tickets")).links
    assert f"/tickets/{number}" in (await pieter.opens("/tickets?whose=organisation")).links
    assert (await pieter.opens(f"/tickets/{number}")).status == 200
    assert (await site.visitor(EMMA).opens(f"/tickets/{number}")).status == 404


async def test_a_message_with_html_is_shown_without_what_could_harm(site: Site) -> None:
    number = await site.ticket(MARIEKE, text="<img src=x onerror=alert(1)> https://example.com/a?b=1&c=2.")
    page = await site.visitor(MARIEKE).opens(f"/tickets/{number}")
    assert "<img src=x" not in page.source
    assert "https://example.com/a?b=1&c=2" in page.links


def test_a_messages_html_is_cleaned_once_more_where_it_is_shown() -> None:
    assert message("<p>Hello</p><script>alert(1)</script>", "") == "<p>Hello</p>"


@pytest.mark.parametrize(
    "path",
    [
        "/tickets/0",
        "/tickets/99999",
        "/tickets/abc",
        "/tickets/-1",
        "/help/no-such",
        "/help/a%00b",
        "/help/a%0ab",
        "/help/%2e%2e",
        "/help/ticket-statuses%3flanguage=it",
        "/nowhere",
    ],
)
async def test_what_is_not_there_gets_a_page_that_says_so(site: Site, path: str) -> None:
    page = await site.visitor(MARIEKE).opens(path)
    assert page.status == 404
    assert "Not found" in page.words


@pytest.fixture
async def finalised(site: Site) -> int:
    """Marieke's ticket that ended for good."""
    number = await site.ticket(MARIEKE)
    await site.moves(DAAN, number, "solve", text="Done.")
    await site.deadlines_pass(number, timedelta(hours=48))
    return number


async def test_a_requester_keeps_a_ticket_open_has_it_closed_later_or_says_that_it_is_solved(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    await site.moves(DAAN, number, "ask", text="Is the lamp green?")
    visitor, wish = site.visitor(MARIEKE), f"/tickets/{number}/wish"
    site.clock.move(timedelta(hours=2))
    page = await visitor.opens(f"/tickets/{number}")
    assert "1 week later Mon 23 Nov 10:00 CET" in page.words
    kept = await visitor.follows(await visitor.sends(page, wish, act="keep_open"))
    assert "closes on Monday 16 November 2026 at 12:00 CET" in kept.words
    later = await visitor.sends(page, wish, act="postpone", preset="2026-11-23T11:00:00+00:00")
    assert "closes on Monday 23 November 2026 at 12:00 CET" in (await visitor.follows(later)).words
    past = await visitor.sends(page, wish, act="postpone", until="2026-01-01T09:00")
    assert (past.status, "Choose a time in the future." in past.words) == (422, True)
    for never in ("0001-01-01T00:00", "9999-12-31T23:59"):
        assert (await visitor.sends(page, wish, act="postpone", until=never)).status == 422
    fresh, old = await visitor.opens(f"/tickets/{number}"), await visitor.opens(f"/tickets/{number}")
    await visitor.sends(fresh, wish, act="confirm_solved")
    assert (await site.reads(MARIEKE, number))["status"] == "solved"
    over = await visitor.sends(old, wish, act="keep_open")
    assert "This is not possible (any more)" in over.words


async def test_a_solved_ticket_is_thanked_for_with_a_button_and_stays_solved(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    await site.moves(DAAN, number, "solve", text="It is out.")
    visitor, address = site.visitor(MARIEKE), f"/tickets/{number}"
    page = await visitor.opens(address)
    assert "Only say thank you" in page.words
    done = await visitor.follows(await visitor.sends(page, address, mode="thank", text=""))
    assert "Thank you! Your ticket stays solved." in done.words
    with_words = await visitor.sends(done, address, mode="thank", text="You were quick.")
    assert "You were quick." in (await visitor.follows(with_words)).words
    assert (await site.reads(MARIEKE, number))["status"] == "solved"
