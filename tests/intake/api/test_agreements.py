"""Contracts, calendars, products and teams through the HTTP API: who may, what is refused, what holds for whom."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.events import Event, TeamChanged
from services.intake.people.sessions import issue_service_token
from services.intake.tables.setup_tables import contract
from services.intake.tables.tables import outbox
from services.platform.identity import Signer
from tests.intake.agreed import OFFICE, agrees, changes, concerns, within
from tests.intake.api_desk import SECRET, As
from tests.moved_clock import MovedClock

KINDS = ("contracts", "calendars", "products", "teams")
NOBODY = UUID(int=7)


@pytest.mark.parametrize("kind", KINDS)
async def test_only_administrators_write_and_only_support_reads(
    kind: str, api: As, anna: As, daan: As, luca: As
) -> None:
    path = f"/api/v1/{kind}"
    one = f"{path}/{(await anna.does(path, {'name': 'One'}))['id']}"
    for who, reads, writes, adds in (
        (api, 401, 401, 401),
        (luca, 403, 403, 403),
        (daan, 200, 403, 403),
        (anna, 200, 200, 201),
    ):
        assert (await who.ask("GET", path)).status_code == reads
        assert (await who.ask("GET", one)).status_code == reads
        assert (await who.ask("PUT", one, json={"name": "One"})).status_code == writes
        assert (await who.ask("POST", path, json={"name": str(uuid4())})).status_code == adds


async def test_a_service_reads_and_does_not_write(api: As, engine: AsyncEngine, clock: MovedClock) -> None:
    async with engine.begin() as connection:
        webshop = As(api._client, await issue_service_token(connection, Signer(SECRET), "webshop", clock()))
    assert (await webshop.get("/api/v1/contracts"))["items"] == []
    assert (await webshop.ask("POST", "/api/v1/contracts", json={"name": "Mine"})).status_code == 403


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_changed_meanwhile_is_not_written_over(kind: str, anna: As) -> None:
    added = await anna.ask("POST", f"/api/v1/{kind}", json={"name": "One"})
    one = added.headers["Location"]
    assert (added.headers["ETag"], one) == ('"1"', f"/api/v1/{kind}/{added.json()['id']}")
    read = {"If-Match": added.headers["ETag"]}

    first = await anna.ask("PUT", one, json={"name": "Two"}, headers=read)
    assert (first.status_code, first.headers["ETag"], first.json()["version"]) == (200, '"2"', 2)
    second = await anna.ask("PUT", one, json={"name": "Three"}, headers=read)
    assert (second.status_code, second.json()["version"]) == (412, 2)
    assert (await anna.get(one))["name"] == "Two"
    assert (await anna.ask("PUT", one, json={"name": "x"}, headers={"If-Match": "W/nonsense"})).status_code == 422


@pytest.mark.parametrize("kind", KINDS)
async def test_a_name_is_given_once_whatever_its_capitals(kind: str, anna: As) -> None:
    await anna.does(f"/api/v1/{kind}", {"name": "One"})
    two = await anna.does(f"/api/v1/{kind}", {"name": "Two"})
    assert (await anna.ask("POST", f"/api/v1/{kind}", json={"name": "ONE"})).status_code == 409
    assert (await anna.ask("PUT", f"/api/v1/{kind}/{two['id']}", json={"name": "one"})).status_code == 409
    assert (await anna.ask("PUT", f"/api/v1/{kind}/{two['id']}", json={"name": "TWO"})).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_not_there_is_not_found(kind: str, anna: As) -> None:
    assert (await anna.ask("GET", f"/api/v1/{kind}/{NOBODY}")).status_code == 404
    assert (await anna.ask("PUT", f"/api/v1/{kind}/{NOBODY}", json={"name": "x"})).status_code == 404


@pytest.mark.parametrize("kind", KINDS)
async def test_lists_are_paged_by_name(kind: str, anna: As) -> None:
    for name in ("delta", "Bravo", "alpha", "Charlie"):
        await anna.does(f"/api/v1/{kind}", {"name": name})
    first = await anna.get(f"/api/v1/{kind}", limit=3)
    rest = await anna.get(f"/api/v1/{kind}", limit=3, cursor=first["next_cursor"])
    assert [each["name"] for each in first["items"] + rest["items"]] == ["alpha", "Bravo", "Charlie", "delta"]
    assert rest["next_cursor"] is None


async def test_sent_again_it_is_added_once(anna: As, engine: AsyncEngine) -> None:
    sent = {"json": {"name": "Acme"}, "headers": {"Idempotency-Key": "k"}}
    first = await anna.ask("POST", "/api/v1/contracts", **sent)
    again = await anna.ask("POST", "/api/v1/contracts", **sent)
    assert (again.status_code, again.json()) == (201, first.json())
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(contract))).scalar_one() == 1


async def test_who_is_no_administrator_any_more_gets_not_even_an_old_answer(
    api: As, anna: As, daan: As, clock: MovedClock
) -> None:
    path = f"/api/v1/people/{daan.person['id']}"
    await anna.ask("PATCH", path, json={"role": "admin"})
    daan = await api.logs_in("daan@balie.example")
    sent = {"json": {"name": "Acme"}, "headers": {"Idempotency-Key": "k"}}
    assert (await daan.ask("POST", "/api/v1/contracts", **sent)).status_code == 201
    await anna.ask("PATCH", path, json={"role": "agent"})
    daan = await api.logs_in("daan@balie.example")
    assert (await daan.ask("POST", "/api/v1/contracts", **sent)).status_code == 403


async def test_a_contract_comes_back_as_it_was_written_down(anna: As) -> None:
    calendar = await anna.does("/api/v1/calendars", {"name": "Office", "terms": {"week": OFFICE, "country": "IT"}})
    product = await anna.does("/api/v1/products", {"name": "Till"})
    terms = {
        "targets": [within(8), within(2, priority="high")],
        "warn_at": [50, 80],
        "escalations": [{"after": "PT0S", "tell": ["assignee"]}, {"after": "PT4H", "tell": ["team", "admins"]}],
        "pauses": [{"metric": "resolution", "status": "pending"}],
        "closure_after": {"length": "P21D", "counted": "calendar"},
        "survey": False,
        "priority_rule": "always_high",
        "ordinary_until": "2027-01-01",
    }
    sent = {"name": "Acme", "terms": terms, "calendar_id": calendar["id"], "product_ids": [product["id"]]}
    added = await anna.does("/api/v1/contracts", sent)
    read = await anna.get(f"/api/v1/contracts/{added['id']}")
    assert read == added
    assert [read[name] for name in ("name", "calendar_id", "product_ids")] == ["Acme", calendar["id"], [product["id"]]]
    kept = {name: read["terms"][name] for name in terms if name not in ("targets",)}
    assert kept == {name: value for name, value in terms.items() if name != "targets"}
    assert [target["within"]["length"] for target in read["terms"]["targets"]] == ["PT8H", "PT2H"]


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"closure_after": {"length": "P1D"}}, "body.terms"),
        ({"targets": [{"metric": "happiness", "within": {"length": "P1D"}}]}, "body.terms.targets.0.metric"),
        ({"reminder_after": {"length": "soon"}}, "body.terms.reminder_after.length"),
        ({"discount": 10}, "body.terms.discount"),
    ],
)
async def test_a_contract_that_makes_no_sense_is_refused_by_field(anna: As, terms: Any, field: str) -> None:
    refused = await anna.ask("POST", "/api/v1/contracts", json={"name": "Acme", "terms": terms})
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, field)


async def test_a_contract_names_only_what_there_is(anna: As) -> None:
    for wanted in ({"calendar_id": str(NOBODY)}, {"product_ids": [str(NOBODY)]}):
        refused = await anna.ask("POST", "/api/v1/contracts", json={"name": "Acme", **wanted})
        assert refused.status_code == 422
    assert (await anna.get("/api/v1/contracts"))["items"] == []


async def test_an_organisation_gets_its_contract_from_an_administrator(anna: As, daan: As, marieke: As) -> None:
    opened = await marieke.submits("The printer is on fire")
    acme = await agrees(anna, opened)
    path = f"/api/v1/organisations/{opened['organisation']['id']}"
    assert (await daan.get(path))["contract_id"] == acme["id"]
    assert (await daan.ask("PATCH", path, json={"contract_id": None})).status_code == 403
    renamed = await daan.ask("PATCH", path, json={"name": "Bakkerij"})
    assert (renamed.json()["name"], renamed.json()["contract_id"]) == ("Bakkerij", acme["id"])
    assert (await anna.ask("PATCH", path, json={"contract_id": str(NOBODY)})).status_code == 422
    await concerns(anna, opened, None)


async def test_a_ticket_is_promised_what_its_organisations_contract_says(anna: As, marieke: As, luca: As) -> None:
    before = await marieke.submits("Before")
    await agrees(anna, before, terms={"priority_rule": "always_high"})
    assert (await marieke.submits("After", priority="low"))["priority"] == "high"
    assert (await luca.submits("Of another organisation", priority="low"))["priority"] == "low"


async def test_changing_a_contract_changes_nothing_for_tickets_that_run(anna: As, daan: As, marieke: As) -> None:
    acme = await agrees(anna, await marieke.submits("Before"), terms={"targets": [within(8)]})
    running = await marieke.submits("Under version 1")
    was = await daan.get(f"/api/v1/tickets/{running['number']}")

    path = f"/api/v1/contracts/{acme['id']}"
    await changes(anna, path, terms={"targets": [within(1)]})
    assert await daan.get(f"/api/v1/tickets/{running['number']}") == was
    new = await daan.get(f"/api/v1/tickets/{(await marieke.submits('Under version 2'))['number']}")
    targets = [ticket["promises"][0]["target_seconds"] for ticket in (was, new)]
    assert targets == [8 * 3600, 3600]


async def test_changing_a_calendar_changes_nothing_for_tickets_that_run(anna: As, daan: As, marieke: As) -> None:
    calendar = await anna.does("/api/v1/calendars", {"name": "Office", "terms": {"week": OFFICE}})
    await agrees(anna, await marieke.submits("Before"), calendar_id=calendar["id"])
    running = await marieke.submits("Under version 1")
    was = await daan.get(f"/api/v1/tickets/{running['number']}")
    await changes(anna, f"/api/v1/calendars/{calendar['id']}", terms={"week": [["09:00-13:00"]] * 5 + [[], []]})
    assert await daan.get(f"/api/v1/tickets/{running['number']}") == was
    new = await daan.get(f"/api/v1/tickets/{(await marieke.submits('Under version 2'))['number']}")
    assert new["promises"][0]["breach_at"] > was["promises"][0]["breach_at"]


async def test_the_desks_own_promises_can_be_read(daan: As, luca: As) -> None:
    promises = await daan.get("/api/v1/promises")
    assert (promises["name"], promises["calendar"]["country"]) == ("standard", "NL")
    assert promises["terms"]["closure_after"] == {"length": "P14D", "counted": "calendar"}
    assert (await luca.ask("GET", "/api/v1/promises")).status_code == 403


async def test_a_years_public_holidays_can_be_looked_at(daan: As, luca: As) -> None:
    dutch = await daan.get("/api/v1/holidays", country="NL", year=2027)
    assert {"day": "2027-04-27", "name": "Koningsdag"} in dutch["items"]
    bavarian = await daan.get("/api/v1/holidays", country="DE", region="BY", year=2027)
    german = await daan.get("/api/v1/holidays", country="DE", year=2027)
    assert len(bavarian["items"]) > len(german["items"])
    known = {each["country"]: each["regions"] for each in (await daan.get("/api/v1/holidays/countries"))["items"]}
    assert "BY" in known["DE"]
    for asked in ({"country": "XX"}, {"country": "nl"}, {"country": "DE", "region": "QQ"}, {"country": "LK"}):
        assert (await daan.ask("GET", "/api/v1/holidays", params={"year": 2027, **asked})).status_code == 422
    assert (await luca.ask("GET", "/api/v1/holidays", params={"country": "NL", "year": 2027})).status_code == 403


async def test_a_team_is_of_people_of_support_and_others_are_told(
    anna: As, daan: As, luca: As, engine: AsyncEngine
) -> None:
    line = await anna.does("/api/v1/teams", {"name": "Second line", "members": [daan.person["id"]] * 2})
    assert line["members"] == [daan.person["id"]]
    for stranger, status in ((luca.person["id"], 422), (str(NOBODY), 404)):
        wanted = {"name": "Strangers", "members": [stranger]}
        assert (await anna.ask("POST", "/api/v1/teams", json=wanted)).status_code == status
    await changes(anna, f"/api/v1/teams/{line['id']}", members=[anna.person["id"], daan.person["id"]])
    await changes(anna, f"/api/v1/teams/{line['id']}", active=False)

    async with engine.connect() as connection:
        payloads = (await connection.execute(select(outbox.c.payload).order_by(outbox.c.id))).scalars()
        events = [event for event in map(Event.model_validate, payloads) if event.type == TeamChanged.TYPE]
    told = [event.read(TeamChanged) for event in events]
    assert [{str(member) for member in each.members} for each in told] == [
        {daan.person["id"]},
        {daan.person["id"], anna.person["id"]},
        set(),
    ]
    assert {str(each.team_id) for each in told} == {line["id"]}
