"""Fixtures for a ticket on a time-skipping server of its own, so that no other test moves its time."""

from collections.abc import AsyncIterator

import pytest

from services.promises.policy import Policy
from tests.workflows.life import Life, living, server_of_our_own


@pytest.fixture
async def life() -> AsyncIterator[Life]:
    """A ticket about to be opened, with the workflow's worker and intake's running."""
    async with server_of_our_own() as server, living(server) as life:
        yield life


@pytest.fixture
async def strict() -> AsyncIterator[Life]:
    """Like `life`, with the desk's default policy, which has SLA targets for support too."""
    async with server_of_our_own() as server, living(server, policy=Policy().pinned("standard")) as life:
        yield life
