"""Lists of tickets: their filters, their orders, what their rows say, and what they cost."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.tables.setup_tables import product, team
from services.intake.tables.tables import ticket
from tests.intake.api_desk import As
from tests.intake.query_count import queries_of
from tests.moved_clock import START, MovedClock

HOUR = timedelta(hours=1)


async def numbers(caller: As, **wanted: Any) -> list[int]:
    """The numbers of the tickets a list holds."""
    return [item["number"] for item in (await caller.get("/api/v1/tickets", **wanted))["items"]]


async def opened_hourly(marieke: As, clock: MovedClock, count: int) -> list[int]:
    """So many tickets, an hour between each."""
    found = []
    for n in range(count):
        found.append((await marieke.submits(f"Printer {n}"))["number"])
        clock.move(HOUR)
    return found


async def test_a_list_by_breach_begins_with_what_breaks_first(marieke: As, daan: As, clock: MovedClock) -> None:
    first, second, third = await opened_hourly(marieke, clock, 3)
    await daan.moves({"number": second}, "ask", text="Which?")

    page = await daan.get("/api/v1/tickets", sort="breach")
    assert [item["number"] for item in page["items"]] == [first, third, second]
    assert [item["next_breach"] is None for item in page["items"]] == [False, False, True]
    breach = page["items"][0]["next_breach"]
    assert breach == {"metric": "resolution", "breach_at": "2026-11-04T09:00:00Z", "remaining_seconds": 45 * 3600}


async def test_what_is_broken_already_comes_before_everything_else(marieke: As, daan: As, clock: MovedClock) -> None:
    [late] = await opened_hourly(marieke, clock, 1)
    clock.move(timedelta(days=3))
    [fresh] = await opened_hourly(marieke, clock, 1)
    rows = (await daan.get("/api/v1/tickets", sort="breach"))["items"]
    assert [row["number"] for row in rows] == [late, fresh]
    assert rows[0]["next_breach"]["remaining_seconds"] < 0


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_pages_by_breach_follow_each_other_without_gap_or_repeat(
    marieke: As, daan: As, clock: MovedClock, limit: int
) -> None:
    opened = await opened_hourly(marieke, clock, 6)
    for number in opened[1:4]:
        await daan.moves({"number": number}, "ask", text="Which?")
        clock.move(HOUR)
    seen: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = await daan.get("/api/v1/tickets", sort="breach", limit=limit, **cursor)
        seen += [item["number"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    promised, waiting = [opened[0], *opened[4:]], list(reversed(opened[1:4]))
    assert seen == promised + waiting


async def test_pages_by_breach_leave_out_no_ticket_that_breaks_at_the_same_instant(marieke: As, daan: As) -> None:
    opened = [(await marieke.submits(f"Printer {n}"))["number"] for n in range(3)]
    first = await daan.get("/api/v1/tickets", sort="breach", limit=2)
    rest = await daan.get("/api/v1/tickets", sort="breach", limit=2, cursor=first["next_cursor"])
    assert [item["number"] for item in (*first["items"], *rest["items"])] == opened


async def test_what_was_promised_is_for_support_only(marieke: As, daan: As, clock: MovedClock) -> None:
    [number] = await opened_hourly(marieke, clock, 1)
    assert (await marieke.ask("GET", "/api/v1/tickets", params={"sort": "breach"})).status_code == 403
    [row] = (await marieke.get("/api/v1/tickets"))["items"]
    assert (row["next_breach"], row["next_deadline"]) == (None, None)
    own = await marieke.get(f"/api/v1/tickets/{number}")
    assert (own["promises"], own["deadlines"]) == ([], [])

    [promise] = (await daan.get(f"/api/v1/tickets/{number}"))["promises"]
    assert promise == {
        "metric": "resolution",
        "target_seconds": 48 * 3600,
        "counted": "working",
        "spent_seconds": 3600,
        "remaining_seconds": 47 * 3600,
        "breach_at": "2026-11-04T09:00:00Z",
        "state": "running",
    }


async def test_every_filter_finds_its_tickets_and_no_others(
    marieke: As, luca: As, daan: As, engine: AsyncEngine
) -> None:
    one, other = await marieke.submits("One"), await luca.submits("Other")
    first, printers, labels = one["number"], uuid4(), uuid4()
    await daan.moves(one, "tag", add=["ink"])
    await daan.moves(one, "link_problem", problem=other["number"])
    async with engine.begin() as connection:
        await connection.execute(team.insert().values(id=printers, name="Printers", changed_at=START))
        await connection.execute(product.insert().values(id=labels, name="Labels", form=[], changed_at=START))
        about = {"team_id": printers, "product_id": labels}
        await connection.execute(update(ticket).where(ticket.c.number == first).values(about))

    for wanted in (
        {"tag": "INK"},
        {"problem": other["number"]},
        {"team": str(printers)},
        {"product": str(labels)},
        {"organisation": one["organisation"]["id"]},
        {"requester": marieke.person["id"]},
    ):
        assert await numbers(daan, **wanted) == [first], wanted
    assert await numbers(daan, team="none") == [other["number"]]
    assert await numbers(daan, tag="ink", view="closed") == []
    [row] = (await daan.get("/api/v1/tickets", tag="ink"))["items"]
    assert (row["team"]["name"], row["product"]["name"], row["tags"]) == ("Printers", "Labels", ["ink"])


async def test_lists_take_the_same_few_queries_however_long_they_are(
    marieke: As, daan: As, engine: AsyncEngine, clock: MovedClock
) -> None:
    await opened_hourly(marieke, clock, 3)
    for sort in ("changed", "breach"):
        with queries_of(engine) as for_one:
            await daan.get("/api/v1/tickets", sort=sort, limit=1)
        with queries_of(engine) as for_two:
            await daan.get("/api/v1/tickets", sort=sort, limit=2)
        assert len(for_two) == len(for_one), sort


async def test_history_is_told_in_the_callers_language(marieke: As, api: As, daan: As) -> None:
    opened = await marieke.submits("One")
    path = f"/api/v1/tickets/{opened['number']}/timeline"

    async def first(**headers: str) -> str:
        lines = (await marieke.ask("GET", path, headers=headers)).json()["items"]
        return str(lines[0]["event"]["sentence"])

    assert await first() == "Marieke de Vries heeft dit ticket geopend (Website)"
    assert (
        await first(**{"Accept-Language": "fr, it;q=0.8, en;q=0.5"})
        == "Marieke de Vries ha aperto questo ticket (Sito web)"
    )
    assert await first(**{"Accept-Language": "de"}) == "Marieke de Vries heeft dit ticket geopend (Website)"


async def test_evidence_is_for_support_only(marieke: As, daan: As) -> None:
    opened = await marieke.submits("One")
    await daan.moves(opened, "ask", text="Which?")
    await daan.moves(opened, "do_now", step="reminder")
    path = f"/api/v1/tickets/{opened['number']}/timeline"
    inside, outside = [(await caller.get(path))["items"][-1]["event"] for caller in (daan, marieke)]
    assert inside["evidence"].startswith("Gepland voor ")
    assert outside["evidence"] == ""
    assert inside["sentence"] == outside["sentence"]
