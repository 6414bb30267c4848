"""People, organisations and logging in through the HTTP API."""

import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.events import Event, PasswordLinkRequested
from services.intake.people.demonstration import PEOPLE
from services.intake.people.sessions import issue_service_token
from services.intake.tables.tables import outbox, service_token
from services.platform.identity import PASSWORD_LINK, SESSION_LIFETIME, Signer
from tests.intake.api_desk import PASSWORD, SECRET, As
from tests.moved_clock import MovedClock


async def test_logging_in_gives_a_session_that_ends(api: As, clock: MovedClock) -> None:
    marieke = await api.logs_in("Marieke@DeVries.example")
    assert (await marieke.get("/api/v1/me"))["name"] == "Marieke de Vries"
    clock.move(SESSION_LIFETIME + timedelta(seconds=1))
    assert (await marieke.ask("GET", "/api/v1/me")).status_code == 401


async def test_a_wrong_password_and_an_unknown_address_are_refused_in_the_same_words(api: As) -> None:
    answers = []
    for email in ("marieke@devries.example", "nobody@devries.example"):
        refused = await api.ask("POST", "/api/v1/sessions", json={"email": email, "password": "wrong password"})
        answers.append((refused.status_code, refused.json()["detail"]))
    assert answers[0] == answers[1]
    assert answers[0][0] == 401


async def test_guessing_passwords_is_slowed_down(api: As) -> None:
    guess = {"email": "marieke@devries.example", "password": "guess"}
    answers = [(await api.ask("POST", "/api/v1/sessions", json=guess)).status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]


async def test_logging_out_ends_every_session(api: As) -> None:
    marieke = await api.logs_in("marieke@devries.example")
    assert (await marieke.ask("DELETE", "/api/v1/sessions")).status_code == 204
    assert (await marieke.ask("GET", "/api/v1/tickets")).status_code == 401
    await api.logs_in("marieke@devries.example")


async def test_a_link_chooses_a_password_once(api: As, engine: AsyncEngine, clock: MovedClock) -> None:
    asked = await api.ask("POST", "/api/v1/password-links", json={"email": "new@example.com", "name": "Noor"})
    assert asked.status_code == 202
    async with engine.connect() as connection:
        payloads = (await connection.execute(select(outbox.c.payload).order_by(outbox.c.id.desc()))).scalars()
        event = next(e for e in map(Event.model_validate, payloads) if e.type == PasswordLinkRequested.TYPE)
    code = Signer(SECRET).link(PASSWORD_LINK, event.read(PasswordLinkRequested).about, clock())
    chosen = {"code": code, "password": "noor's own password"}

    assert (await api.ask("POST", "/api/v1/passwords", json=chosen)).status_code == 204
    assert (await api.ask("POST", "/api/v1/passwords", json=chosen)).status_code == 401
    assert (await api.logs_in("new@example.com", "noor's own password")).person["role"] == "requester"


async def test_a_forged_link_chooses_nothing(api: As, clock: MovedClock) -> None:
    code = Signer("another secret, just as long as ours is").link(PASSWORD_LINK, "x:0", clock())
    answer = await api.ask("POST", "/api/v1/passwords", json={"code": code, "password": PASSWORD})
    assert answer.status_code == 401


async def test_only_an_admin_makes_staff(anna: As, daan: As) -> None:
    agent = {"name": "Eva", "email": "eva@balie.example", "role": "agent"}
    refused = await daan.ask("POST", "/api/v1/people", json=agent)
    assert refused.status_code == 403
    eva = await anna.does("/api/v1/people", agent)
    assert (await daan.ask("PATCH", f"/api/v1/people/{eva['id']}", json={"name": "E"})).status_code == 403
    promoted = await daan.ask("PATCH", f"/api/v1/people/{daan.person['id']}", json={"role": "admin"})
    assert promoted.status_code == 403


async def test_an_address_belongs_to_one_person(anna: As) -> None:
    taken = await anna.ask("POST", "/api/v1/people", json={"name": "M", "email": "MARIEKE@devries.example"})
    assert taken.status_code == 409


