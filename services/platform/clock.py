"""The source of the current time: the machine's clock in production, a clock that is moved by hand in tests."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the current instant, aware and in UTC."""


def wall_clock() -> datetime:
    """The machine's current time."""
    return datetime.now(UTC)
