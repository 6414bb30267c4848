"""Fixtures for the web on the real APIs. Each test has its own database, copied from one that is filled once."""

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from services.kb.catalogue import Catalogue
from services.platform.database import connect
from tests.conftest import WORKER
from tests.moved_clock import MovedClock
from tests.web.site import Site, furnish, site_on

_numbers = count(1)


@pytest.fixture(scope="session")
async def furnished(postgres_url: str, template_url: str) -> tuple[str, Catalogue]:
    """The name of a database with people and articles, to be copied for each test, and the index of its articles."""
    name = f"balie_web_template_{WORKER}"
    engine = connect(await _copy(postgres_url, str(make_url(template_url).database), name))
    catalogue = await furnish(engine)
    await engine.dispose()
    return name, catalogue


@pytest.fixture
async def site(
    postgres_url: str, furnished: tuple[str, Catalogue], clock: MovedClock, tmp_path: Path
) -> AsyncIterator[Site]:
    """Portal and desk with the demonstration people and the help centre that ships; mails are written to `tmp_path`."""
    template, catalogue = furnished
    name = f"balie_web_{WORKER}_{next(_numbers)}"
    engine = connect(await _copy(postgres_url, template, name))
    async with site_on(engine, catalogue, clock, tmp_path) as site:
        yield site
    await engine.dispose()
    await _administer(postgres_url, f'drop database "{name}" with (force)')


async def _copy(postgres_url: str, template: str, name: str) -> str:
    await _administer(postgres_url, f'drop database if exists "{name}" with (force)')
    await _administer(postgres_url, f'create database "{name}" template "{template}"')
    return make_url(postgres_url).set(database=name).render_as_string(hide_password=False)


async def _administer(postgres_url: str, statement: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
