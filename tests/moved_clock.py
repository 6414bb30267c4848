"""A clock that moves only when a test moves it."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
"""A Monday morning, far from the weekend and from the changes to and from summer time."""


class MovedClock:
    """A `services.platform.clock.Clock` for tests; `now` may also be set."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, by: timedelta) -> datetime:
        """Move the time forward by `by`; returns the new instant."""
        self.now += by
        return self.now
