"""Bad input to intake's API: never a 5xx, every refusal a typed problem."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.api.app import build_api
from services.intake.api.deps import Desk
from services.intake.people.demonstration import add_demonstration_people
from services.intake.people.people import find_by_email
from services.intake.rules.contracts import Terms
from services.intake.tickets.attachments import PostgresBlobs
from services.platform.clock import wall_clock
from services.platform.database import connect
from services.platform.http import RateLimit
from services.platform.identity import Signer
from tests.bad_input import send_bad_input, served
from tests.intake.api_desk import PASSWORD, SECRET


@pytest.mark.search
@pytest.mark.timeout(900)  # some two thousand requests, on a machine that may have other work
async def test_bad_input_is_refused_with_a_typed_problem(database_url: str, engine: AsyncEngine) -> None:
    await add_demonstration_people(engine, PASSWORD, wall_clock)
    async with engine.connect() as connection:
        anna = await find_by_email(connection, "admin@balie.example")
    assert anna is not None
    token = Signer(SECRET).token(anna.caller(), wall_clock())

    @asynccontextmanager
    async def api() -> AsyncIterator[FastAPI]:
        engine_elsewhere = connect(database_url)
        app = build_api(Desk(engine_elsewhere, PostgresBlobs(), Terms(), Signer(SECRET), wall_clock))
        app.state.rate_limit = RateLimit(limit=1_000_000)
        app.state.throttles.links = RateLimit(limit=1_000_000)
        try:
            yield app
        finally:
            await engine_elsewhere.dispose()

    with served(api) as address:
        answers = send_bad_input(address, token, each=6)

    statuses = Counter(status // 100 for _, status in answers)
    assert statuses[4] > 100
    assert statuses[2] > 10
