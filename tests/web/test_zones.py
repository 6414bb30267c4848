"""Pages in the time zone of who reads them, and the same local time in mail, page and history."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.contract.events import Event, TicketReplied
from services.contract.zones import DESK_ZONE, zone_names
from services.intake.tables.tables import outbox
from services.notify.rendering import Known, MailIdentity, render
from services.notify.rules.facts import PlanFacts
from services.notify.rules.plan import plan
from services.platform.identity import REMINDER_LINK, Signer, question
from services.web import visit
from tests.web.site import ANNA, DAAN, MARIEKE, PIETER, SECRET, Site

NEW_YORK, KATHMANDU, APIA = "America/New_York", "Asia/Kathmandu", "Pacific/Apia"
CLOSING = {
    DESK_ZONE: ("Monday 16 November 2026 at 10:00 CET", "Mon 16 Nov 10:00 CET"),
    NEW_YORK: ("Monday 16 November 2026 at 04:00 EST", "Mon 16 Nov 04:00 EST"),
    KATHMANDU: ("Monday 16 November 2026 at 14:45 UTC+5:45", "Mon 16 Nov 14:45 UTC+5:45"),
    APIA: ("Monday 16 November 2026 at 22:00 UTC+13", "Mon 16 Nov 22:00 UTC+13"),
}
"""When a ticket of the tests closes that was asked at their beginning, in full and in short."""


async def chooses(site: Site, email: str, zone: str | None) -> None:
    """Have this person choose a time zone."""
    await site.asks(email, "PATCH", "/api/v1/me", json={"zone": zone})


async def asked(site: Site) -> int:
    """A ticket that waits for Marieke."""
    number = await site.ticket(MARIEKE)
    await site.moves(DAAN, number, "ask", text="Is the lamp green?")
    return number


async def mail_of_question(site: Site) -> str:
    """The text of the mail about support's question, as notify writes it to its first reader, in English."""
    async with site.engine.connect() as connection:
        payloads = (await connection.execute(select(outbox.c.payload).order_by(outbox.c.id))).scalars()
        events = [Event.model_validate(each) for each in payloads if each.get("type") == TicketReplied.TYPE]
    data = events[-1].read(TicketReplied)
    english = data.model_copy(
        update={"ticket": data.ticket.model_copy(update={"requester": _english(data.ticket.requester)})}
    )
    desk = MailIdentity("Balie", "support@balie.example", "balie.example", "https://balie.example")
    mail = plan(events[-1], english, PlanFacts(desk.address), site.clock())[0]
    return " ".join(render(mail, Known(), desk, Signer(SECRET), site.clock()).text.split())


def _english(contact: Any) -> Any:
    return contact.model_copy(update={"language": "en"})


async def test_the_profile_offers_every_zone_and_keeps_the_one_chosen(site: Site) -> None:
    visitor = site.visitor(MARIEKE)
    page = await visitor.opens("/profile")
    assert page.form("/profile").fields["zone"] == ""
    assert "The desk's: Europe/Amsterdam" in page.words
    assert "Now it is Monday 2 November 2026 at 10:00 CET" in page.words
    assert [zone for zone in zone_names() if f'<option value="{zone}"' not in page.source] == []
    page = await visitor.follows(await visitor.sends(page, "/profile", language="en", zone=NEW_YORK))
    assert page.form("/profile").fields["zone"] == NEW_YORK
    assert "Now it is Monday 2 November 2026 at 04:00 EST" in page.words
    page = await visitor.follows(await visitor.sends(page, "/profile", zone=""))
    assert "Now it is Monday 2 November 2026 at 10:00 CET" in page.words


async def test_a_zone_that_is_none_is_told_at_its_field_and_the_rest_is_kept(site: Site) -> None:
    visitor = site.visitor(MARIEKE)
    refused = await visitor.sends(await visitor.opens("/profile"), "/profile", name="Marijke", zone="Mars/Olympus")
    assert (refused.status, "zone-wrong" in refused.ids) == (422, True)
    assert "This time zone is not known" in refused.words
    assert refused.form("/profile").fields["name"] == "Marijke"


async def test_changing_the_language_leaves_the_zone(site: Site) -> None:
    await chooses(site, MARIEKE, KATHMANDU)
    visitor = site.visitor(MARIEKE)
    await visitor.sends(await visitor.opens("/profile"), "/language", language="it")
    assert (await visitor.opens("/profile")).form("/profile").fields["zone"] == KATHMANDU


