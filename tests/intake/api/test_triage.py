"""The desk's own work on tickets through the HTTP API."""

from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.tables.setup_tables import product, team
from tests.intake.api_desk import As
from tests.moved_clock import START, MovedClock

UNKNOWN = 999_999


async def sentences(caller: As, ticket: dict[str, object]) -> list[str]:
    """What the ticket's history says between the messages, in English."""
    path = f"/api/v1/tickets/{ticket['number']}/timeline"
    lines = (await caller.ask("GET", path, headers={"Accept-Language": "en"})).json()["items"]
    return [line["event"]["sentence"] for line in lines if line["event"]]


async def test_a_lowered_priority_is_told_with_its_reason_and_counted(marieke: As, daan: As) -> None:
    opened = await marieke.submits("The printer is on fire", priority="high")
    lowered = await daan.moves(opened, "prioritise", priority="low", reason="It prints by cable.")

    assert (lowered["priority"], lowered["asked_priority"], lowered["lowered"]) == ("low", "high", 1)
    assert (await sentences(marieke, opened))[-1] == (
        "Daan Visser changed the priority from High to Low: “It prints by cable.”"
    )
    assert (await daan.refused(opened, "prioritise", priority="high", reason=" "))["status"] == 422


async def test_tags_are_for_support_only(marieke: As, daan: As) -> None:
    opened = await marieke.submits("The printer is on fire")
    tagged = await daan.moves(opened, "tag", add=["Printer", "fire"], remove=["fire"])

    assert tagged["tags"] == ["printer"]
    path = f"/api/v1/tickets/{opened['number']}"
    assert (await marieke.get(path))["tags"] == []
    assert (await marieke.ask("GET", "/api/v1/tickets", params={"tag": "printer"})).status_code == 422
    assert "printer" not in str(await marieke.get(path + "/timeline"))


async def test_what_a_ticket_is_about_is_corrected(marieke: As, daan: As, engine: AsyncEngine) -> None:
    opened = await marieke.submits("The printer is on fire")
    values = {"id": uuid4(), "name": "Labels", "form": [], "changed_at": START}
    async with engine.begin() as connection:
        await connection.execute(product.insert().values(values))
    changed = await daan.moves(opened, "change", subject="Smoke", kind="incident", product_id=str(values["id"]))

    assert (changed["subject"], changed["kind"], changed["product"]["name"]) == ("Smoke", "incident", "Labels")
    assert (await daan.refused(opened, "change", product_id=str(uuid4())))["status"] == 422
    assert (await daan.refused(opened, "change", fields={"browser": "Firefox"}))["status"] == 422


async def test_a_team_gets_the_ticket_and_who_had_it_has_it_no_more(marieke: As, daan: As, engine: AsyncEngine) -> None:
    opened = await marieke.submits("The printer is on fire")
    await daan.moves(opened, "assign", assignee_id=daan.person["id"])
    values = {"id": uuid4(), "name": "Printers", "changed_at": START}
    async with engine.begin() as connection:
        await connection.execute(team.insert().values(values))
    handed = await daan.moves(opened, "team", team_id=str(values["id"]))

    assert (handed["team"]["name"], handed["assignee"]) == ("Printers", None)
    assert (await daan.moves(opened, "team", team_id=None))["team"] is None
    assert (await daan.refused(opened, "team", team_id=str(uuid4())))["status"] == 422


async def test_an_incident_names_a_problem_that_is_at_work(marieke: As, luca: As, daan: As) -> None:
    problem, incident = await daan.submits("The driver", requester={"name": "Desk"}), await marieke.submits("Silent")
    linked = await daan.moves(incident, "link_problem", problem=problem["number"])

    assert linked["problem"] == problem["number"]
    path = f"/api/v1/tickets/{problem['number']}"
    assert (await daan.get(path))["incidents"] == [incident["number"]]
    assert (await marieke.get(f"/api/v1/tickets/{incident['number']}"))["problem"] is None
    assert (await daan.moves(incident, "link_problem", problem=None))["problem"] is None

    await daan.moves(problem, "solve")
    for number in (problem["number"], UNKNOWN, incident["number"]):
        assert (await daan.refused(incident, "link_problem", problem=number))["status"] == 422


