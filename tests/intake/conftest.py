"""Fixtures for intake's tests: the API, as called by different people."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.intake.tables.tables import person
from tests.intake.api_desk import As, api_on, token_for
from tests.moved_clock import MovedClock


@pytest.fixture
async def api(engine: AsyncEngine, clock: MovedClock) -> AsyncIterator[As]:
    """The API, called by somebody who is not logged in."""
    async with api_on(engine, clock) as api:
        yield api


async def _as(api: As, engine: AsyncEngine, clock: MovedClock, email: str) -> As:
    async with engine.connect() as connection:
        row = (await connection.execute(select(person).where(person.c.email == email))).one()
    known = {"id": row.id, "role": row.role, "name": row.name, "email": row.email}
    return As(api._client, token_for(known, clock), {**known, "id": str(row.id)})


@pytest.fixture
async def anna(api: As, engine: AsyncEngine, clock: MovedClock) -> As:
    """The administrator."""
    return await _as(api, engine, clock, "admin@balie.example")


@pytest.fixture
async def daan(api: As, engine: AsyncEngine, clock: MovedClock) -> As:
    """An agent."""
    return await _as(api, engine, clock, "daan@balie.example")


@pytest.fixture
async def marieke(api: As, engine: AsyncEngine, clock: MovedClock) -> As:
    """A requester of Bakkerij De Vries, as is Pieter."""
    return await _as(api, engine, clock, "marieke@devries.example")


@pytest.fixture
async def pieter(api: As, engine: AsyncEngine, clock: MovedClock) -> As:
    """Marieke's colleague."""
    return await _as(api, engine, clock, "pieter@devries.example")


@pytest.fixture
async def luca(api: As, engine: AsyncEngine, clock: MovedClock) -> As:
    """A requester of another organisation."""
    return await _as(api, engine, clock, "luca@ferrari.example")


async def _joins(anna: As, engine: AsyncEngine, clock: MovedClock, name: str, role: str) -> As:
    email = f"{name.lower()}@balie.example"
    await anna.does("/api/v1/people", {"name": name, "email": email, "language": "en", "role": role})
    return await _as(anna, engine, clock, email)


@pytest.fixture
async def dirk(anna: As, engine: AsyncEngine, clock: MovedClock) -> As:
    """The product director."""
    return await _joins(anna, engine, clock, "Dirk", "director")


@pytest.fixture
async def carla(anna: As, engine: AsyncEngine, clock: MovedClock) -> As:
    """A colleague of another department."""
    return await _joins(anna, engine, clock, "Carla", "colleague")
