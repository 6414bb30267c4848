"""Logging in and out, passwords, language and theme."""

import pytest

from services.platform.identity import PASSWORD_LINK
from tests.web.site import DAAN, MARIEKE, PASSWORD, Site

NEW_PASSWORD = "nine brown horses"


async def test_logging_in_leads_where_one_wanted_to_go(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    visitor = site.visitor(language="")
    asked = await visitor.opens(f"/tickets/{number}")
    form = await visitor.follows(asked)
    entered = await visitor.sends(form, "/login", email=MARIEKE, password=PASSWORD)
    assert entered.leads_to == f"/tickets/{number}"
    page = await visitor.follows(entered)
    assert 'lang="nl"' in page.source
    assert "Marieke de Vries" in page.words


async def test_the_session_is_kept_where_no_script_reads_it(site: Site) -> None:
    visitor = site.visitor()
    entered = await visitor.sends(await visitor.opens("/login"), "/login", email=DAAN, password=PASSWORD)
    assert entered.leads_to == "/desk"
    cookie = next(each for each in entered.response.headers.get_list("Set-Cookie") if "balie_session" in each)
    assert {"HttpOnly", "SameSite=lax", "Secure"} <= set(cookie.split("; "))


@pytest.mark.parametrize(
    ("email", "password"), [(MARIEKE, "wrong password"), ("nobody@nowhere.example", "anything at all")]
)
async def test_a_wrong_log_in_never_tells_which_half_was_wrong(site: Site, email: str, password: str) -> None:
    visitor = site.visitor()
    refused = await visitor.sends(await visitor.opens("/login"), "/login", email=email, password=password)
    assert refused.status == 422
    assert "This e-mail address and password do not belong together." in refused.words
    assert refused.form("/login").fields["email"] == email
    assert password not in refused.source


@pytest.mark.parametrize(
    "next_page",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/%0d%0aX: y\r\n"],
)
async def test_logging_in_never_leads_to_a_strangers_page(site: Site, next_page: str) -> None:
    visitor = site.visitor()
    form = await visitor.opens("/login")
    entered = await visitor.sends(form, "/login", email=MARIEKE, password=PASSWORD, next=next_page)
    assert entered.leads_to == "/"


async def test_logging_out_everywhere_ends_the_session_on_other_devices(site: Site) -> None:
    here, there = site.visitor(MARIEKE), site.visitor(MARIEKE)
    profile = await here.opens("/profile")
    await here.client.post("/logout", data={"everywhere": "1"})
    assert profile.status == 200
    gone = await there.opens("/tickets")
    assert gone.leads_to == "/login?next=%2Ftickets"
    assert 'balie_session=""' in gone.response.headers["Set-Cookie"]


async def test_a_password_is_chosen_by_a_link_that_works_once(site: Site) -> None:
    visitor = site.visitor()
    form = await visitor.opens("/password")
    asked = await visitor.sends(form, "/password", email="noor@new.example", name="Noor")
    assert "A link is on its way to noor@new.example. It works for 2 hours." in asked.words
    code = site.link(PASSWORD_LINK, await site.password_link_about("noor@new.example"))
    form = await visitor.opens(f"/password?code={code}")
    short = await visitor.sends(form, "/password", password="short")
    assert "Choose at least 10 characters." in short.words
    chosen = await visitor.sends(short, "/password", password=NEW_PASSWORD)
    log_in = await visitor.follows(chosen)
    assert "Your password was chosen. Log in with it." in log_in.words
    entered = await visitor.sends(log_in, "/login", email="noor@new.example", password=NEW_PASSWORD)
    assert entered.leads_to == "/"
    again = await visitor.sends(form, "/password", password="another password")
    assert "This link was used already or is too old." in again.words


async def test_the_profile_changes_name_and_language(site: Site) -> None:
    visitor = site.visitor(MARIEKE)
    form = await visitor.opens("/profile")
    saved = await visitor.sends(form, "/profile", name="Marieke Jansen", language="it")
    assert "Salvato." in (await visitor.follows(saved)).words
    me = await site.asks(MARIEKE, "GET", "/api/v1/me")
    assert (me["name"], me["language"]) == ("Marieke Jansen", "it")


async def test_a_language_is_chosen_where_one_reads_and_remembered_in_the_account(site: Site) -> None:
    visitor = site.visitor(MARIEKE)
    page = await visitor.opens("/help?q=ticket")
    chosen = await visitor.sends(page, "/language", language="nl")
    assert chosen.leads_to == "/help?q=ticket"
    assert "Zoek in het helpcentrum" in (await visitor.follows(chosen)).words
    assert (await site.asks(MARIEKE, "GET", "/api/v1/me"))["language"] == "nl"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("it-IT,it;q=0.9,en;q=0.8", "it"), ("de", "en"), ("", "en")],  # further: tests/contract/test_languages.py
)
async def test_a_new_visitor_is_spoken_to_in_the_browsers_language(site: Site, accepted: str, language: str) -> None:
    page = await site.visitor(language="", **{"Accept-Language": accepted}).opens("/login")
    assert f'<html lang="{language}"' in page.source


async def test_a_theme_is_kept(site: Site) -> None:
    visitor = site.visitor()
    page = await visitor.opens("/help")
    await visitor.sends(page, "/theme", theme="dark")
    assert 'data-theme="dark"' in (await visitor.opens("/help")).source
    await visitor.client.post("/theme", data={"theme": "pink"})
    assert 'data-theme="auto"' in (await visitor.opens("/help")).source
