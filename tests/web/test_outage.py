"""Intake or the help centre away: nothing typed is lost, nothing is sent twice."""

import httpx
import pytest

from tests.web.site import DAAN, MARIEKE, Site


async def test_a_ticket_typed_while_intake_is_away_is_sent_later_and_once(site: Site) -> None:
    visitor = site.visitor(MARIEKE)
    form = await visitor.opens("/tickets/new")
    site.intake.cut = True
    unsent = await visitor.sends(form, "/tickets/new", subject="Once", text="All I wrote", priority="high")
    assert unsent.status == 503
    assert "Nothing is lost: your text is below." in unsent.words
    kept = unsent.form("/tickets/new").fields
    assert (kept["text"], kept["subject"], kept["priority"]) == ("All I wrote", "Once", "high")
    site.intake.cut = False
    sent = await visitor.sends(unsent, "/tickets/new")
    assert (await site.reads(MARIEKE, int(sent.leads_to.rpartition("/")[2])))["priority"] == "high"


async def test_a_reply_whose_answer_got_lost_is_not_doubled_by_sending_it_again(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(DAAN)
    page = await visitor.opens(f"/desk/tickets/{number}")
    site.intake.loses_answers = True
    action = f"/desk/tickets/{number}/messages"
    unsent = await visitor.sends(page, action, mode="reply", text="Coming.")
    assert unsent.status == 503
    site.intake.loses_answers = False
    sent = await visitor.sends(unsent, action)
    assert sent.leads_to == f"/desk/tickets/{number}#latest"
    assert (await site.said(number)).count("Coming.") == 1


async def test_a_session_that_ended_while_typing_keeps_the_text(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(MARIEKE)
    page = await visitor.opens(f"/tickets/{number}")
    await site.asks(MARIEKE, "DELETE", "/api/v1/sessions")
    unsent = await visitor.sends(page, f"/tickets/{number}", text="All I wrote")
    assert unsent.status == 401
    assert unsent.form(f"/tickets/{number}").fields["text"] == "All I wrote"
    assert f"/login?next=%2Ftickets%2F{number}" in unsent.links


async def test_htmx_leaves_the_page_as_it_is_and_is_told_why(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(MARIEKE)
    page = await visitor.opens(f"/tickets/{number}")
    site.intake.cut = True
    headers = {"HX-Request": "true", "HX-Target": "reply"}
    answer = await visitor.sends(page, f"/tickets/{number}", headers=headers, text="All I wrote")
    assert (answer.status, answer.response.headers["HX-Reswap"]) == (503, "none")
    assert answer.source == "Support cannot be reached just now."


async def test_a_page_that_needs_intake_says_that_it_is_away(site: Site) -> None:
    site.intake.cut = True
    page = await site.visitor(DAAN).opens("/desk")
    assert (page.status, "Support cannot be reached just now." in page.words) == (503, True)
    ready = await site.visitor().opens("/readyz")
    assert ready.status == 503
    assert (await site.visitor().opens("/healthz")).status == 200


async def test_the_home_page_shows_the_half_that_can_be_shown(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    site.kb.cut = True
    page = await site.visitor(MARIEKE).opens("/")
    assert page.status == 200
    assert "The help centre cannot be reached just now." in page.words
    assert f"/tickets/{number}" in page.links
    site.kb.cut, site.intake.cut = False, True
    page = await site.visitor(MARIEKE).opens("/")
    assert "Your tickets cannot be shown just now." in page.words


async def test_asking_support_does_not_need_the_help_centre(site: Site) -> None:
    site.kb.cut = True
    visitor = site.visitor(MARIEKE)
    form = await visitor.opens("/tickets/new?subject=The printer is silent")
    sent = await visitor.sends(form, "/tickets/new", text="Since this morning.")
    assert sent.leads_to.startswith("/tickets/")


async def test_logging_in_while_intake_is_away_asks_for_the_password_again_and_never_shows_it(site: Site) -> None:
    visitor = site.visitor()
    form = await visitor.opens("/login")
    site.intake.cut = True
    unsent = await visitor.sends(form, "/login", email=MARIEKE, password="my secret")
    assert unsent.status == 503
    assert "my secret" not in unsent.source
    assert unsent.form("/login").fields["email"] == MARIEKE


async def test_an_answer_that_is_no_problem_document_counts_as_unreachable(site: Site) -> None:
    async def broken_proxy(request: httpx.Request) -> httpx.Response:
        return httpx.Response(502, text="Bad gateway", request=request)

    site.intake.answers = broken_proxy
    page = await site.visitor(MARIEKE).opens("/tickets")
    assert page.status == 503
    assert "Bad gateway" not in page.source


@pytest.mark.parametrize(
    ("email", "path", "typed"),
    [
        (MARIEKE, "/tickets/new", {"subject": "New", "text": "All I wrote"}),
        (DAAN, "/desk/tickets/new", {"name": "Somebody", "subject": "New", "text": "All I wrote"}),
        (DAAN, "/desk/people/new", {"name": "Somebody New"}),
    ],
)
async def test_a_session_that_ended_while_writing_something_new_keeps_it(
    site: Site, email: str, path: str, typed: dict[str, str]
) -> None:
    visitor = site.visitor(email)
    page = await visitor.opens(path)
    await site.asks(email, "DELETE", "/api/v1/sessions")
    unsent = await visitor.sends(page, path, None, None, **typed)
    assert unsent.status == 401
    assert unsent.form(path).fields.items() >= typed.items()
    assert any(link.startswith("/login?next=") for link in unsent.links)
