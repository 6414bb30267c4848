"""Teams: whom a ticket goes to that is given to one."""

import asyncio
from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.event_data import Actor
from services.intake.people.people import find_by_email
from services.intake.people.teams import TeamFacts, add_team, change_team, handover
from services.intake.tables.setup_tables import team_member
from tests.intake.agreed import changes
from tests.intake.api_desk import As
from tests.moved_clock import MovedClock
from tests.patience import until


async def team(anna: As, *members: As, name: str = "Second line", **more: Any) -> Any:
    wanted = {"name": name, "members": [member.person["id"] for member in members], "round_robin": True, **more}
    return await anna.does("/api/v1/teams", wanted)


async def gives(agent: As, requester: As, to: Any) -> str | None:
    """Who gets a new ticket of the requester that is given to the team."""
    opened = await requester.submits("Something is broken")
    given = await agent.moves(opened, "team", team_id=to["id"])
    assert given["team"] == {"id": to["id"], "name": to["name"]}
    return given["assignee"]["name"] if given["assignee"] else None


async def test_whoever_has_least_to_do_gets_the_ticket(anna: As, daan: As, marieke: As) -> None:
    line = await team(anna, anna, daan)
    for _ in range(2):
        await anna.moves(await marieke.submits("Busy"), "assign", assignee_id=anna.person["id"])
    assert [await gives(daan, marieke, line) for _ in range(3)] == ["Daan Visser", "Daan Visser", "Anna Bakker"]


async def test_of_those_alike_it_is_whoever_was_given_one_longest_ago(
    anna: As, daan: As, marieke: As, clock: MovedClock
) -> None:
    line = await team(anna, anna, daan)
    got = []
    for _ in range(4):
        opened = await marieke.submits("Something is broken", "It is so.")
        given = await daan.moves(opened, "team", team_id=line["id"])
        await daan.moves(given, "solve")
        got.append(given["assignee"]["name"])
        clock.move(timedelta(minutes=1))
    assert got == ["Anna Bakker", "Daan Visser"] * 2


async def test_what_waits_for_the_requester_is_no_load(anna: As, daan: As, marieke: As) -> None:
    line = await team(anna, anna, daan)
    for _ in range(3):
        asked = await marieke.submits("Waits for an answer")
        await anna.moves(asked, "assign", assignee_id=anna.person["id"])
        await anna.moves(asked, "ask", text="Is it plugged in?")
    busy = await marieke.submits("Is worked on")
    await daan.moves(busy, "assign", assignee_id=daan.person["id"])
    assert await gives(daan, marieke, line) == "Anna Bakker"


async def test_who_left_support_gets_nothing(anna: As, daan: As, marieke: As) -> None:
    line = await team(anna, anna, daan)
    await anna.ask("PATCH", f"/api/v1/people/{daan.person['id']}", json={"active": False})
    assert [await gives(anna, marieke, line) for _ in range(2)] == ["Anna Bakker"] * 2
    await anna.ask("PATCH", f"/api/v1/people/{daan.person['id']}", json={"active": True, "role": "colleague"})
    assert await gives(anna, marieke, line) == "Anna Bakker"
    refused = await anna.ask("PUT", f"/api/v1/teams/{line['id']}", json={**_facts(line), "name": "Line"})
    assert (refused.status_code, "Daan Visser" in refused.json()["detail"]) == (422, True)


async def test_without_round_robin_or_members_a_ticket_waits_for_whoever_takes_it(
    anna: As, daan: As, marieke: As
) -> None:
    manual = await team(anna, anna, daan, round_robin=False)
    empty = await team(anna, name="Nobody yet")
    assert [await gives(daan, marieke, line) for line in (manual, empty)] == [None, None]


async def test_a_team_that_works_no_longer_is_given_nothing(anna: As, daan: As, marieke: As) -> None:
    line = await team(anna, daan)
    opened = await marieke.submits("Something is broken")
    given = await daan.moves(opened, "team", team_id=line["id"])
    await changes(anna, f"/api/v1/teams/{line['id']}", active=False)
    assert (await daan.get(f"/api/v1/tickets/{given['number']}"))["team"]["name"] == "Second line"
    other = await marieke.submits("Something else is broken")
    assert (await daan.refused(other, "team", team_id=line["id"]))["status"] == 422


