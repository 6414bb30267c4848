"""Fixtures for the relay's tests: an outbox, a clock, and ticket numbers."""

from collections.abc import AsyncIterator
from itertools import count
from random import randrange

import pytest

from services.platform.clock import wall_clock
from tests.messaging.relay.outbox_on_test import Outbox, outbox_in
from tests.moved_clock import MovedClock


@pytest.fixture
async def outbox(empty_database_url: str) -> AsyncIterator[Outbox]:
    """An empty outbox."""
    async with outbox_in(empty_database_url) as made:
        yield made


@pytest.fixture
def clock() -> MovedClock:
    """A clock that only the test moves. It starts at the real time, because the database's clock stamps the rows."""
    return MovedClock(wall_clock())


@pytest.fixture(scope="session")
def numbers() -> "count[int]":
    """Ticket numbers that no other run uses: the Temporal server may keep running after this one."""
    return count(randrange(10**9, 10**12))  # noqa: S311 - no secret
