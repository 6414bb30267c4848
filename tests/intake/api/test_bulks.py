"""Bulks over HTTP: answered from PostgreSQL alone, whoever is away; and the acts that fan out through them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.tables.tables import person
from services.platform.database import transaction
from tests.intake.api_desk import As, token_for
from tests.intake.bulk_desk import BulkDesk, bulk_desk
from tests.moved_clock import START, MovedClock


@pytest.fixture
async def desk(engine: AsyncEngine, clock: MovedClock) -> BulkDesk:
    """What intake's worker does with the bulks that were asked for."""
    return await bulk_desk(engine, clock)


async def test_a_bulk_is_accepted_at_once_and_read_while_it_runs(daan: As, desk: BulkDesk) -> None:
    numbers = await desk.opens(15)
    bulk = await _bulk(daan, "tag", numbers, add=["Printer "], per_second=2)
    assert bulk == {
        **bulk,
        "command": "tag",
        "facts": {"add": ["printer"], "remove": []},
        "state": "running",
        "total": 15,
        "done": 0,
        "refused": 0,
        "undone": 0,
        "kept": 0,
        "pending": 15,
        "created_at": START.isoformat().replace("+00:00", "Z"),
        "finished_at": None,
        "can_undo_until": None,
        "undone_by": None,
        "per_second": 2,
    }
    assert bulk["by"]["name"] == "Daan Visser"

    await desk.step(UUID(bulk["id"]))
    assert (await daan.get(f"/api/v1/bulks/{bulk['id']}"))["done"] == 10
    await desk.carries_out(UUID(bulk["id"]))
    done = await daan.get(f"/api/v1/bulks/{bulk['id']}")
    assert (done["state"], done["done"], done["pending"]) == ("done", 15, 0)
    assert done["can_undo_until"] == "2026-11-02T10:00:00Z"


async def test_pausing_resuming_cancelling_and_undoing(daan: As, desk: BulkDesk) -> None:
    numbers = await desk.opens(15)
    bulk = await _bulk(daan, "tag", numbers, add=["printer"], per_second=2)
    await desk.step(UUID(bulk["id"]))
    assert (await _move(daan, bulk, "pause"))["state"] == "paused"
    refused = await daan.ask("POST", f"/api/v1/bulks/{bulk['id']}/pause", json={})
    assert (refused.status_code, refused.json()["allowed"]) == (409, ["resume", "cancel"])
    assert (await _move(daan, bulk, "resume"))["state"] == "running"
    cancelled = await _move(daan, bulk, "cancel")
    assert (cancelled["state"], cancelled["done"], cancelled["pending"]) == ("cancelled", 10, 5)
    assert await _listed(daan, bulk, "done") == numbers[:10]
    assert await _listed(daan, bulk, "pending") == numbers[10:]

    await desk.notes(numbers[0])
    assert (await _move(daan, bulk, "undo"))["state"] == "undoing"
    await desk.carries_out(UUID(bulk["id"]))
    assert await _listed(daan, bulk, "undone") == numbers[1:10]
    [kept] = (await daan.get(f"/api/v1/bulks/{bulk['id']}/tickets", state="kept"))["items"]
    assert kept == {
        "number": numbers[0],
        "subject": f"Printer {numbers[0]} is on fire",
        "state": "kept",
        "sentence": f"Ticket {numbers[0]} was changed since; it is left as it is.",
        "version": 2,
        "at": START.isoformat().replace("+00:00", "Z"),
    }


async def test_a_filter_chooses_the_tickets_there_are_when_the_command_is_given(daan: As, desk: BulkDesk) -> None:
    numbers = await desk.opens(3)
    await desk.asks(numbers[0])
    bulk = await _accepted(daan, "/api/v1/bulks", {"command": "spam", "filter": {"status": "new"}})
    await desk.opens(2)

    assert await _listed(daan, bulk, "pending") == numbers[1:]
    nothing = await daan.ask("POST", "/api/v1/bulks", json={"command": "spam", "filter": {"status": "closed"}})
    assert (nothing.status_code, nothing.json()["detail"]) == (422, "The filter finds no ticket.")


async def test_the_same_request_again_under_its_key_starts_no_second_bulk(daan: As, desk: BulkDesk) -> None:
    body = {"command": "spam", "numbers": await desk.opens()}
    key = {"Idempotency-Key": "once"}
    first = await daan.ask("POST", "/api/v1/bulks", json=body, headers=key)
    again = await daan.ask("POST", "/api/v1/bulks", json=body, headers=key)

    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json() == again.json()
    assert len((await daan.get("/api/v1/bulks"))["items"]) == 1


async def test_bulks_and_their_tickets_are_paged(daan: As, desk: BulkDesk, clock: MovedClock) -> None:
    numbers = await desk.opens(5)
    bulks = [await _bulk(daan, "tag", numbers, add=[str(each)]) for each in range(3)]
    listed = await _all(daan, "/api/v1/bulks", limit=2)
    assert sorted(each["id"] for each in listed) == sorted(each["id"] for each in bulks)
    tickets = await _all(daan, f"/api/v1/bulks/{bulks[0]['id']}/tickets", limit=2)
    assert [each["number"] for each in tickets] == numbers


@pytest.mark.parametrize(
    "body",
    [
        {"command": "ship", "facts": {"release": "5.0"}, "numbers": [1]},
        {"command": "replan", "facts": {"because": "I say so"}, "numbers": [1]},
        {"command": "tag", "facts": {"add": ["a"], "colour": 1}, "numbers": [1]},
        {"command": "tag", "facts": {"add": ["\x00"]}, "numbers": [1]},
        {"command": "spam"},
        {"command": "spam", "numbers": []},
        {"command": "spam", "numbers": [1], "filter": {}},
        {"command": "spam", "numbers": [1], "per_second": 1000},
    ],
)
async def test_what_makes_no_sense_is_refused_and_starts_nothing(daan: As, body: dict[str, Any]) -> None:
    refused = await daan.ask("POST", "/api/v1/bulks", json=body)
    assert refused.status_code == 422
    assert (await daan.get("/api/v1/bulks"))["items"] == []


