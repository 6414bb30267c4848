"""Which tests stand alone: `make unit` runs them in seconds, and nobody keeps a list of them.

A test stands alone unless it asks, itself or through its fixtures, for a fixture that gives a real part, or says
`own_parts` because it starts processes or servers by itself. One that forgot to say so fails.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

PART_FIXTURES = frozenset(
    {"parts_folder", "postgres_url", "rabbitmq_url", "temporal_address", "time_skipping", "smtp", "server"}
)
OWN_PARTS = "own_parts"
STARTS_SERVER = "balie.starts_server"
"""For `sys.audit` where a library starts a server by means that Python does not see."""
_LEADS_OUT = frozenset({"subprocess.Popen", "os.fork", "os.posix_spawn", "socket.connect", STARTS_SERVER})
"""What is told of before it is done (`sys.addaudithook`)."""

_held: list[str] = []
"""The test that stands alone and runs now."""


def stands(item: pytest.Item) -> bool:
    """Whether the test needs no part: no process, no server, no connection."""
    fixtures: list[str] = getattr(item, "fixturenames", [])
    return PART_FIXTURES.isdisjoint(fixtures) and item.get_closest_marker(OWN_PARTS) is None


@contextmanager
def held_to_it(item: pytest.Item) -> Iterator[None]:
    """Fail the test if it stands alone and yet starts a process or connects to anything."""
    if item.get_closest_marker("unit") is None:
        yield
        return
    _held.append(item.name)
    try:
        yield
    finally:
        _held.pop()


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    if _held and event in _LEADS_OUT:
        raise AssertionError(f"{_held[-1]} should stand alone: {event} {arguments[:2]}; or mark it `{OWN_PARTS}`")


sys.addaudithook(_refuse)
