"""Tickets through the HTTP API on a real database."""

import asyncio
from uuid import uuid4

from sqlalchemy import event, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.vocabulary import Status
from services.intake.rules.registry import MOVES
from services.intake.tables.tables import outbox, ticket
from tests.intake.api_desk import As
from tests.moved_clock import MovedClock


async def test_a_new_ticket_is_answered_whole_and_told_to_both_sinks(marieke: As, engine: AsyncEngine) -> None:
    opened = await marieke.submits("The printer is on fire", kind="incident", priority="high")

    assert opened["status"] == "new"
    assert opened["requester"]["email"] == "marieke@devries.example"
    assert opened["organisation"]["name"] == "Bakkerij De Vries"
    assert opened["moves"] == ["reply", "confirm_solved"]
    assert opened["deadlines"] == []
    async with engine.connect() as connection:
        about = outbox.c.key == str(opened["number"])
        sinks = select(outbox.c.sink).where(about).order_by(outbox.c.sink)
        assert list((await connection.execute(sinks)).scalars()) == ["broker", "clock"]


async def test_a_whole_life_up_to_the_solution(marieke: As, daan: As, clock: MovedClock) -> None:
    opened = await marieke.submits("The printer is on fire")
    taken = await daan.moves(opened, "assign", assignee_id=daan.person["id"])
    assert (taken["status"], taken["assignee"]["name"]) == ("open", "Daan Visser")

    asked = await daan.moves(opened, "ask", text="Which printer?")
    assert asked["status"] == "pending"
    assert [deadline["kind"] for deadline in asked["deadlines"]] == ["reminder", "closure"]

    answered = await marieke.moves(opened, "reply", text="The red one.")
    assert (answered["status"], answered["deadlines"]) == ("open", [])

    solved = await daan.moves(opened, "solve", text="Put out.")
    assert (solved["status"], solved["reopened"]) == ("solved", 0)
    assert [deadline["kind"] for deadline in solved["deadlines"]] == ["survey", "finalisation"]

    again = await marieke.moves(opened, "reply", text="It burns again.")
    assert (again["status"], again["reopened"]) == ("open", 1)

    lines = (await marieke.get(f"/api/v1/tickets/{opened['number']}/timeline"))["items"]
    said = [line["comment"]["text"] for line in lines if line["type"] == "comment"]
    assert said == ["It is so.", "Which printer?", "The red one.", "Put out.", "It burns again."]


async def test_an_internal_note_is_never_seen_by_the_requesters_side(marieke: As, daan: As) -> None:
    opened = await marieke.submits("The printer is on fire")
    uploaded = await daan.ask("POST", "/api/v1/attachments", files={"file": ("plan.txt", b"secret")})
    file_id = uploaded.json()["id"]
    await daan.moves(opened, "note", text="They always say that.", attachment_ids=[file_id])

    address = f"/api/v1/tickets/{opened['number']}/timeline"
    assert "They always say that." in str(await daan.get(address))
    assert "They always say that." not in str(await marieke.get(address))
    assert (await daan.ask("GET", f"/api/v1/attachments/{file_id}")).content == b"secret"
    assert (await marieke.ask("GET", f"/api/v1/attachments/{file_id}")).status_code == 404
    found = await marieke.get("/api/v1/tickets", q="always")
    assert found["items"] == []


async def test_requesters_see_their_own_and_their_organisations_tickets_only(marieke: As, pieter: As, luca: As) -> None:
    opened = await marieke.submits("The printer is on fire")
    path = f"/api/v1/tickets/{opened['number']}"

    assert [item["number"] for item in (await pieter.get("/api/v1/tickets"))["items"]] == [opened["number"]]
    assert (await pieter.ask("GET", path)).status_code == 200
    assert (await luca.get("/api/v1/tickets"))["items"] == []
    for method, address in (("GET", path), ("GET", path + "/timeline"), ("POST", path + "/reply")):
        refused = await luca.ask(method, address, json={"text": "hello"} if method == "POST" else None)
        assert refused.status_code == 404
    missing = await luca.ask("GET", "/api/v1/tickets/999999")
    assert (
        missing.json()["detail"].replace("999999", str(opened["number"]))
        == ((await luca.ask("GET", path)).json()["detail"])
    )


