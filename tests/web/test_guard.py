"""Who may call what: every route of the app is tried, so that none is forgotten."""

import re

import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from services.web.guard import inside
from tests.web.site import ADDRESS, DAAN, MARIEKE, Site

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "", "Sec-Fetch-Site": "cross-site"},
    {"Origin": ADDRESS, "Sec-Fetch-Site": "same-site"},
    {"Origin": ""},
]
OPEN = {
    "/tickets/{number}/answer",
    "/",
    "/help",
    "/help/{slug}",
    "/login",
    "/password",
    "/survey",
    "/healthz",
    "/readyz",
}
"""What somebody not logged in may read."""


def routes(site: Site, method: str) -> list[str]:
    """The paths of every route with this method."""
    return sorted({route.path for route in _flat(site.app.routes) if method in (route.methods or ())})


def _flat(given: list[BaseRoute]) -> list[APIRoute]:
    found: list[APIRoute] = []
    for route in given:
        if isinstance(route, APIRoute):
            found.append(route)
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        found += _flat(inner.routes) if inner is not None else []
    return found


def filled(path: str) -> str:
    """The path with something in its places."""
    some = {"number": "1", "slug": "ticket-statuses", "name": "a.eml"}
    return re.sub(r"{(\w+)}", lambda place: some.get(place[1], "00000000-0000-0000-0000-000000000000"), path)


async def test_no_form_is_taken_from_another_site(site: Site) -> None:
    forms = routes(site, "POST")
    assert len(forms) > 10
    for path in forms:
        for headers in FOREIGN:
            page = await site.visitor(DAAN).client.post(filled(path), headers=headers)
            assert page.status_code == 403, (path, headers)
            assert "did not come from a page of this site" in page.text
    assert site.intake.calls == []


@pytest.mark.parametrize("headers", [{"Origin": "", "Referer": f"{ADDRESS}/help"}, {"Sec-Fetch-Site": "same-origin"}])
async def test_a_form_of_this_site_is_taken(site: Site, headers: dict[str, str]) -> None:
    answer = await site.visitor().client.post("/theme", data={"theme": "dark"}, headers=headers)
    assert answer.status_code == 303


async def test_somebody_not_logged_in_is_led_to_the_log_in_from_every_other_page(site: Site) -> None:
    for path in set(routes(site, "GET")) - OPEN:
        page = await site.visitor().opens(filled(path))
        assert page.leads_to.startswith("/login?next="), path


async def test_a_requester_reaches_nothing_of_the_desk(site: Site) -> None:
    await site.ticket(MARIEKE)
    site.intake.calls.clear()
    desk = [path for path in routes(site, "GET") if path.startswith("/desk")]
    assert len(desk) > 8
    for path in desk:
        assert (await site.visitor(MARIEKE).opens(filled(path))).status == 403, path
    for path in (path for path in routes(site, "POST") if path.startswith("/desk")):
        answer = await site.visitor(MARIEKE).client.post(filled(path), data={"text": "x"})
        assert answer.status_code == 403, path
    assert site.intake.calls == []


async def test_a_forged_session_is_none(site: Site) -> None:
    visitor = site.visitor()
    visitor.client.cookies.set("balie_session", site.token(DAAN)[:-4] + "AAAA")
    assert (await visitor.opens("/desk")).leads_to == "/login?next=%2Fdesk"


async def test_every_answer_tells_the_browser_what_to_refuse(site: Site) -> None:
    for path in ("/", "/desk", "/nowhere", "/static/balie.css", "/healthz"):
        headers = (await site.visitor().client.get(path)).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["X-Request-ID"]


async def test_no_page_carries_a_script_or_a_style_of_its_own(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    for path in ("/", "/tickets/new", f"/tickets/{number}", "/help", "/profile"):
        source = (await site.visitor(MARIEKE).opens(path)).source
        assert not re.search(r"<script(?![^>]* src=\"/static/)|<style|\sstyle=|\son\w+=|javascript:", source), path
        assert not re.search(r"(?:src|href)=\"https?://", source.replace(ADDRESS, "")), path
    source = (await site.visitor(DAAN).opens(f"/desk/tickets/{number}")).source
    assert not re.search(r"<script(?![^>]* src=\"/static/)|<style|\sstyle=|\son\w+=", source)


async def test_a_form_too_large_is_refused_in_words(site: Site) -> None:
    visitor = site.visitor(MARIEKE)
    answer = await visitor.client.post("/tickets/new", content=b"x" * (50 * 1024 * 1024 + 1))
    assert answer.status_code == 413
    assert "That is too large." in answer.text


async def test_a_form_that_is_none_is_refused_in_words(site: Site) -> None:
    answer = await site.visitor(MARIEKE).client.post(
        "/tickets/new", content=b"nonsense", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert answer.status_code in (400, 422)
    assert "<html" in answer.text


@pytest.mark.parametrize("address", ["/desk", "/help?q=a%20b", "/tickets/1#latest", "/"])
def test_paths_of_this_site_are_inside(address: str) -> None:
    assert inside(address, "elsewhere") == address


@pytest.mark.parametrize("address", ["", None, "//x", "/\\x", "https://x", "x", "/a b", "/a\nb", "\\/x", "/x\x00"])
def test_everything_else_is_not(address: str | None) -> None:
    assert inside(address, "elsewhere") == "elsewhere"
