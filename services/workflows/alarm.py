"""What a ticket's clock decides: which snapshot counts, what to sleep for, what is due now. Pure."""

from datetime import datetime, timedelta

from services.contract.temporal import Deadline, Snapshot
from services.contract.vocabulary import DeadlineKind, Status

DUE_SLACK = timedelta(milliseconds=1)
"""Timers count whole milliseconds: one that fires a hair early must not be armed again for nothing."""
BACK_OFF_FIRST = timedelta(minutes=1)
BACK_OFF_MAX = timedelta(hours=1)
"""The wait before a deadline that intake would not meet is brought up again; it doubles each time."""


class Alarm:
    """A ticket as its clock knows it: the newest snapshot heard, with the one deadline that comes first.

    Never raises, whatever it hears: an error in here would stop the clock for good.
    """

    ticket: Snapshot
    _refusals: int
    _asks_again_at: datetime | None

    def __init__(self, ticket: Snapshot) -> None:
        self._know(ticket)

    def hear(self, ticket: Snapshot) -> None:
        """Keep the newest version; snapshots may come twice, late and out of order."""
        if ticket.version >= self.ticket.version and ticket != self.ticket:
            self._know(ticket)

    @property
    def over(self) -> bool:
        """Whether the ticket is closed: nothing more for this run to do."""
        return self.ticket.status is Status.CLOSED

    @property
    def rings_at(self) -> datetime | None:
        """When to wake up, as far as is known now. None: only a newer snapshot can tell."""
        deadline = self.ticket.next_deadline
        if deadline is None or self.over:
            return None
        return max(deadline.due_at, self._asks_again_at or deadline.due_at)

    def rings_before(self, instant: datetime | None) -> bool:
        """Whether somebody who sleeps until `instant` (None: for ever) would oversleep."""
        return self.rings_at is not None and (instant is None or self.rings_at < instant)

    def due(self, now: datetime) -> Deadline | None:
        """The deadline to be met now, or None where there is time left."""
        ringing = self.rings_at is not None and self.rings_at <= now + DUE_SLACK
        return self.ticket.next_deadline if ringing else None

    def owes(self, deadline: Deadline) -> bool:
        """Whether this deadline is still the one to meet; a newer snapshot may have made it moot."""
        return not self.over and deadline == self.ticket.next_deadline

    def back_off(self, now: datetime) -> None:
        """The deadline still stands although intake was asked to meet it: ask again later, not at once."""
        wait = min(BACK_OFF_FIRST * 2**self._refusals, BACK_OFF_MAX)
        # Counted no further than it matters, or years of refusals would overflow the doubling.
        if wait < BACK_OFF_MAX:
            self._refusals += 1
        self._asks_again_at = now + wait

    def in_words(self) -> str:
        """The state and the next step, for a person who looks at the clock in Temporal."""
        state = f"{self.ticket.status}, version {self.ticket.version}"
        deadline = self.ticket.next_deadline
        if deadline is None:
            return f"{state}. No deadline: only a person can move the ticket."
        again = f"; intake did not meet it, asked again {self._asks_again_at:%F %T UTC}" if self._asks_again_at else ""
        return f"{state}. Next: {_name(deadline)}, due {deadline.due_at:%F %T UTC}{again}."

    def _know(self, ticket: Snapshot) -> None:
        self.ticket = ticket
        self._refusals, self._asks_again_at = 0, None


def _name(deadline: Deadline) -> str:
    point = {DeadlineKind.WARNING: f" at {deadline.point} %", DeadlineKind.ESCALATION: f" step {deadline.point}"}
    about = f" of {deadline.metric}" if deadline.metric else ""
    return f"{deadline.kind}{point.get(deadline.kind, '')}{about}"
