"""Chooses the broker of a process by its address: RabbitMQ, or delivery through PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.contract.errors import Permanent
from services.messaging.broker import Broker, until_connected
from services.messaging.local.broker import LocalBroker
from services.messaging.rabbitmq.broker import RabbitBroker

LOCAL = "local:"


def chosen_broker(broker_url: str, database_url: str) -> Broker:
    """The broker at this address, not connected yet. Raises Permanent for any other address, and for `local:` without
    a database."""
    if broker_url == LOCAL:
        if not database_url:
            raise Permanent("BALIE_DATABASE_URL is needed where BALIE_BROKER_URL is `local:`.")
        return LocalBroker(database_url)
    if broker_url.startswith(("amqp://", "amqps://")):
        return RabbitBroker(broker_url)
    raise Permanent("BALIE_BROKER_URL must be `local:` or begin with amqp:// or amqps://.")


@asynccontextmanager
async def connected(broker: Broker) -> AsyncIterator[Broker]:
    """The broker, connected during the block; waits first, with warnings in the log, until it can be reached."""
    await until_connected(broker)
    try:
        yield broker
    finally:
        await broker.close()
