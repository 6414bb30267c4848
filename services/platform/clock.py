"""Where `now` comes in by the door: the wall clock in production, one that is moved in tests."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the current instant, aware and in UTC."""


def wall_clock() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)
