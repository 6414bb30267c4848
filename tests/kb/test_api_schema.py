"""Bad input to kb's API: never a 5xx, every refusal a typed problem."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.vocabulary import Role
from services.kb.app import build_api
from services.kb.catalogue import Catalogue
from services.kb.help_centre import load
from services.kb.library import Library
from services.platform.clock import wall_clock
from services.platform.database import connect
from services.platform.http import RateLimit
from services.platform.identity import Caller, Signer
from tests.bad_input import send_bad_input, served
from tests.kb.library_desk import PUBLIC_URL, SECRET


@pytest.mark.search
async def test_bad_input_is_refused_with_a_typed_problem(
    database_url: str, engine: AsyncEngine, catalogue: Catalogue
) -> None:
    await load(engine, wall_clock, PUBLIC_URL)
    await catalogue.refresh()
    signer = Signer(SECRET)
    token = signer.token(Caller(person_id=None, role=Role.AGENT, name="a service"), wall_clock())

    @asynccontextmanager
    async def api() -> AsyncIterator[FastAPI]:
        unlimited = RateLimit(limit=1_000_000)
        engine_elsewhere = connect(database_url)
        app = build_api(Library(engine_elsewhere, catalogue, PUBLIC_URL, signer, wall_clock, unlimited))
        app.state.rate_limit = unlimited
        try:
            yield app
        finally:
            await engine_elsewhere.dispose()

    def hunt() -> list[tuple[str, int]]:
        with served(api) as address:
            return send_bad_input(address, token)

    statuses = Counter(status // 100 for _, status in await asyncio.to_thread(hunt))
    assert statuses[4] > 20
    assert statuses[2] > 10
