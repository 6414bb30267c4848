"""An outbox for every test."""

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
    """The time, which passes only when the test says so, beginning now: rows are stamped by the database's clock."""
    return MovedClock(wall_clock())


@pytest.fixture(scope="session")
def numbers() -> "count[int]":
    """Ticket numbers nobody else uses: the Temporal server may outlive the run."""
    return count(randrange(10**9, 10**12))  # noqa: S311 - no secret
