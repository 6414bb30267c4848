"""Fixtures that run the tests of the broker's contract on every kind of broker."""

from collections.abc import AsyncIterator

import pytest

from tests.messaging.broker.broker_on_wire import BrokerOnWire, PostgresQueues, RabbitmqQueues, Server, on_wire


@pytest.fixture(params=["rabbitmq", "local"])
def server(request: pytest.FixtureRequest) -> Server:
    """The server of the queues, one kind after the other; only the one that the test needs is started."""
    if request.param == "rabbitmq":
        return RabbitmqQueues(request.getfixturevalue("rabbitmq_url"))
    # An empty database: the local broker makes its own tables.
    return PostgresQueues(request.getfixturevalue("empty_database_url"))


@pytest.fixture
async def desk(server: Server) -> AsyncIterator[BrokerOnWire]:
    """A broker to test, reached through a wire."""
    async with on_wire(server) as made:
        yield made
