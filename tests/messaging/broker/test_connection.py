"""The connection to RabbitMQ while there is none to be had."""

import aio_pika
import pytest
from yarl import URL

from services.contract.errors import Temporary
from services.messaging.rabbitmq.connection import RabbitConnection
from services.platform.process import listen


@pytest.mark.own_parts
async def test_a_connection_that_did_not_open_is_closed_and_not_left_to_the_garbage_collector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[aio_pika.Connection] = []

    class Watched(aio_pika.Connection):
        def __init__(self, url: URL) -> None:
            super().__init__(url)
            tried.append(self)

    monkeypatch.setattr(aio_pika, "Connection", Watched)
    with listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    with pytest.raises(Temporary):
        await RabbitConnection(f"amqp://guest:guest@127.0.0.1:{port}/").open()
    assert [connection.is_closed for connection in tried] == [True]