async def test_a_requester_may_not_do_what_staff_do(marieke: As) -> None:
    opened = await marieke.submits("The printer is on fire")
    for move, body in (
        ("assign", {"assignee_id": None}),
        ("note", {"text": "x"}),
        ("ask", {"text": "x"}),
        ("solve", {}),
        ("reopen", {}),
        ("team", {"team_id": None}),
        ("park", {"workaround": True, "effort": "small", "note": ""}),
        ("plan", {"release": "4.2"}),
        ("decline", {"text": "x"}),
        ("ship", {}),
        ("merge", {"into": 1}),
        ("spam", {}),
        ("prioritise", {"priority": "low", "reason": "x"}),
        ("tag", {"add": ["x"]}),
        ("change", {"subject": "x"}),
        ("link_problem", {"problem": None}),
        ("share", {"person_id": marieke.person["id"]}),
        ("snooze", {"until": None}),
        ("skip", {"step": "closure"}),
        ("do_now", {"step": "closure"}),
    ):
        assert (await marieke.refused(opened, move, **body))["status"] == 403
    for path in ("/api/v1/people", "/api/v1/organisations", "/api/v1/views", "/api/v1/board", "/api/v1/releases"):
        assert (await marieke.ask("GET", path)).status_code == 403
    for_another = await marieke.ask(
        "POST", "/api/v1/tickets", json={"subject": "x", "text": "x", "requester": {"name": "Luca"}}
    )
    assert for_another.status_code == 403


async def test_nobody_gets_in_without_a_token(api: As) -> None:
    for path in ("/api/v1/tickets", "/api/v1/tickets/1", "/api/v1/me", "/api/v1/people"):
        response = await api.ask("GET", path)
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_refused_move_says_what_is_allowed(marieke: As, daan: As) -> None:
    opened = await marieke.submits("The printer is on fire")
    refused = await daan.refused(opened, "reopen")
    assert refused["status"] == 409
    assert refused["allowed"] == [
        name for name, each in MOVES.items() if (Status.NEW, None) in each.staff and not each.inward
    ]


async def test_the_same_post_twice_under_one_key_is_done_once(marieke: As, engine: AsyncEngine) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    body = {"subject": "The printer is on fire", "text": "Help."}
    first = await marieke.ask("POST", "/api/v1/tickets", json=body, headers=key)
    second = await marieke.ask("POST", "/api/v1/tickets", json=body, headers=key)
    other = await marieke.ask("POST", "/api/v1/tickets", json={**body, "text": "Else."}, headers=key)

    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert other.status_code == 409
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(ticket))).scalar_one() == 1


async def test_a_failed_post_leaves_its_key_free(marieke: As, daan: As) -> None:
    opened = await marieke.submits("The printer is on fire")
    key = {"Idempotency-Key": uuid4().hex}
    path = f"/api/v1/tickets/{opened['number']}/solve"
    assert (await daan.ask("POST", path, json={"attachment_ids": [str(uuid4())]}, headers=key)).status_code == 422
    assert (await daan.ask("POST", path, json={}, headers=key)).status_code == 200


async def test_an_outdated_etag_changes_nothing(marieke: As, daan: As) -> None:
    opened = await marieke.submits("The printer is on fire")
    path = f"/api/v1/tickets/{opened['number']}"
    etag = (await daan.ask("GET", path)).headers["etag"]
    await marieke.moves(opened, "reply", text="And the curtains.")

    refused = await daan.ask("POST", f"{path}/solve", json={}, headers={"If-Match": etag})
    assert (refused.status_code, refused.json()["version"]) == (412, 2)
    assert (await daan.get(path))["status"] == "new"


