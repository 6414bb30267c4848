"""What the product director decides on, through the HTTP API."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from tests.intake.api_desk import As
from tests.intake.query_count import queries_of

NO_NOTE = {"note": ""}


async def parks(daan: As, ticket: dict[str, Any], effort: str = "small", *, workaround: bool = True) -> None:
    """An agent parks the ticket."""
    await daan.moves(ticket, "park", workaround=workaround, effort=effort, note="The driver.")


async def test_the_board_is_sorted_by_a_score_whose_parts_are_shown(
    marieke: As, pieter: As, luca: As, daan: As
) -> None:
    lonely, wanted = await marieke.submits("Colour"), await marieke.submits("Silent", kind="incident")
    incident, merged, spam = (
        await luca.submits("1", priority="high"),
        await pieter.submits("2"),
        await luca.submits("3"),
    )
    await parks(daan, lonely, "large")
    await parks(daan, wanted, "medium", workaround=False)
    for each in (incident, spam):
        await daan.moves(each, "link_problem", problem=wanted["number"])
    await daan.moves(spam, "spam")
    await daan.moves(merged, "merge", into=wanted["number"])

    first, second = (await daan.get("/api/v1/board"))["items"]
    assert first["ticket"]["number"] == wanted["number"]
    assert first["parts"] == {"workaround": 30, "reporters": 20, "effort": -10, "urgency": 20}
    assert (first["score"], first["reporters"], first["parking"]["note"]) == (60, 2, "The driver.")
    assert second["parts"] == {"workaround": 0, "reporters": 10, "effort": -25, "urgency": 0}


async def test_the_board_takes_the_same_few_queries_however_long_it_is(
    marieke: As, daan: As, engine: AsyncEngine
) -> None:
    await parks(daan, await marieke.submits("One"))
    with queries_of(engine) as for_one:
        await daan.get("/api/v1/board")
    await parks(daan, await marieke.submits("Two"))
    with queries_of(engine) as for_two:
        await daan.get("/api/v1/board")
    assert len(for_two) == len(for_one)


async def test_releases_say_what_waits_for_them_and_when_they_were_shipped(marieke: As, daan: As, dirk: As) -> None:
    for release in ("4.3", "4.2"):
        opened = await marieke.submits("Colour")
        await parks(daan, opened)
        await dirk.moves(opened, "plan", release=release)
    assert (await daan.get("/api/v1/releases"))["items"] == [
        {"name": "4.2", "planned": 1, "shipped_at": None},
        {"name": "4.3", "planned": 1, "shipped_at": None},
    ]
    [planned] = (await daan.get("/api/v1/tickets", release="4.2"))["items"]
    shipped = await dirk.ask("POST", "/api/v1/releases/4.2/ship", json=NO_NOTE)
    assert shipped.status_code == 202
    found = {each["name"]: each["shipped_at"] for each in (await daan.get("/api/v1/releases"))["items"]}
    assert (found["4.2"] is None, found["4.3"]) == (False, None)
    assert planned["status"] == "parked"