async def test_given_to_the_team_that_has_it_a_ticket_stays_as_it_is(
    anna: As, daan: As, marieke: As, engine: AsyncEngine
) -> None:
    line = await team(anna, anna, daan)
    given = await daan.moves(await marieke.submits("Something is broken"), "team", team_id=line["id"])
    again = await daan.moves(given, "team", team_id=line["id"])
    assert (again["version"], again["assignee"]) == (given["version"], given["assignee"])
    turns = select(func.count()).select_from(team_member).where(team_member.c.assigned_at.is_not(None))
    async with engine.connect() as connection:
        assert (await connection.execute(turns)).scalar_one() == 1


async def test_a_ticket_logged_for_a_team_is_somebodys_from_the_start(anna: As, daan: As, marieke: As) -> None:
    line = await team(anna, daan)
    requester = {"name": "Marieke", "email": "marieke@devries.example"}
    logged = await anna.submits("Phoned in", requester=requester, team_id=line["id"], tags=["Phone", "phone"])
    assert (logged["status"], logged["assignee"]["name"], logged["tags"]) == ("open", "Daan Visser", ["phone"])
    assert logged["team"]["id"] == line["id"]
    for staffs in ({"team_id": line["id"]}, {"tags": ["vip"]}):
        refused = await marieke.ask("POST", "/api/v1/tickets", json={"subject": "x", "text": "x", **staffs})
        assert refused.status_code == 403


async def test_two_tickets_at_once_do_not_go_to_the_same_person(
    anna: As, daan: As, marieke: As, engine: AsyncEngine, clock: MovedClock
) -> None:
    giulia = As(anna._client, person=(await anna.get("/api/v1/people", q="giulia"))["items"][0])
    line = await team(anna, anna, daan, giulia)
    opened = [await marieke.submits(f"Broken {number}") for number in range(9)]
    given = await asyncio.gather(*(daan.moves(ticket, "team", team_id=line["id"]) for ticket in opened))
    names = Counter(ticket["assignee"]["name"] for ticket in given)
    assert names == {"Anna Bakker": 3, "Daan Visser": 3, "Giulia Conti": 3}


async def test_somebody_of_two_teams_is_held_for_both(
    api: As, anna: As, daan: As, engine: AsyncEngine, clock: MovedClock
) -> None:
    by = Actor(kind="service", name="test", staff=True)
    members = []
    async with engine.begin() as connection:
        for email in ("admin@balie.example", "daan@balie.example"):
            person = await find_by_email(connection, email)
            assert person is not None
            members.append(person.id)
        lines = [
            await add_team(connection, TeamFacts(name=name, members=tuple(members), round_robin=True), clock())
            for name in ("One", "Two")
        ]

    async with engine.connect() as first, engine.connect() as second:
        await handover(first, by, lines[0].id, clock())
        waiting = asyncio.ensure_future(handover(second, by, lines[1].id, clock()))
        await until(partial(_somebody_waits, engine), "the second team waits for who is in both")
        assert not waiting.done()
        await first.rollback()
        assert (await waiting).assignee is not None


async def test_changing_a_team_waits_for_a_round_robin_and_never_in_a_circle(
    anna: As, daan: As, engine: AsyncEngine, clock: MovedClock
) -> None:
    first, second = sorted(UUID(each.person["id"]) for each in (anna, daan))
    async with engine.begin() as connection:
        line = await add_team(connection, TeamFacts(name="Line", members=(second, first), round_robin=True), clock())
    held = select(team_member.c.person_id).with_for_update(key_share=True, nowait=True)

    async with engine.connect() as choosing, engine.connect() as changing:
        await choosing.execute(held.where(team_member.c.person_id == first))
        emptied = change_team(changing, line.id, None, TeamFacts(name="Line", round_robin=True), clock())
        waiting = asyncio.ensure_future(emptied)
        await until(partial(_somebody_waits, engine), "the change waits for whoever is being chosen")
        await choosing.execute(held.where(team_member.c.person_id == second))
        await choosing.rollback()
        assert (await waiting).members == ()


async def _somebody_waits(engine: AsyncEngine) -> bool:
    held = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    async with engine.connect() as watching:
        return bool((await watching.exec_driver_sql(held)).scalar_one())


def _facts(kept: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kept.items() if name not in ("id", "version")}