async def test_pages_follow_each_other_without_gap_or_repeat(marieke: As, clock: MovedClock) -> None:
    opened = [(await marieke.submits(f"Printer {n}"))["number"] for n in range(7)]
    seen, cursor = [], None
    while True:
        page = await marieke.get("/api/v1/tickets", limit=3, **({"cursor": cursor} if cursor else {}))
        seen += [item["number"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == list(reversed(opened))


async def test_views_count_what_they_list(marieke: As, daan: As) -> None:
    first, second = await marieke.submits("One"), await marieke.submits("Two")
    await daan.moves(first, "assign", assignee_id=daan.person["id"])
    await daan.moves(second, "ask", text="Which?")

    counts = {view["name"]: view["count"] for view in (await daan.get("/api/v1/views"))["items"]}
    assert counts == {
        "unassigned": 1,
        "mine": 1,
        "new": 0,
        "open": 1,
        "pending": 1,
        "parked": 0,
        "solved": 0,
        "closed": 0,
        "snoozed": 0,
    }
    for view, count in counts.items():
        assert len((await daan.get("/api/v1/tickets", view=view))["items"]) == count


async def test_a_ticket_is_found_by_number_words_and_requester(marieke: As, daan: As) -> None:
    opened = await marieke.submits("The printer is on fire", text="Flames everywhere.")
    await marieke.submits("Something else")
    for q in (f"#{opened['number']}", "printer", "flames"):
        found = (await daan.get("/api/v1/tickets", q=q))["items"]
        assert [item["number"] for item in found] == [opened["number"]]
    assert len((await daan.get("/api/v1/tickets", q="marieke@devries.example"))["items"]) == 2


async def test_an_agent_logs_a_phone_call_for_somebody_new(daan: As) -> None:
    logged = await daan.submits("Cannot log in", channel="phone", requester={"name": "Sofie Maes", "language": "nl"})
    assert (logged["channel"], logged["requester"]["name"]) == ("phone", "Sofie Maes")
    assert logged["requester"]["email"] is None
    assert logged["language"] == "nl"


async def test_a_file_belongs_to_its_uploader_until_sent_and_to_one_message(marieke: As, luca: As) -> None:
    uploaded = await marieke.ask("POST", "/api/v1/attachments", files={"file": ("../../fire.jpg", b"\xff\xd8")})
    file = uploaded.json()
    assert (file["name"], file["size"]) == ("fire.jpg", 2)
    assert (await luca.ask("GET", f"/api/v1/attachments/{file['id']}")).status_code == 404
    stolen = await luca.ask(
        "POST", "/api/v1/tickets", json={"subject": "x", "text": "x", "attachment_ids": [file["id"]]}
    )
    assert stolen.status_code == 422

    opened = await marieke.submits("Fire", attachment_ids=[file["id"]])
    twice = await marieke.refused(opened, "reply", text="Again", attachment_ids=[file["id"]])
    assert twice["status"] == 422
    download = await marieke.ask("GET", f"/api/v1/attachments/{file['id']}")
    assert download.headers["content-disposition"] == "attachment; filename*=UTF-8''fire.jpg"
    assert download.headers["content-type"] == "application/octet-stream"


async def test_a_list_page_takes_the_same_few_queries_however_long_it_is(
    marieke: As, daan: As, engine: AsyncEngine
) -> None:

    for n in range(3):
        await marieke.submits(f"Printer {n}")
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        await daan.get("/api/v1/tickets", limit=1)
        for_one = len(statements)
        await daan.get("/api/v1/tickets", limit=3)
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)
    assert len(statements) == 2 * for_one


async def test_the_same_post_twice_at_once_is_done_once(marieke: As, engine: AsyncEngine) -> None:
    key, body = {"Idempotency-Key": uuid4().hex}, {"subject": "The printer is on fire", "text": "Help."}
    answers = await asyncio.gather(*(marieke.ask("POST", "/api/v1/tickets", json=body, headers=key) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["number"] for answer in answers}) == 1
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(ticket))).scalar_one() == 1


async def test_of_two_agents_who_solve_at_once_one_is_refused(marieke: As, daan: As, anna: As) -> None:
    opened = await marieke.submits("The printer is on fire")
    path = f"/api/v1/tickets/{opened['number']}/solve"
    answers = await asyncio.gather(*(agent.ask("POST", path, json={"text": "Done."}) for agent in (daan, anna)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert (await daan.get(f"/api/v1/tickets/{opened['number']}"))["version"] == 2


async def test_requesters_search_only_in_what_they_may_see(marieke: As, luca: As) -> None:
    await marieke.submits("The printer is on fire", text="Flames everywhere.")
    for q in ("printer", "flames", "1", "Marieke de Vries"):
        assert (await luca.get("/api/v1/tickets", q=q))["items"] == []
        assert len((await marieke.get("/api/v1/tickets", q=q))["items"]) == 1
