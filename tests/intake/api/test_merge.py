"""Tickets that go on as another one, through the HTTP API."""

import asyncio

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.tables.tables import ticket
from tests.intake.api.test_triage import UNKNOWN, sentences
from tests.intake.api_desk import As
from tests.patience import until


async def texts(caller: As, number: int) -> list[str]:
    """What was said on the ticket, as this caller sees it."""
    lines = (await caller.get(f"/api/v1/tickets/{number}/timeline"))["items"]
    return [line["comment"]["text"] for line in lines if line["comment"]]


async def test_a_merged_ticket_ends_and_its_people_follow_the_other(marieke: As, pieter: As, daan: As) -> None:
    one, other = await marieke.submits("Silent printer"), await pieter.submits("Printer broken")
    merged = await daan.moves(one, "merge", into=other["number"])

    assert (merged["status"], merged["closed_reason"], merged["merged_into"]) == ("closed", "merged", other["number"])
    target = await daan.get(f"/api/v1/tickets/{other['number']}")
    assert target["merged"] == [one["number"]]
    assert [each["name"] for each in target["followers"]] == ["Marieke de Vries"]
    assert (await sentences(marieke, one))[-2] == f"Daan Visser merged this ticket into #{other['number']}"
    assert (await sentences(pieter, other))[-1] == f"Daan Visser merged #{one['number']} into this ticket"


async def test_what_is_said_to_a_merged_ticket_is_said_to_the_one_it_went_on_as(
    marieke: As, pieter: As, daan: As
) -> None:
    first, second, third = await marieke.submits("1"), await pieter.submits("2"), await pieter.submits("3")
    await daan.moves(first, "merge", into=second["number"])
    await daan.moves(second, "merge", into=third["number"])
    await daan.moves(third, "ask", text="Which?")
    file = (await marieke.ask("POST", "/api/v1/attachments", files={"file": ("fire.jpg", b"\xff")})).json()

    assert (await marieke.get(f"/api/v1/tickets/{first['number']}"))["moves"] == ["reply"]
    answered = await marieke.moves(first, "reply", text="The red one.", attachment_ids=[file["id"]])
    assert (answered["number"], answered["status"]) == (third["number"], "open")
    assert (await texts(daan, third["number"]))[-1] == "The red one."
    assert (await pieter.ask("GET", f"/api/v1/attachments/{file['id']}")).content == b"\xff"
    assert (await daan.moves(first, "reply", text="Thanks."))["number"] == third["number"]
    assert (await daan.get(f"/api/v1/tickets/{third['number']}"))["merged"] == [first["number"], second["number"]]


async def test_a_reply_to_what_was_merged_into_an_ended_ticket_follows_that_one_up(
    marieke: As, pieter: As, daan: As
) -> None:
    one, other = await marieke.submits("1"), await pieter.submits("2")
    await daan.moves(one, "merge", into=other["number"])
    await daan.moves(other, "solve")
    await daan.moves(other, "do_now", step="finalisation")

    answer = await marieke.ask("POST", f"/api/v1/tickets/{one['number']}/reply", json={"text": "Again."})
    assert (answer.status_code, answer.json()["follow_up_of"]) == (201, other["number"])


async def test_only_tickets_with_somebody_in_common_that_are_at_work_are_merged(
    marieke: As, luca: As, daan: As
) -> None:
    one, foreign, ended = await marieke.submits("1"), await luca.submits("2"), await marieke.submits("3")
    await daan.moves(ended, "spam")

    refused = await daan.refused(one, "merge", into=foreign["number"])
    assert (refused["status"], "different customers" in refused["detail"]) == (422, True)
    assert (await daan.refused(one, "merge", into=ended["number"]))["status"] == 409
    assert (await daan.refused(one, "merge", into=one["number"]))["status"] == 422
    assert (await daan.refused(one, "merge", into=UNKNOWN))["status"] == 404
    assert (await daan.get(f"/api/v1/tickets/{one['number']}"))["version"] == 1
    assert (await daan.get(f"/api/v1/tickets/{foreign['number']}"))["version"] == 1


