"""Bad input to kb's API: never a 5xx, every refusal a typed problem."""

import asyncio
from collections import Counter

from fastapi import FastAPI
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from services.contract.vocabulary import Role
from services.kb.app import build_api
from services.kb.catalogue import Catalogue
from services.kb.help_centre import load
from services.kb.library import Library
from services.platform.clock import wall_clock
from services.platform.http import RateLimit
from services.platform.identity import Caller, Signer
from tests.bad_input import send_bad_input, served
from tests.kb.library_desk import PUBLIC_URL, SECRET


async def test_bad_input_is_refused_with_a_typed_problem(
    database_url: str, engine: AsyncEngine, catalogue: Catalogue
) -> None:
    await load(engine, wall_clock, PUBLIC_URL)
    await catalogue.refresh()
    signer = Signer(SECRET)
    token = signer.token(Caller(person_id=None, role=Role.AGENT, name="a service"), wall_clock())

    # The API runs on a loop of its own, which no pooled connection would outlive cleanly.
    address = make_url(database_url).set(drivername="postgresql+asyncpg")
    engine_elsewhere = create_async_engine(address, poolclass=NullPool)

    def make() -> FastAPI:
        unlimited = RateLimit(limit=1_000_000)
        app = build_api(Library(engine_elsewhere, catalogue, PUBLIC_URL, signer, wall_clock, unlimited))
        app.state.rate_limit = unlimited
        return app

    def hunt() -> list[tuple[str, int]]:
        with served(make) as address:
            return send_bad_input(address, token)

    statuses = Counter(status // 100 for _, status in await asyncio.to_thread(hunt))
    assert statuses[4] > 20
    assert statuses[2] > 10
