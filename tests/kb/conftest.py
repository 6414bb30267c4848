"""Fixtures for kb's tests: the API, as called by different people, and search indexes."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.vocabulary import Role
from services.kb.catalogue import Catalogue
from services.kb.index import SearchIndex
from tests.kb.library_desk import Reader, api_on, help_centre, index_of, token_for
from tests.moved_clock import MovedClock


@pytest.fixture(scope="session")
def shipped_index() -> SearchIndex:
    """An index of the help centre that ships; tests must not change it."""
    return index_of(*help_centre())


@pytest.fixture
async def catalogue(engine: AsyncEngine) -> Catalogue:
    """The index of the test's own database, up to date at the start of the test."""
    catalogue = Catalogue(engine)
    await catalogue.refresh()
    return catalogue


@pytest.fixture
async def visitor(engine: AsyncEngine, catalogue: Catalogue, clock: MovedClock) -> AsyncIterator[Reader]:
    """The API, called by somebody who is not logged in."""
    async with api_on(engine, catalogue, clock) as reader:
        yield reader


@pytest.fixture
def agent(visitor: Reader, clock: MovedClock) -> Reader:
    """The API, called by support staff."""
    return Reader(visitor._client, token_for("Daan", Role.AGENT, clock))


@pytest.fixture
def requester(visitor: Reader, clock: MovedClock) -> Reader:
    """The API, called by a customer."""
    return Reader(visitor._client, token_for("Marieke", Role.REQUESTER, clock))
