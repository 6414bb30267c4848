"""Who sees what is internal: support, and colleagues a ticket is shared with; never the requester's side."""

from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.rules.registry import read_line
from tests.intake.api_desk import As, token_for
from tests.moved_clock import MovedClock

SECRET = "They always say that."


async def noted(marieke: As, daan: As) -> tuple[dict[str, object], str]:
    """A ticket with an internal note that has a file, and the file's address."""
    opened = await marieke.submits("The printer is on fire")
    file = (await daan.ask("POST", "/api/v1/attachments", files={"file": ("plan.txt", b"secret")})).json()
    await daan.moves(opened, "note", text=SECRET, attachment_ids=[file["id"]])
    return opened, f"/api/v1/attachments/{file['id']}"


async def test_a_colleague_sees_and_writes_notes_once_the_ticket_is_shared(marieke: As, daan: As, carla: As) -> None:
    opened, file = await noted(marieke, daan)
    path = f"/api/v1/tickets/{opened['number']}"
    assert (await carla.ask("GET", path)).status_code == 404
    assert (await carla.ask("GET", file)).status_code == 404
    assert (await carla.get("/api/v1/tickets", q="always"))["items"] == []

    shared = await daan.moves(opened, "share", person_id=carla.person["id"])
    assert [each["name"] for each in shared["colleagues"]] == ["Carla"]
    assert SECRET in str(await carla.get(path + "/timeline"))
    assert (await carla.ask("GET", file)).content == b"secret"
    assert [each["number"] for each in (await carla.get("/api/v1/tickets", q="always"))["items"]] == [opened["number"]]
    assert (await carla.get(path))["moves"] == ["note"]
    await carla.moves(opened, "note", text="The lawyers agree.")
    assert "lawyers" in str(await daan.get(path + "/timeline"))

    await daan.moves(opened, "share", person_id=carla.person["id"], shared=False)
    assert (await carla.ask("GET", path)).status_code == 404
    assert (await carla.ask("GET", file)).status_code == 404


async def test_who_is_no_colleague_any_more_sees_no_longer_what_was_shared(
    marieke: As, daan: As, carla: As, anna: As, clock: MovedClock
) -> None:
    opened, file = await noted(marieke, daan)
    await daan.moves(opened, "share", person_id=carla.person["id"])
    changed = await anna.ask("PATCH", f"/api/v1/people/{carla.person['id']}", json={"role": "requester"})
    assert changed.status_code == 200, changed.text
    carla.token = token_for(changed.json(), clock, session=1)
    path = f"/api/v1/tickets/{opened['number']}"
    for address in (path, path + "/timeline", file):
        assert (await carla.ask("GET", address)).status_code == 404
    assert (await carla.get("/api/v1/tickets"))["items"] == []
    assert (await carla.get("/api/v1/tickets", q="always"))["items"] == []


async def test_a_colleague_speaks_for_nobody_and_learns_nothing_of_promises(marieke: As, daan: As, carla: As) -> None:
    opened = await marieke.submits("The printer is on fire")
    await daan.moves(opened, "ask", text="Which?")
    await daan.moves(opened, "share", person_id=carla.person["id"])
    until = "2026-11-10T12:00:00Z"
    for move, body in (
        ("reply", {"text": "x"}),
        ("keep_open", {}),
        ("confirm_solved", {}),
        ("postpone", {"step": "closure", "until": until}),
        ("solve", {}),
    ):
        assert (await carla.refused(opened, move, **body))["status"] == 403
    assert (await carla.get(f"/api/v1/tickets/{opened['number']}"))["promises"] == []


async def test_the_requesters_side_never_sees_or_writes_notes(
    marieke: As, pieter: As, daan: As, carla: As, anna: As
) -> None:
    opened, file = await noted(marieke, daan)
    await daan.moves(opened, "share", person_id=carla.person["id"])
    path = f"/api/v1/tickets/{opened['number']}"
    for requester in (marieke, pieter):
        everything = str(await requester.get(path)) + str(await requester.get(path + "/timeline"))
        assert "Carla" not in everything
        assert SECRET not in everything
        assert (await requester.ask("GET", file)).status_code == 404
        assert (await requester.get("/api/v1/tickets", q="always"))["items"] == []
        assert (await requester.refused(opened, "note", text="Hello?"))["status"] == 403


async def test_a_colleague_sees_no_notes_on_a_ticket_of_their_own(daan: As, carla: As) -> None:
    opened, file = await noted(carla, daan)
    await daan.moves(opened, "share", person_id=carla.person["id"])
    assert SECRET not in str(await carla.get(f"/api/v1/tickets/{opened['number']}/timeline"))
    assert (await carla.ask("GET", file)).status_code == 404
    assert (await carla.get("/api/v1/tickets", q="always"))["items"] == []
    assert (await carla.refused(opened, "note", text="Hm."))["status"] == 403


async def test_tickets_are_shared_within_the_house_only(marieke: As, luca: As, daan: As, engine: AsyncEngine) -> None:
    opened = await marieke.submits("The printer is on fire")
    assert (await daan.refused(opened, "share", person_id=luca.person["id"]))["status"] == 422
    assert (await daan.refused(opened, "share", person_id=str(uuid4())))["status"] == 404


async def test_the_facts_behind_history_tell_the_requesters_side_no_more_than_its_sentences(
    marieke: As, luca: As, daan: As
) -> None:
    incident, problem = await marieke.submits("Silent printer"), await luca.submits("Printers break")
    await daan.moves(incident, "link_problem", problem=problem["number"])
    await daan.moves(incident, "solve")
    await daan.moves(incident, "do_now", step="finalisation")

    async def facts(caller: As) -> list[dict[str, object]]:
        lines = (await caller.get(f"/api/v1/tickets/{incident['number']}/timeline"))["items"]
        return [line["event"]["facts"] for line in lines if line["event"]]

    assert {"policy", "because", "problem"} <= {name for each in await facts(daan) for name in each}
    seen = {name for each in await facts(marieke) for name in each}
    assert "due_at" in seen
    assert not {"policy", "because", "problem"} & seen


def test_who_is_solved_with_others_does_not_read_the_number_of_the_problem() -> None:
    assert read_line("changed", {"problem": 12}).shown(inside=True) == {"problem": 12}
    assert read_line("changed", {"problem": 12}).shown(inside=False) == {}