async def test_support_sets_the_zone_of_somebody(site: Site) -> None:
    address = f"/desk/people/{site.people[MARIEKE].id}"
    agent = site.visitor(DAAN)
    sent = await agent.sends(await agent.opens(address), address, zone=APIA)
    assert (await agent.follows(sent)).form(address).fields["zone"] == APIA
    refused = await agent.sends(await agent.opens(address), address, zone="Mars/Olympus")
    assert (refused.status, "This time zone is not known" in refused.words) == (422, True)


async def test_a_zone_chosen_elsewhere_holds_for_the_next_page(site: Site) -> None:
    number, reader = await asked(site), site.visitor(MARIEKE)
    assert CLOSING[DESK_ZONE][0] in (await reader.opens(f"/tickets/{number}")).words
    person = f"/api/v1/people/{site.people[MARIEKE].id}"
    await site.asks(DAAN, "PATCH", person, json={"zone": APIA})
    assert CLOSING[APIA][0] in (await reader.opens(f"/tickets/{number}")).words


@pytest.mark.parametrize("zone", CLOSING)
async def test_mail_page_and_history_tell_the_same_local_time(site: Site, zone: str) -> None:
    if zone != DESK_ZONE:
        await chooses(site, MARIEKE, zone)
    number = await asked(site)
    full, short = CLOSING[zone]
    assert f"close the ticket on {full}" in await mail_of_question(site)
    assert full in (await site.visitor(MARIEKE).opens(f"/tickets/{number}")).words
    await site.moves(DAAN, number, "postpone", step="closure", until="2026-11-20T09:00:00Z")
    page = await site.visitor(MARIEKE).opens(f"/tickets/{number}")
    assert f"Daan Visser moved the closing from {short} to" in page.words
    timeline = await site.asks(MARIEKE, "GET", f"/api/v1/tickets/{number}/timeline", headers={"Accept-Language": "en"})
    assert f"moved the closing from {short} to" in timeline["items"][-1]["event"]["sentence"]


@pytest.mark.parametrize(
    ("email", "pages"),
    [
        (MARIEKE, ("/", "/tickets", "/tickets/{}")),
        (
            DAAN,
            (
                "/desk",
                "/desk?view=all",
                "/desk/tickets/{}",
                "/desk/tickets/{}/do/snooze",
                "/desk/tickets/{}/do/step?step=closure",
                "/desk/bulks",
                "/desk/board",
                "/desk/mailbox",
            ),
        ),
    ],
)
async def test_no_page_tells_a_time_in_another_zone_than_the_readers(
    site: Site, email: str, pages: tuple[str, ...]
) -> None:
    number = await asked(site)
    await site.moves(DAAN, number, "snooze", until="2026-11-20T09:00:00Z")
    (site.mailbox / "1.eml").write_text("Subject: Hello\nTo: a@example.org\n\nHello")
    await chooses(site, email, NEW_YORK)
    for path in pages:
        page = await site.visitor(email).opens(path.format(number))
        assert page.status == 200
        assert "CET" not in page.words, path


