"""The time zone that each person reads in, through the HTTP API: chosen, refused, and used by histories and events."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.events import Event, PersonChanged, TicketReplied
from services.contract.temporal import Deadline, MeetDeadline
from services.intake.tables.tables import outbox
from services.intake.tickets.use_cases import meet_deadline
from services.platform.database import transaction
from services.platform.identity import REMINDER_LINK, Signer, question
from tests.intake.agreed import OFFICE, agrees
from tests.intake.api_desk import SECRET, As
from tests.moved_clock import START

NEW_YORK, KATHMANDU, APIA = "America/New_York", "Asia/Kathmandu", "Pacific/Apia"


async def chooses(caller: As, zone: str | None) -> Any:
    """Have this person choose a zone for themselves; returns the answer."""
    answer = await caller.ask("PATCH", "/api/v1/me", json={"zone": zone})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def postponed(marieke: As, daan: As) -> dict[str, Any]:
    """A ticket whose history tells of an instant: 20 November 2026 at 09:00 UTC."""
    opened = await marieke.submits("The printer is on fire")
    waiting = await daan.moves(opened, "ask", text="Which?")
    moved: dict[str, Any] = await daan.moves(waiting, "postpone", step="closure", until="2026-11-20T09:00:00Z")
    return moved


async def told_last(caller: As, ticket: Any, **params: str) -> tuple[str, str, str]:
    """The zone of the ticket's history as this caller reads it, and its last sentence with evidence, in English."""
    path = f"/api/v1/tickets/{ticket['number']}/timeline"
    answer = await caller.ask("GET", path, params=params, headers={"Accept-Language": "en"})
    assert answer.status_code == 200, answer.text
    page = answer.json()
    event = page["items"][-1]["event"]
    return page["zone"], event["sentence"], event["evidence"]


async def events(engine: AsyncEngine, type_: str) -> list[Event]:
    """The events of this type in the outbox, oldest first."""
    async with engine.connect() as connection:
        payloads = (await connection.execute(select(outbox.c.payload).order_by(outbox.c.id))).scalars()
        return [Event.model_validate(each) for each in payloads if each.get("type") == type_]


async def test_a_person_chooses_a_zone_keeps_it_and_goes_back_to_the_desks(marieke: As) -> None:
    assert (await marieke.get("/api/v1/me"))["zone"] is None
    assert (await chooses(marieke, NEW_YORK))["zone"] == NEW_YORK
    await marieke.ask("PATCH", "/api/v1/me", json={"language": "it"})
    assert (await marieke.get("/api/v1/me"))["zone"] == NEW_YORK
    assert (await chooses(marieke, None))["zone"] is None


async def test_support_sets_the_zone_of_a_person(daan: As, marieke: As) -> None:
    added = await daan.does("/api/v1/people", {"name": "Hana", "zone": APIA})
    assert added["zone"] == APIA
    path = f"/api/v1/people/{marieke.person['id']}"
    assert (await daan.ask("PATCH", path, json={"zone": KATHMANDU})).json()["zone"] == KATHMANDU
    await daan.ask("PATCH", path, json={"name": "Marieke"})
    assert (await daan.get(path))["zone"] == KATHMANDU
    assert (await daan.ask("PATCH", path, json={"zone": None})).json()["zone"] is None


@pytest.mark.parametrize("wrong", ["Mars/Olympus", "", "europe/rome", 5])
async def test_an_unknown_zone_is_refused_by_the_name_of_its_field(daan: As, marieke: As, wrong: object) -> None:
    for caller, method, path, more in (
        (marieke, "PATCH", "/api/v1/me", {}),
        (daan, "PATCH", f"/api/v1/people/{marieke.person['id']}", {}),
        (daan, "POST", "/api/v1/people", {"name": "Hana"}),
    ):
        refused = await caller.ask(method, path, json={**more, "zone": wrong})
        assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
        assert [each["field"] for each in refused.json()["fields"]] == ["body.zone"]


async def test_a_history_is_in_the_readers_zone(marieke: As, pieter: As, daan: As) -> None:
    ticket = await postponed(marieke, daan)
    await chooses(marieke, NEW_YORK)
    await chooses(daan, KATHMANDU)
    moved = "Daan Visser moved the closing from"
    for reader, zone, times in (
        (marieke, NEW_YORK, "Mon 16 Nov 04:00 EST to Fri 20 Nov 04:00 EST"),
        (daan, KATHMANDU, "Mon 16 Nov 14:45 UTC+5:45 to Fri 20 Nov 14:45 UTC+5:45"),
        (pieter, "Europe/Amsterdam", "Mon 16 Nov 10:00 CET to Fri 20 Nov 10:00 CET"),
    ):
        assert await told_last(reader, ticket) == (zone, f"{moved} {times}", "")


