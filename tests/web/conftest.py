"""Fixtures for the web on the real APIs. Each test has its own database, copied from one that is filled once."""

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest

from services.kb.catalogue import Catalogue
from services.platform.database import connect
from tests.conftest import TEMPLATE, WORKER
from tests.databases import Databases
from tests.moved_clock import MovedClock
from tests.web.site import Site, furnish, site_on

_numbers = count(1)


@pytest.fixture(scope="session")
async def furnished(databases: Databases, template_url: str) -> tuple[str, Catalogue]:
    """The name of a database with people and articles, to be copied for each test, and the index of its articles."""
    name = f"balie_web_template_{WORKER}"
    engine = connect(await databases.make(name, template=TEMPLATE))
    catalogue = await furnish(engine)
    await engine.dispose()
    return name, catalogue


@pytest.fixture
async def site(
    databases: Databases, furnished: tuple[str, Catalogue], clock: MovedClock, tmp_path: Path
) -> AsyncIterator[Site]:
    """Portal and desk with the demonstration people and the help centre that ships; mails are written to `tmp_path`."""
    template, catalogue = furnished
    name = f"balie_web_{WORKER}_{next(_numbers)}"
    engine = connect(await databases.make(name, template=template))
    async with site_on(engine, catalogue, clock, tmp_path) as site:
        yield site
    await engine.dispose()
    await databases.drop(name)