async def test_people_are_found_and_paged_by_name(anna: As) -> None:
    first = await anna.get("/api/v1/people", limit=5)
    rest = await anna.get("/api/v1/people", limit=5, cursor=first["next_cursor"])
    names = [person["name"] for person in first["items"] + rest["items"]]
    assert names == sorted(names)
    assert len(names) == len(PEOPLE)
    assert rest["next_cursor"] is None
    found = await anna.get("/api/v1/people", q="vries")
    assert len(found["items"]) == 2


async def test_somebody_switched_off_is_out_at_once(anna: As, marieke: As) -> None:
    await anna.ask("PATCH", f"/api/v1/people/{marieke.person['id']}", json={"active": False})
    assert (await marieke.ask("GET", "/api/v1/tickets")).status_code == 401


async def test_joining_an_organisation_shows_its_tickets(anna: As, marieke: As, luca: As) -> None:
    opened = await marieke.submits("The printer is on fire")
    change = {"organisation_id": opened["organisation"]["id"]}
    assert (await anna.ask("PATCH", f"/api/v1/people/{luca.person['id']}", json=change)).status_code == 200
    assert len((await luca.get("/api/v1/tickets"))["items"]) == 1


async def test_a_services_token_opens_tickets_for_others_until_revoked(
    api: As, engine: AsyncEngine, clock: MovedClock
) -> None:
    async with engine.begin() as connection:
        token = await issue_service_token(connection, Signer(SECRET), "webshop", clock())
    webshop = As(api._client, token)
    opened = await webshop.submits("Order stuck", requester={"name": "Luca", "email": "luca@ferrari.example"})
    assert (opened["channel"], opened["requester"]["name"]) == ("api", "Luca Ferrari")
    nobody = await webshop.ask("POST", "/api/v1/tickets", json={"subject": "x", "text": "x"})
    assert nobody.status_code == 422

    async with engine.begin() as connection:
        await connection.execute(service_token.update().values(revoked_at=clock()))
    assert (await webshop.ask("GET", "/api/v1/tickets")).status_code == 401


async def test_unknown_ids_are_not_found(anna: As) -> None:
    for path in ("people", "organisations", "attachments"):
        assert (await anna.ask("GET", f"/api/v1/{path}/{UUID(int=5)}")).status_code == 404


async def test_a_link_mail_carries_no_words_of_whoever_asked_for_it(api: As, engine: AsyncEngine) -> None:
    asked = {"email": "victim@example.com", "name": "WIN NOW at https://evil.example"}
    await api.ask("POST", "/api/v1/password-links", json=asked)
    async with engine.connect() as connection:
        payloads = (await connection.execute(select(outbox.c.payload))).scalars().all()
    (event,) = [e for e in map(Event.model_validate, payloads) if e.type == PasswordLinkRequested.TYPE]
    assert event.read(PasswordLinkRequested).person.name == "victim@example.com"


async def test_an_ended_session_gets_not_even_an_old_answer_again(api: As) -> None:
    marieke = await api.logs_in("marieke@devries.example")
    sent = {"json": {"subject": "x", "text": "x"}, "headers": {"Idempotency-Key": "k1"}}
    assert (await marieke.ask("POST", "/api/v1/tickets", **sent)).status_code == 201
    await marieke.ask("DELETE", "/api/v1/sessions")
    assert (await marieke.ask("POST", "/api/v1/tickets", **sent)).status_code == 401


async def test_a_change_of_role_ends_the_tokens_given_before(anna: As, daan: As) -> None:
    changed = await anna.ask("PATCH", f"/api/v1/people/{daan.person['id']}", json={"role": "requester"})
    assert changed.status_code == 200
    assert (await daan.ask("GET", "/api/v1/me")).status_code == 401


async def test_a_cursor_that_no_database_can_read_is_refused(anna: As) -> None:
    for path, key in (
        ("tickets", ["0001-01-01T00:00:00+23:00", 1]),
        ("tickets", ["9999-12-31T23:59:59-23:00", 1]),
        ("people", ["a\ud800", str(UUID(int=1))]),
        ("organisations", ["a\x00", str(UUID(int=1))]),
    ):
        cursor = urlsafe_b64encode(json.dumps(key).encode()).decode()
        assert (await anna.ask("GET", f"/api/v1/{path}", params={"cursor": cursor})).status_code == 422