async def test_the_open_incidents_of_a_merged_problem_go_on_as_those_of_the_other(marieke: As, daan: As) -> None:
    problem, target = await marieke.submits("Problem"), await marieke.submits("The same problem")
    open_, parked, ended = [await marieke.submits(f"Incident {each}") for each in range(3)]
    for each in (open_, parked, ended, target):
        await daan.moves(each, "link_problem", problem=problem["number"])
    await daan.moves(parked, "park", workaround=False, effort="small", note="Later.")
    await daan.moves(ended, "spam")
    await daan.moves(problem, "merge", into=target["number"])

    links = {
        each["number"]: (await daan.get(f"/api/v1/tickets/{each['number']}"))["problem"]
        for each in (open_, parked, ended)
    }
    assert links == {
        open_["number"]: target["number"],
        parked["number"]: target["number"],
        ended["number"]: problem["number"],
    }
    assert (await daan.get(f"/api/v1/tickets/{target['number']}"))["problem"] is None
    assert f"#{target['number']}" in (await sentences(daan, open_))[-1]
    solved = await daan.moves(target, "solve", text="It is out.", incidents=True)
    assert solved["status"] == "solved"


async def test_a_problem_is_not_merged_into_an_incident_of_another(marieke: As, daan: As) -> None:
    problem, incident, other, target = [await marieke.submits(str(each)) for each in range(4)]
    await daan.moves(incident, "link_problem", problem=problem["number"])
    await daan.moves(target, "link_problem", problem=other["number"])
    refused = await daan.refused(problem, "merge", into=target["number"])

    assert refused["status"] == 422
    assert f"{target['number']} is an incident of {other['number']} itself" in refused["detail"]
    assert (await daan.get(f"/api/v1/tickets/{problem['number']}"))["status"] == "new"


async def test_a_problem_with_too_many_incidents_is_not_merged(
    marieke: As, daan: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.intake.tickets.use_cases.INCIDENTS_MAX", 1)
    problem, one, another, target = [await marieke.submits(str(each)) for each in range(4)]
    for each in (one, another):
        await daan.moves(each, "link_problem", problem=problem["number"])
    refused = await daan.refused(problem, "merge", into=target["number"])

    assert refused["status"] == 422
    assert "is the problem of more than 1 open incidents" in refused["detail"]
    await daan.moves(another, "solve")
    assert (await daan.moves(problem, "merge", into=target["number"]))["merged_into"] == target["number"]


async def test_two_tickets_merged_into_each_other_at_once_end_as_one(marieke: As, daan: As, anna: As) -> None:
    one, other = await marieke.submits("1"), await marieke.submits("2")
    answers = await asyncio.gather(
        daan.ask("POST", f"/api/v1/tickets/{one['number']}/merge", json={"into": other["number"]}),
        anna.ask("POST", f"/api/v1/tickets/{other['number']}/merge", json={"into": one["number"]}),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_whoever_follows_the_target_only_through_a_merge_sees_it(luca: As, daan: As, anna: As) -> None:
    # The same requester, who has moved to another organisation in between.
    one = await luca.submits("1")
    organisation = await anna.does("/api/v1/organisations", {"name": "Elsewhere"})
    await anna.ask("PATCH", f"/api/v1/people/{luca.person['id']}", json={"organisation_id": organisation["id"]})
    other = await luca.submits("2")
    await daan.moves(one, "merge", into=other["number"])
    numbers = {item["number"] for item in (await luca.get("/api/v1/tickets"))["items"]}
    assert numbers == {one["number"], other["number"]}


async def test_a_reply_to_a_merged_ticket_and_a_merge_never_wait_for_each_other_in_a_circle(
    marieke: As, pieter: As, daan: As, engine: AsyncEngine
) -> None:
    target, merged = await pieter.submits("1"), await marieke.submits("2")
    await daan.moves(merged, "merge", into=target["number"])
    one = select(ticket.c.number).with_for_update(nowait=True)

    async with engine.connect() as connection:
        # As another merge into the target does, which comes to hold both as well.
        await connection.execute(one.where(ticket.c.number == target["number"]))
        replying = asyncio.create_task(marieke.moves(merged, "reply", text="Hello?"))

        async def waits() -> bool:
            async with engine.connect() as other:
                return bool((await other.execute(text("select 1 from pg_locks where not granted limit 1"))).scalar())

        await until(waits, "the reply waits for the target")
        await connection.execute(one.where(ticket.c.number == merged["number"]))
        await connection.rollback()
    assert (await replying)["number"] == target["number"]
