"""A ticket on a time-skipping server that no other test moves the clock of."""

from collections.abc import AsyncIterator

import pytest

from tests.workflows.life import Life, living, server_of_our_own


@pytest.fixture
async def life() -> AsyncIterator[Life]:
    """A ticket about to be opened, with the workflow's worker and intake's running."""
    async with server_of_our_own() as server, living(server) as life:
        yield life