async def test_no_ticket_is_behind_itself(marieke: As, daan: As) -> None:
    incident, problem = await marieke.submits("No scales"), await marieke.submits("No network")
    await daan.moves(incident, "link_problem", problem=problem["number"])
    refused = await daan.refused(problem, "link_problem", problem=incident["number"])
    assert (refused["status"], refused["detail"]) == (
        422,
        f"Ticket {incident['number']} is an incident of {problem['number']} itself; name that one.",
    )


async def test_spam_is_closed_and_asked_nothing(marieke: As, daan: As) -> None:
    opened = await marieke.submits("Cheap watches")
    spam = await daan.moves(opened, "spam")
    assert (spam["status"], spam["closed_reason"], spam["deadlines"]) == ("closed", "spam", [])
    history = (await daan.get(f"/api/v1/tickets/{opened['number']}/timeline"))["items"]
    assert "spam" in history[-1]["event"]["sentence"]
    assert (await daan.moves(opened, "reopen"))["status"] == "open"


async def test_a_parked_ticket_keeps_its_note_from_the_requester(marieke: As, daan: As) -> None:
    opened = await marieke.submits("Colour")
    parked = await daan.moves(
        opened, "park", workaround=False, effort="large", note="The driver is a mess.", text="We look into it."
    )

    assert (parked["status"], parked["parking"]["note"]) == ("parked", "The driver is a mess.")
    path = f"/api/v1/tickets/{opened['number']}"
    assert (await marieke.get(path))["parking"]["note"] is None
    assert "mess" not in str(await marieke.get(path + "/timeline"))
    assert (await marieke.get(path))["status"] == "parked"


async def test_only_the_product_director_plans_declines_and_ships(
    marieke: As, daan: As, dirk: As, anna: As, clock: MovedClock
) -> None:
    opened = await marieke.submits("Colour")
    parked = await daan.moves(opened, "park", workaround=True, effort="small", note="")
    assert {"plan", "decline", "ship"}.isdisjoint(parked["moves"])
    for move, body in (("plan", {"release": "4.2"}), ("decline", {"text": "No."}), ("ship", {})):
        assert (await daan.refused(opened, move, **body))["status"] == 403

    assert (await dirk.refused(opened, "ship"))["status"] == 422
    planned = await dirk.moves(opened, "plan", release="4.2")
    assert planned["parking"]["release"] == "4.2"
    assert {"plan", "decline", "ship"} <= set(planned["moves"])
    shipped = await anna.moves(opened, "ship", note="Labels print in colour.")
    assert shipped["status"] == "solved"
    assert (await sentences(marieke, opened))[-2:] == [
        "Release 4.2 brought the solution: “Labels print in colour.”",
        "Status: Solved",
    ]
    assert (await dirk.refused(opened, "ship"))["status"] == 409


async def test_the_reason_for_declining_is_an_answer(marieke: As, daan: As, dirk: As) -> None:
    opened = await marieke.submits("Colour")
    await daan.moves(opened, "park", workaround=True, effort="small", note="")
    declined = await dirk.moves(opened, "decline", text="Labels stay black.")
    assert declined["status"] == "solved"
    assert "Labels stay black." in str(await marieke.get(f"/api/v1/tickets/{opened['number']}/timeline"))


async def test_a_move_under_an_outdated_etag_or_a_known_key_is_not_done_again(marieke: As, daan: As) -> None:
    opened = await marieke.submits("The printer is on fire")
    path = f"/api/v1/tickets/{opened['number']}/tag"
    body, key = {"add": ["ink"]}, {"Idempotency-Key": "tag-it", "If-Match": '"1"'}
    first = await daan.ask("POST", path, json=body, headers=key)
    again = await daan.ask("POST", path, json=body, headers=key)
    assert (first.json(), again.headers["idempotency-replayed"]) == (again.json(), "true")
    assert (await daan.ask("POST", path, json=body, headers={"If-Match": '"1"'})).status_code == 412


async def test_solving_a_problem_starts_solving_its_incidents(marieke: As, luca: As, daan: As) -> None:
    problem, incident = await marieke.submits("The driver"), await luca.submits("Silent")
    await daan.moves(incident, "link_problem", problem=problem["number"])
    await daan.moves(problem, "solve", text="Mended.", incidents=True)
    [bulk] = (await daan.get("/api/v1/bulks"))["items"]
    assert (bulk["command"], bulk["total"]) == ("solve_incidents", 1)