async def test_what_is_typed_is_read_in_the_readers_zone_which_the_form_names(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    await chooses(site, DAAN, KATHMANDU)
    visitor, address = site.visitor(DAAN), f"/desk/tickets/{number}/do/snooze"
    form = await visitor.opens(address)
    assert "In the time zone Asia/Kathmandu." in form.words
    await visitor.sends(form, address, until="2026-11-05T09:00")
    assert (await site.reads(DAAN, number))["snoozed_until"] == "2026-11-05T03:15:00Z"


async def test_a_requester_types_a_closing_in_their_own_zone(site: Site) -> None:
    number = await asked(site)
    await chooses(site, MARIEKE, NEW_YORK)
    visitor = site.visitor(MARIEKE)
    page = await visitor.opens(f"/tickets/{number}")
    assert "In the time zone America/New_York." in page.words
    await visitor.sends(page, f"/tickets/{number}/wish", act="postpone", until="2026-11-20T09:00")
    due = {each["kind"]: each["due_at"] for each in (await site.reads(DAAN, number))["deadlines"]}
    assert due["closure"] == "2026-11-20T14:00:00Z"


async def test_tomorrow_morning_is_the_readers_tomorrow_and_morning(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    await chooses(site, DAAN, APIA)
    # In Apia it is Tuesday already.
    site.clock.move(timedelta(hours=3))
    words = (await site.visitor(DAAN).opens(f"/desk/tickets/{number}/do/snooze")).words
    assert "Tomorrow Wed 4 Nov 09:00 UTC+13" in words


async def test_each_side_of_a_clock_change_has_the_name_it_has_then(site: Site) -> None:
    site.clock.now = datetime(2026, 10, 25, 9, tzinfo=UTC)
    await chooses(site, MARIEKE, NEW_YORK)
    number = await asked(site)
    words = (await site.visitor(MARIEKE).opens(f"/tickets/{number}")).words
    assert "Sunday 25 October 2026 at 05:00 EDT" in words
    assert "Sunday 8 November 2026 at 04:00 EST" in words


async def test_promises_name_the_zone_of_their_calendar_to_who_reads_in_another(site: Site) -> None:
    number = await site.ticket(MARIEKE)
    named = "Working time counts in the time zone Europe/Amsterdam."
    assert named not in (await site.visitor(DAAN).opens(f"/desk/tickets/{number}")).words
    await chooses(site, DAAN, NEW_YORK)
    words = (await site.visitor(DAAN).opens(f"/desk/tickets/{number}")).words
    assert "By Wednesday 4 November 2026 at 04:00 EST" in words
    assert named in words


async def test_calendars_are_listed_with_their_zone(site: Site) -> None:
    await site.asks(ANNA, "POST", "/api/v1/calendars", json={"name": "Nepal", "terms": {"zone": KATHMANDU}})
    visitor = site.visitor(ANNA)
    assert "Nepal Asia/Kathmandu" in (await visitor.opens("/desk/agreements/calendars")).words
    assert "Nepal · Asia/Kathmandu" in (await visitor.opens("/desk/agreements/contracts/new")).words


async def test_the_preview_of_re_planning_names_the_zones_that_are_not_the_readers(site: Site) -> None:
    await site.ticket(MARIEKE)
    nepal = await site.asks(ANNA, "POST", "/api/v1/calendars", json={"name": "Nepal", "terms": {"zone": KATHMANDU}})
    contract = {"name": "Acme", "calendar_id": nepal["id"], "terms": {"warn_at": []}}
    acme = await site.asks(ANNA, "POST", "/api/v1/contracts", json=contract)
    organisation = site.people[MARIEKE].organisation
    assert organisation is not None
    path = f"/api/v1/organisations/{organisation.id}"
    await site.asks(ANNA, "PATCH", path, json={"contract_id": acme["id"]})
    visitor, address = site.visitor(ANNA), f"/desk/agreements/contracts/{acme['id']}/replan"
    assert "Working time counts in the time zone Asia/Kathmandu." in (await visitor.opens(address)).words
    await chooses(site, ANNA, NEW_YORK)
    words = (await visitor.opens(address)).words
    assert "Working time counts in the time zone Asia/Kathmandu, Europe/Amsterdam." in words


async def test_the_page_behind_a_link_in_a_mail_is_in_the_zone_of_the_mail(site: Site) -> None:
    await chooses(site, MARIEKE, NEW_YORK)
    await chooses(site, PIETER, KATHMANDU)
    number = await asked(site)
    address = f"/tickets/{number}/answer?code={site.link(REMINDER_LINK, question(number, site.clock()))}&act=postpone"
    assert CLOSING[NEW_YORK][0] in (await site.visitor().opens(address)).words
    assert CLOSING[KATHMANDU][0] in (await site.visitor(PIETER).opens(address)).words
    visitor = site.visitor()
    page = await visitor.opens(address)
    done = await visitor.sends(page, f"/tickets/{number}/answer", preset="2026-11-23T09:00:00+00:00")
    assert "closes on Monday 23 November 2026 at 04:00 EST" in done.words


async def test_a_page_that_needs_no_intake_waits_for_the_readers_zone_only_a_moment(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError("nothing wakes it")

    monkeypatch.setattr(visit, "ZONE_SECONDS", 0.01)
    await chooses(site, MARIEKE, NEW_YORK)
    site.intake.answers = never
    assert (await site.visitor(MARIEKE).opens("/help")).status == 200