async def test_whoever_calls_may_ask_for_a_history_in_any_zone(marieke: As, daan: As) -> None:
    ticket = await postponed(marieke, daan)
    await chooses(daan, KATHMANDU)
    zone, said, _ = await told_last(daan, ticket, zone=APIA)
    assert (zone, said.endswith("to Fri 20 Nov 22:00 UTC+13")) == (APIA, True)
    refused = await daan.ask("GET", f"/api/v1/tickets/{ticket['number']}/timeline", params={"zone": "Mars/Olympus"})
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/problem+json")
    assert [each["field"] for each in refused.json()["fields"]] == ["query.zone"]


async def test_evidence_names_the_zone_of_the_calendar_to_who_reads_in_another(
    marieke: As, daan: As, engine: AsyncEngine
) -> None:
    ticket = await marieke.submits("The printer is on fire")
    warning = next(
        Deadline.model_validate(each)
        for each in (await daan.get(f"/api/v1/tickets/{ticket['number']}"))["deadlines"]
        if each["kind"] == "warning"
    )
    async with transaction(engine) as connection:
        order = MeetDeadline(number=ticket["number"], version=0, deadline=warning, met_at=warning.due_at)
        await meet_deadline(connection, order)

    assert "time zone" not in (await told_last(daan, ticket))[2]
    assert (await told_last(daan, ticket, zone=NEW_YORK))[2].endswith(
        "counted from the opening on Mon 2 Nov 04:00 EST, working time counted in the time zone Europe/Amsterdam."
    )


async def test_a_ticket_tells_support_where_its_working_time_counts(marieke: As, daan: As) -> None:
    ticket = await marieke.submits("The printer is on fire")
    assert ticket["calendar_zone"] is None
    assert (await daan.get(f"/api/v1/tickets/{ticket['number']}"))["calendar_zone"] == "Europe/Amsterdam"


async def test_events_carry_the_zone_of_each_of_their_people(marieke: As, daan: As, engine: AsyncEngine) -> None:
    await chooses(marieke, NEW_YORK)
    await chooses(daan, APIA)
    opened = await marieke.submits("The printer is on fire")
    await daan.moves(opened, "assign", assignee_id=daan.person["id"])
    await daan.moves(opened, "ask", text="Which?")
    told = (await events(engine, TicketReplied.TYPE))[-1].read(TicketReplied).ticket
    assert (told.requester.zone, told.assignee and told.assignee.zone) == (NEW_YORK, APIA)
    changed = [each.read(PersonChanged).person for each in await events(engine, PersonChanged.TYPE)]
    assert [(each.name, each.zone) for each in changed[-2:]] == [("Marieke de Vries", NEW_YORK), ("Daan Visser", APIA)]


async def test_who_follows_a_ticket_is_told_in_their_own_zone(
    marieke: As, pieter: As, daan: As, engine: AsyncEngine
) -> None:
    first, second = await marieke.submits("The printer is on fire"), await pieter.submits("It burns")
    await daan.moves(second, "merge", into=first["number"])
    await chooses(pieter, KATHMANDU)
    await daan.moves(first, "ask", text="Which?")
    told = (await events(engine, TicketReplied.TYPE))[-1].read(TicketReplied).ticket
    assert [(each.name, each.zone) for each in told.followers] == [("Pieter de Vries", KATHMANDU)]


async def test_a_link_in_a_mail_leads_to_the_zone_of_the_mail(api: As, marieke: As, daan: As) -> None:
    await chooses(marieke, NEW_YORK)
    waiting = await daan.moves(await marieke.submits("The printer is on fire"), "ask", text="Which?")
    code = Signer(SECRET).link(REMINDER_LINK, question(waiting["number"], START), START)
    assert (await api.get("/api/v1/answer-link", code=code))["zone"] == NEW_YORK
    assert (await api.does("/api/v1/answer-link", {"code": code, "act": "keep_open"}))["zone"] == NEW_YORK


async def test_a_preview_of_re_planning_names_the_zones_of_the_calendars_that_count(
    marieke: As, daan: As, anna: As
) -> None:
    ticket = await marieke.submits("The printer is on fire")
    nepal = await anna.does("/api/v1/calendars", {"name": "Nepal", "terms": {"zone": KATHMANDU, "week": OFFICE}})
    acme = await agrees(anna, ticket, calendar_id=nepal["id"])
    preview = await daan.get(f"/api/v1/contracts/{acme['id']}/replan")
    assert (preview["changed"], preview["calendar_zones"]) == (1, [KATHMANDU, "Europe/Amsterdam"])
    unchanged = await daan.get("/api/v1/promises/replan")
    assert (unchanged["changed"], unchanged["calendar_zones"]) == (0, [])
