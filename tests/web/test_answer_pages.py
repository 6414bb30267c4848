"""The links of a reminder: a GET shows, only the button acts, and nobody needs to log in."""

from datetime import timedelta

import pytest

from services.contract.vocabulary import Language
from services.platform.identity import REMINDER_LINK, question
from tests.web.site import DAAN, MARIEKE, Site


async def asked(site: Site) -> tuple[int, str]:
    """A ticket whose requester was asked something, and the code of the links in the reminder."""
    number = await site.ticket(MARIEKE)
    await site.moves(DAAN, number, "ask", text="Is the lamp green?")
    return number, site.link(REMINDER_LINK, question(number, site.clock()))


async def test_opening_the_link_changes_nothing_and_shows_what_will_happen(site: Site) -> None:
    number, code = await asked(site)
    before = await site.reads(DAAN, number)
    page = await site.visitor().opens(f"/tickets/{number}/answer?code={code}&act=confirm_solved")
    assert page.status == 200
    assert f"Ticket #{number}: The printer is silent." in page.words
    assert "Monday 16 November 2026 at 10:00 CET" in page.words
    form = page.form(f"/tickets/{number}/answer")
    assert form.fields["act"] == "confirm_solved"
    assert await site.reads(DAAN, number) == before


@pytest.mark.parametrize(
    ("act", "status", "said"),
    [
        ("keep_open", "pending", "stays open"),
        ("confirm_solved", "solved", "is solved"),
        ("postpone", "pending", "The closing of ticket"),
    ],
)
async def test_the_button_does_what_it_says(site: Site, act: str, status: str, said: str) -> None:
    number, code = await asked(site)
    site.clock.move(timedelta(days=8))
    visitor = site.visitor()
    page = await visitor.opens(f"/tickets/{number}/answer?code={code}&act={act}")
    done = await visitor.sends(page, f"/tickets/{number}/answer")
    assert (done.status, said in done.words) == (200, True)
    assert (await site.reads(DAAN, number))["status"] == status


async def test_a_link_that_names_nothing_to_do_chooses_nothing(site: Site) -> None:
    number, code = await asked(site)
    before = await site.reads(DAAN, number)
    visitor = site.visitor()
    page = await visitor.opens(f"/tickets/{number}/answer?code={code}")
    assert "act" not in page.form(f"/tickets/{number}/answer").fields
    refused = await visitor.sends(page, f"/tickets/{number}/answer")
    assert (refused.status, "Choose what is to happen." in refused.words) == (422, True)
    assert await site.reads(DAAN, number) == before


async def test_later_is_as_much_later_as_was_chosen(site: Site) -> None:
    number, code = await asked(site)
    visitor = site.visitor()
    page = await visitor.opens(f"/tickets/{number}/answer?code={code}&act=postpone")
    assert "2 weeks later: Monday 30 November 2026 at 10:00 CET" in page.words
    done = await visitor.sends(page, f"/tickets/{number}/answer", preset="2026-11-30T09:00:00+00:00")
    assert "closes on Monday 30 November 2026 at 10:00 CET" in done.words


async def test_a_link_of_an_earlier_question_says_so_and_does_nothing(site: Site) -> None:
    number, code = await asked(site)
    await site.moves(MARIEKE, number, "reply", text="It is.")
    visitor = site.visitor()
    page = await visitor.opens(f"/tickets/{number}/answer?code={code}&act=confirm_solved")
    assert (page.status, "has been dealt with since" in page.words) == (410, True)
    assert (await site.reads(DAAN, number))["status"] == "open"


async def test_a_link_used_from_a_page_opened_earlier_is_refused_as_kindly(site: Site) -> None:
    number, code = await asked(site)
    visitor = site.visitor()
    page = await visitor.opens(f"/tickets/{number}/answer?code={code}&act=keep_open")
    await site.moves(MARIEKE, number, "reply", text="It is.")
    late = await visitor.sends(page, f"/tickets/{number}/answer")
    assert (late.status, "has been dealt with since" in late.words) == (410, True)


async def test_no_other_ticket_and_no_made_up_code_is_answered(site: Site) -> None:
    number, code = await asked(site)
    other = await site.ticket(MARIEKE)
    visitor = site.visitor()
    for address in (f"/tickets/{other}/answer?code={code}", f"/tickets/{number}/answer?code=made-up"):
        page = await visitor.opens(address)
        assert (page.status, "incomplete or too old" in page.words) == (404, True)


@pytest.mark.parametrize("language", list(Language))
async def test_the_page_speaks_every_language(site: Site, language: Language) -> None:
    number, code = await asked(site)
    page = await site.visitor(language=language).opens(f"/tickets/{number}/answer?code={code}&act=keep_open")
    assert page.status == 200
    assert f'lang="{language}"' in page.source
