"""Where a test run gets its real parts from: an address in the environment, else a container where a Docker engine
answers, else a private process on a free port. A part that none of them gives fails the run."""

import gc
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from services.child_process import PartMissing
from services.postgres_server import PostgresServer
from services.rabbitmq_server import RabbitmqServer
from services.temporal_server import TemporalServer

POSTGRES_URL = "BALIE_TEST_POSTGRES_URL"
RABBITMQ_URL = "BALIE_TEST_RABBITMQ_URL"
TEMPORAL_ADDRESS = "BALIE_TEST_TEMPORAL_ADDRESS"
POSTGRES_IMAGE = "postgres:18"
RABBITMQ_IMAGE = "rabbitmq:4"
DOCKER_TIMEOUT_SECONDS = 10


class Container(Protocol):
    """What we use of a testcontainers container."""

    def start(self) -> Any:
        """Start it and wait until it answers."""

    def stop(self) -> None:
        """Stop and remove it."""

    def get_container_host_ip(self) -> str:
        """Where its ports are reached."""

    def get_exposed_port(self, port: int) -> int | str:
        """The host's port for one of its own."""


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL where databases may be created; its address."""
    if given := os.environ.get(POSTGRES_URL):
        yield given
    elif container := _container(_postgres_container):
        try:
            yield f"postgresql://balie:balie@{_reached(container, 5432)}/balie"
        finally:
            container.stop()
    else:
        server = PostgresServer(folder, throw_away=True)
        server.start()
        try:
            yield server.url
        finally:
            server.stop()


@contextmanager
def rabbitmq(folder: Path) -> Iterator[str]:
    """A RabbitMQ; its address."""
    if given := os.environ.get(RABBITMQ_URL):
        yield given
    elif container := _container(_rabbitmq_container):
        try:
            yield f"amqp://guest:guest@{_reached(container, 5672)}/"
        finally:
            container.stop()
    else:
        with own_rabbitmq(folder) as server:
            yield server.url


@contextmanager
def own_rabbitmq(folder: Path) -> Iterator[RabbitmqServer]:
    """A RabbitMQ of the test's own, to stop and start again."""
    server = RabbitmqServer(folder)
    try:
        server.start()
    except PartMissing as missing:
        raise PartMissing(
            f"{missing.detail} — or start a Docker engine, or set {RABBITMQ_URL} to the address of one for tests."
        ) from missing
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def temporal(folder: Path) -> Iterator[str]:
    """A Temporal development server; its address. Its program is one of Balie's own dependencies: no container."""
    if given := os.environ.get(TEMPORAL_ADDRESS):
        yield given
        return
    server = TemporalServer(folder)
    server.start()
    try:
        yield server.address
    finally:
        server.stop()


def _container(make: Callable[[], Container]) -> Container | None:
    with warnings.catch_warnings():
        # testcontainers warns of its own deprecations when imported; docker leaves its socket to the collector
        # where no engine answers.
        warnings.simplefilter("ignore")
        container = _started(make)
        gc.collect()
    return container


def _started(make: Callable[[], Container]) -> Container | None:
    import docker  # here, because a run that was given addresses needs none of these
    import docker.errors
    import requests

    unwell = (docker.errors.DockerException, requests.RequestException)
    try:
        docker.from_env(timeout=DOCKER_TIMEOUT_SECONDS).ping()
    except unwell:
        return None
    container = make()
    try:
        container.start()
    except unwell as error:
        # An engine that cannot reach a registry answers, but has no image to run.
        print(f"A Docker engine answers but gives no container ({error}); starting a private process instead.")
        return None
    return container


def _postgres_container() -> Container:
    from testcontainers.postgres import PostgresContainer

    return PostgresContainer(POSTGRES_IMAGE, username="balie", password="balie", dbname="balie")


def _rabbitmq_container() -> Container:
    from testcontainers.rabbitmq import RabbitMqContainer

    return RabbitMqContainer(RABBITMQ_IMAGE)


def _reached(container: Container, port: int) -> str:
    return f"{container.get_container_host_ip()}:{container.get_exposed_port(port)}"
