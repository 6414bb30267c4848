"""deploy/healthy.py as an engine runs it: a program, its exit code, and one sentence for each thing that is wrong."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from tests.deploy.composition import DEPLOY

pytestmark = pytest.mark.own_parts

PASSWORD = "nobody-may-read-this"


def healthy(*asked: str, **environment: str) -> tuple[int, str]:
    """The exit code, and what it says."""
    program = [sys.executable, "-IS", str(DEPLOY / "healthy.py"), *asked]
    done = subprocess.run(program, check=False, capture_output=True, text=True, env=environment, timeout=30)
    return done.returncode, done.stderr


@contextmanager
def connection(family: socket.AddressFamily = socket.AF_INET) -> Iterator[tuple[int, socket.socket]]:
    """A port on loopback that this process holds a connection to, and the server's end of it."""
    address = "::1" if family is socket.AF_INET6 else "127.0.0.1"
    with closing(socket.create_server((address, 0), family=family)) as server:
        port: int = server.getsockname()[1]
        with closing(socket.create_connection((address, port))):
            end, _ = server.accept()
            with closing(end):
                yield port, end


class _Web(BaseHTTPRequestHandler):
    status: ClassVar[int]

    def do_GET(self) -> None:
        """Answer with the status."""
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Quietly."""


@contextmanager
def web(answering: int) -> Iterator[str]:
    """The address of a server that answers everything with one status."""
    handler = type("Web", (_Web,), {"status": answering})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/healthz"
        server.shutdown()


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_worker_that_is_connected_is_well(family: socket.AddressFamily) -> None:
    with connection(family) as (port, _):
        broker = f"amqp://balie:{PASSWORD}@rabbitmq:{port}/"
        assert healthy("broker", "temporal", BALIE_BROKER_URL=broker, BALIE_TEMPORAL_ADDRESS=f"temporal:{port}") == (
            0,
            "",
        )


def test_a_connection_the_other_side_has_closed_is_none() -> None:
    with connection() as (port, end):
        end.close()
        broker = f"amqp://balie:{PASSWORD}@rabbitmq:{port}/"
        assert healthy("broker", BALIE_BROKER_URL=broker) == (1, f"Not connected to RabbitMQ (port {port}).\n")


def test_a_worker_that_never_connected_is_not_well() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        address = f"temporal:{server.getsockname()[1]}"
        code, said = healthy("temporal", BALIE_TEMPORAL_ADDRESS=address)
    assert (code, said.startswith("Not connected to Temporal")) == (1, True)


@pytest.mark.parametrize(
    ("address", "port"),
    [("amqp://balie:pw@rabbitmq/", 5672), ("amqps://rabbitmq", 5671), ("amqp://rabbitmq:99/", 99)],
)
def test_the_usual_port_is_known(address: str, port: int) -> None:
    assert healthy("broker", BALIE_BROKER_URL=address)[1] in ("", f"Not connected to RabbitMQ (port {port}).\n")


@pytest.mark.parametrize("address", ["", "local:"])
def test_a_process_without_a_broker_to_connect_to_is_not_well(address: str) -> None:
    assert healthy("broker", BALIE_BROKER_URL=address) == (
        1,
        "BALIE_BROKER_URL names no address to be connected to.\n",
    )


def test_every_trouble_is_said() -> None:
    code, said = healthy("broker", "temporal")
    assert (code, len(said.splitlines())) == (1, 2)


def test_a_process_that_answers_is_well() -> None:
    with web(answering=200) as address:
        assert healthy(address) == (0, "")


def test_a_process_that_answers_with_an_error_is_not_well() -> None:
    with web(answering=503) as address:
        code, said = healthy(address)
    assert code == 1
    assert said.startswith(f"{address} does not answer: HTTP Error 503")


def test_a_process_that_does_not_listen_is_not_well() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
    code, said = healthy(f"http://127.0.0.1:{port}/healthz")
    assert (code, "Connection refused" in said) == (1, True)


def test_asked_nothing_it_does_not_say_that_all_is_well() -> None:
    assert healthy()[0] == 1


def test_a_password_is_never_said() -> None:
    for address in (f"amqp://balie:{PASSWORD}@", f"amqp://balie:{PASSWORD}@rabbitmq:no/", PASSWORD):
        code, said = healthy("broker", BALIE_BROKER_URL=address)
        assert (code, len(said.splitlines()), PASSWORD in said) == (1, 1, False)
