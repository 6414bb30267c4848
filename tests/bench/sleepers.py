"""Reads which clocks are asleep, and until when, from the Temporal dev server's database file.

Temporal's API gives this only for one workflow at a time, and by a replay; the file gives 50,000 per second. The file
is in WAL mode, so reading does not block the server.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from google.protobuf.empty_pb2 import Empty
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.unknown_fields import UnknownFieldSet

from services.contract.temporal import ticket_number

_RINGS_AT = 3
"""The number of the field in the server's TimerInfo that holds when the timer fires."""
_OF_TICKETS = "from timer_info_maps where workflow_id like 'ticket-%'"


def count_asleep(file: Path) -> int:
    """How many clocks sleep: the number of timers they have set, one for each."""
    with _reading(file) as connection:
        count: int = connection.execute(f"select count(*) {_OF_TICKETS}").fetchone()[0]
    return count


def alarms(file: Path) -> dict[int, datetime]:
    """When each sleeping ticket's clock wakes up, by the ticket's number."""
    with _reading(file) as connection:
        rows = connection.execute(f"select workflow_id, data {_OF_TICKETS}").fetchall()
    return {ticket_number(workflow_id): _rings_at(data) for workflow_id, data in rows}


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as connection:
        yield connection


def _rings_at(timer: bytes) -> datetime:
    fields = UnknownFieldSet(Empty.FromString(timer))
    by_number = {fields[place].field_number: fields[place].data for place in range(len(fields))}
    return Timestamp.FromString(by_number[_RINGS_AT]).ToDatetime(UTC)
