"""Where a test run gets its real parts from: an address in the environment, else a container where a Docker engine
answers, else a private process on a free port. A part that none of them gives fails the run."""

import gc
import os
import shutil
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from services.cli.embedded.child_process import POLL_SECONDS, PartFailed, PartMissing, answers
from services.cli.embedded.postgres_server import PostgresServer
from services.cli.embedded.rabbitmq_server import METHOD_FRAME, PROTOCOL_HEADER, RabbitmqServer
from services.cli.embedded.temporal_server import TemporalServer

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

POSTGRES_URL = "BALIE_TEST_POSTGRES_URL"
RABBITMQ_URL = "BALIE_TEST_RABBITMQ_URL"
TEMPORAL_ADDRESS = "BALIE_TEST_TEMPORAL_ADDRESS"
DOCKER_TIMEOUT_SECONDS = 10
CONTAINER_READY_SECONDS = 120
ROOM_BYTES = 8 * 1024**3
"""Two servers with their logs, and some desks whole, take less."""
TLS_REQUEST = bytes.fromhex("0000000804d2162f")


@dataclass(frozen=True)
class Image:
    """A part as a container: what it listens on, and by which first bytes it is known to be up."""

    name: str
    port: int
    environment: dict[str, str]
    greeting: bytes
    answer: bytes


# PostgreSQL answers a request for TLS with a letter; while it is first set up it listens on no port yet.
POSTGRES = Image("postgres:18", 5432, {"POSTGRES_USER": "balie", "POSTGRES_PASSWORD": "balie"}, TLS_REQUEST, b"N")
RABBITMQ = Image("rabbitmq:4", 5672, {}, PROTOCOL_HEADER, METHOD_FRAME)


def roomy_memory() -> Path | None:
    """A folder in memory for what is thrown away anyhow; None where there is none or it is small, as in a container."""
    memory = Path("/dev/shm")  # noqa: S108 - folders in it are made by tempfile
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > ROOM_BYTES else None


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL where databases may be created; its address."""
    if given := os.environ.get(POSTGRES_URL):
        yield given
    elif container := _container(POSTGRES):
        try:
            yield f"postgresql://balie:balie@{_reached(container, POSTGRES)}/balie"
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
    elif container := _container(RABBITMQ):
        try:
            yield f"amqp://guest:guest@{_reached(container, RABBITMQ)}/"
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


def _container(image: Image) -> "DockerContainer | None":
    with warnings.catch_warnings():
        # testcontainers warns of its own deprecations when imported; docker leaves its socket to the collector
        # where no engine answers.
        warnings.simplefilter("ignore")
        container = _started(image)
        gc.collect()
    return container


def _started(image: Image) -> "DockerContainer | None":
    import docker  # here, because a run that was given addresses needs none of these
    import docker.errors
    import requests
    from testcontainers.core.container import DockerContainer

    unwell = (docker.errors.DockerException, requests.RequestException)
    try:
        docker.from_env(timeout=DOCKER_TIMEOUT_SECONDS).ping()
    except unwell:
        return None
    container = DockerContainer(image.name).with_exposed_ports(image.port).with_envs(**image.environment)
    try:
        container.start()
    except unwell as error:
        # An engine that cannot reach a registry answers, but has no image to run.
        print(f"A Docker engine answers but gives no {image.name} ({error}); starting a private process instead.")
        return None
    return _ready(container, image)


def _ready(container: "DockerContainer", image: Image) -> "DockerContainer":
    host, port = _reached(container, image).split(":")
    deadline = time.monotonic() + CONTAINER_READY_SECONDS
    while not answers(int(port), image.greeting, image.answer, host):
        if time.monotonic() > deadline:
            container.stop()
            raise PartFailed(f"The container of {image.name} was not ready within {CONTAINER_READY_SECONDS} s.")
        time.sleep(POLL_SECONDS)
    return container


def _reached(container: "DockerContainer", image: Image) -> str:
    return f"{container.get_container_host_ip()}:{container.get_exposed_port(image.port)}"
