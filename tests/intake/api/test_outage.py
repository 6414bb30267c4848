"""The API while its database is away or refuses: a typed problem, nothing half done, and back by itself."""

import httpx
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.api.app import build_api
from services.intake.api.deps import Desk
from services.intake.rules.contracts import Terms
from services.intake.tables.tables import idempotency_key
from services.intake.tickets.attachments import PostgresBlobs
from services.platform.database import connect
from services.platform.identity import Signer
from services.platform.process import listen
from tests.intake.api_desk import SECRET, As
from tests.moved_clock import MovedClock


async def test_an_unreachable_database_is_a_problem_to_try_again(clock: MovedClock, marieke: As) -> None:
    taken = listen("127.0.0.1", 0)
    port = taken.getsockname()[1]
    taken.close()
    engine = connect(f"postgresql://nobody@127.0.0.1:{port}/nothing")
    desk = Desk(engine, PostgresBlobs(), Terms(), Signer(SECRET), clock)
    transport = httpx.ASGITransport(build_api(desk), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
        away = As(client, marieke.token)
        for path in ("/api/v1/tickets", "/readyz"):
            response = await away.ask("GET", path)
            assert response.status_code == 503
            assert response.headers["content-type"] == "application/problem+json"
        created = await away.ask("POST", "/api/v1/tickets", json={"subject": "x", "text": "x"})
        assert (created.status_code, created.headers["retry-after"]) == (503, "1")
    await engine.dispose()


async def test_the_api_is_back_by_itself_when_its_connections_were_cut(
    marieke: As, engine: AsyncEngine, postgres_url: str
) -> None:
    await marieke.get("/api/v1/tickets")
    administration = connect(postgres_url)
    async with engine.connect() as connection:
        name = (await connection.execute(text("select current_database()"))).scalar_one()
    async with administration.connect() as connection:
        cut = "select pg_terminate_backend(pid) from pg_stat_activity where datname = :name"
        await connection.execute(text(cut), {"name": name})
    await administration.dispose()
    opened = await marieke.submits("The printer is on fire")
    assert opened["status"] == "new"


REFUSES_AT_COMMIT = (
    "create function refuse() returns trigger language plpgsql as $$ begin raise 'not today'; end $$",
    "create constraint trigger refuse after insert or update on intake.ticket deferrable initially deferred"
    " for each row execute function refuse()",
)


async def test_no_ticket_that_the_database_refuses_at_the_commit_is_acknowledged(
    marieke: As, engine: AsyncEngine
) -> None:
    kept = await marieke.submits("The printer is on fire")
    async with engine.begin() as connection:
        for statement in REFUSES_AT_COMMIT:
            await connection.execute(text(statement))
    paths = ("/api/v1/tickets", f"/api/v1/tickets/{kept['number']}/reply")
    bodies = ({"subject": "x", "text": "x"}, {"text": "Flames everywhere."})
    for path, body in zip(paths, bodies, strict=True):
        answer = await marieke.ask("POST", path, json=body, headers={"Idempotency-Key": path})
        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    async with engine.begin() as connection:
        assert (await connection.execute(select(func.count()).select_from(idempotency_key))).scalar_one() == 0
        await connection.execute(text("drop trigger refuse on intake.ticket"))
    assert [each["number"] for each in (await marieke.get("/api/v1/tickets"))["items"]] == [kept["number"]]
    for path, body in zip(paths, bodies, strict=True):
        await marieke.does(path, body, **{"Idempotency-Key": path})