async def test_bulks_are_for_support_only(marieke: As, api: As) -> None:
    body = {"command": "spam", "numbers": [1]}
    assert (await marieke.ask("POST", "/api/v1/bulks", json=body)).status_code == 403
    assert (await marieke.ask("GET", "/api/v1/bulks")).status_code == 403
    assert (await api.ask("GET", "/api/v1/bulks")).status_code == 401


async def test_a_bulk_there_is_not_is_not_found(daan: As) -> None:
    nowhere = f"/api/v1/bulks/{UUID(int=1)}"
    for method, path in (("GET", nowhere), ("GET", f"{nowhere}/tickets"), ("POST", f"{nowhere}/cancel")):
        assert (await daan.ask(method, path, json={})).status_code == 404


async def test_a_list_of_bulks_costs_the_same_however_many_tickets_they_have(daan: As, desk: BulkDesk) -> None:
    # What the list shows is in the bulk's own row: tasks need not even be readable.
    await _bulk(daan, "tag", await desk.opens(3), add=["printer"])
    async with transaction(desk.engine) as connection:
        await connection.execute(text("alter table intake.bulk_task rename to bulk_task_away"))
    assert len((await daan.get("/api/v1/bulks"))["items"]) == 1


async def test_shipping_a_release_solves_what_is_planned_in_it(daan: As, anna: As, marieke: As, desk: BulkDesk) -> None:
    planned, parked = await desk.opens(2)
    await desk.parks(planned, release="5.0")
    await desk.parks(parked)
    path, body = "/api/v1/releases/5.0/ship", {"note": "Labels print in colour."}
    assert (await daan.ask("POST", path, json=body)).status_code == 403
    assert (await marieke.ask("POST", path, json=body)).status_code == 403
    bulk = await _accepted(anna, path, body)
    assert bulk["facts"] == {"release": "5.0", "note": "Labels print in colour."}
    await desk.carries_out(UUID(bulk["id"]))

    assert [each.status for each in await desk.tickets([planned, parked])] == ["solved", "parked"]
    again = await anna.ask("POST", path, json=body)
    assert (again.status_code, again.json()["detail"]) == (409, "No parked ticket is planned in release 5.0.")


async def test_the_product_director_ships_too(anna: As, desk: BulkDesk, clock: MovedClock) -> None:
    [planned] = await desk.opens()
    await desk.parks(planned, release="5.0")
    async with transaction(desk.engine) as connection:
        directs = update(person).where(person.c.id == desk.daan.id).values(role="director")
        await connection.execute(directs)
    token = token_for({"id": desk.daan.id, "role": "director", "name": desk.daan.name}, clock)
    await _accepted(As(anna._client, token), "/api/v1/releases/5.0/ship", {})


async def test_solving_a_problem_solves_its_incidents_with_the_same_words(daan: As, desk: BulkDesk) -> None:
    [problem, other] = await desk.opens(2)
    incidents = await desk.opens(3, problem=problem)
    await desk.solves(incidents[2])
    await daan.moves({"number": problem}, "solve", text="The driver is mended.", incidents=True)
    [bulk] = (await daan.get("/api/v1/bulks"))["items"]
    assert (bulk["command"], bulk["total"]) == ("solve_incidents", 2)
    await desk.carries_out(UUID(bulk["id"]))

    assert [each.status for each in await desk.tickets([problem, *incidents, other])] == ["solved"] * 4 + ["new"]
    for number in incidents[:2]:
        said = (await daan.get(f"/api/v1/tickets/{number}/timeline"))["items"]
        assert [line["comment"]["text"] for line in said if line["comment"]][1:] == ["The driver is mended."]
        [because] = await desk.history(number, "solved_by_problem")
        assert because.facts == {"problem": problem}


async def test_a_problem_that_cannot_be_solved_starts_no_bulk(daan: As, desk: BulkDesk) -> None:
    [problem] = await desk.opens()
    await desk.opens(2, problem=problem)
    await desk.solves(problem)
    await daan.refused({"number": problem}, "solve", text="Again.", incidents=True)
    assert (await daan.get("/api/v1/bulks"))["items"] == []


async def _bulk(caller: As, command: str, numbers: Sequence[int], *, per_second: int = 20, **facts: Any) -> Any:
    body = {"command": command, "facts": facts, "numbers": list(numbers), "per_second": per_second}
    return await _accepted(caller, "/api/v1/bulks", body)


async def _accepted(caller: As, path: str, body: dict[str, Any]) -> Any:
    response = await caller.ask("POST", path, json=body)
    assert response.status_code == 202, response.text
    answer = response.json()
    assert response.headers["Location"] == f"/api/v1/bulks/{answer['id']}"
    return answer


async def _move(caller: As, bulk: Any, move: str) -> Any:
    return await caller.does(f"/api/v1/bulks/{bulk['id']}/{move}")


async def _listed(caller: As, bulk: Any, state: str) -> list[int]:
    items = await _all(caller, f"/api/v1/bulks/{bulk['id']}/tickets", state=state)
    return [each["number"] for each in items]


async def _all(caller: As, path: str, **params: Any) -> list[Any]:
    page = await caller.get(path, **params)
    items = list(page["items"])
    while page["next_cursor"]:
        page = await caller.get(path, **params, cursor=page["next_cursor"])
        items += page["items"]
    return items
