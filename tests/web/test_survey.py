"""The survey behind the link in a mail."""

from datetime import timedelta

import pytest

from services.platform.identity import SURVEY_LINK
from tests.web.site import DAAN, MARIEKE, Site


@pytest.fixture
async def number(site: Site) -> int:
    """A solved ticket whose requester was asked."""
    number = await site.ticket(MARIEKE)
    await site.moves(DAAN, number, "solve", text="Done.")
    # Surveys come spread over some minutes.
    await site.deadlines_pass(number, timedelta(hours=24, minutes=5))
    return number


async def test_opening_the_link_records_nothing_pressing_the_button_does(site: Site, number: int) -> None:
    visitor, code = site.visitor(), site.link(SURVEY_LINK, str(number))
    page = await visitor.opens(f"/survey?code={code}&good=1")
    assert page.form("/survey").fields["good"] == "1"
    assert (await site.reads(DAAN, number))["rating"] is None
    thanks = await visitor.sends(page, "/survey", comment="Quick!")
    assert "Good to hear." in thanks.words
    rating = (await site.reads(DAAN, number))["rating"]
    assert (rating["good"], rating["comment"]) == (True, "Quick!")


async def test_an_answer_can_be_changed(site: Site, number: int) -> None:
    visitor, code = site.visitor(), site.link(SURVEY_LINK, str(number))
    await visitor.sends(await visitor.opens(f"/survey?code={code}&good=1"), "/survey")
    page = await visitor.opens(f"/survey?code={code}")
    assert page.form("/survey").fields["good"] == "1"
    await visitor.sends(page, "/survey", good="0", comment="It is back.")
    words = (await site.visitor(DAAN).opens(f"/desk/tickets/{number}")).words
    assert "Marieke de Vries was not satisfied: “It is back.”" in words


async def test_no_choice_is_asked_for_with_the_words_kept(site: Site, number: int) -> None:
    visitor, code = site.visitor(), site.link(SURVEY_LINK, str(number))
    page = await visitor.opens(f"/survey?code={code}")
    again = await visitor.sends(page, "/survey", comment="Hm.")
    assert (again.status, again.form("/survey").fields["comment"]) == (422, "Hm.")
    assert "Choose one of the two." in again.words


@pytest.mark.parametrize("code", ["", "nonsense", "a.b.c"])
async def test_a_bad_link_says_it_is_old(site: Site, code: str) -> None:
    page = await site.visitor().opens(f"/survey?code={code}")
    assert (page.status, "This link does not work any more" in page.words) == (404, True)
