"""Whether the process in this container does its work: `healthy.py http://127.0.0.1:8080/healthz` or
`healthy.py broker temporal`. Exit code 0, or 1 and a sentence that says what is wrong.

A worker serves no HTTP, so it is judged by its connections. RabbitMQ drops a client that misses its heartbeats:
a worker whose event loop hangs loses this connection within half a minute, though its process lives on.
"""

import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

ANSWER_SECONDS = 5
SETTINGS = {"broker": "BALIE_BROKER_URL", "temporal": "BALIE_TEMPORAL_ADDRESS"}
NAMES = {"broker": "RabbitMQ", "temporal": "Temporal"}
USUAL_PORTS = {"amqp": 5672, "amqps": 5671, "temporal": 7233}
TABLES = ("tcp", "tcp6")
_ESTABLISHED = "01"


def main(asked: list[str]) -> int:
    """The exit code, after saying on stderr what is wrong."""
    wrong = [sentence for each in asked if (sentence := trouble(each))]
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong or not asked else 0


def trouble(asked: str) -> str:
    """What is wrong with an HTTP address, `broker` or `temporal`, as a sentence; empty where it is well."""
    if asked not in SETTINGS:
        return _silence(asked)
    address = os.environ.get(SETTINGS[asked], "")
    port = peer_port(asked, address)
    if port is None:
        return f"{SETTINGS[asked]} names no address to be connected to."
    return "" if connected_to(port) else f"Not connected to {NAMES[asked]} (port {port})."


def peer_port(part: str, address: str) -> int | None:
    """The port at which `part` is reached at this address; None where there is none."""
    try:
        url = urlsplit(address if "://" in address else f"{part}://{address}")
        return (url.port or USUAL_PORTS.get(url.scheme)) if url.hostname else None
    except ValueError:
        return None


def connected_to(port: int, tables: Path = Path("/proc/net")) -> bool:
    """Whether anything in this container holds a connection to that port, open at both ends."""
    lines = [line.split() for table in TABLES if (tables / table).exists() for line in _lines(tables / table)]
    return any(remote.endswith(f":{port:04X}") and state == _ESTABLISHED for _, _, remote, state, *_ in lines)


def _lines(table: Path) -> list[str]:
    return table.read_text().splitlines()[1:]


def _silence(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=ANSWER_SECONDS):  # noqa: S310 - the address is our own
            return ""
    except (urllib.error.URLError, OSError, ValueError) as error:
        return f"{address} does not answer: {error}."


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
