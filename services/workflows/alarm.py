"""The decisions of a ticket's clock: which snapshot is the newest, when to wake up, what is due now. Pure."""

from datetime import datetime, timedelta

from services.contract.temporal import Deadline, Snapshot
from services.contract.vocabulary import DeadlineKind, Status

DUE_SLACK = timedelta(milliseconds=1)
"""Timers count whole milliseconds: a deadline is due already if its timer fires up to this much early."""
BACK_OFF_FIRST = timedelta(minutes=1)
BACK_OFF_MAX = timedelta(hours=1)
"""The longest wait before intake is asked again to meet a deadline that it did not meet. The wait begins with
`BACK_OFF_FIRST` and doubles each time."""


class Alarm:
    """A ticket as its clock knows it: the newest snapshot received, with the ticket's next deadline.

    Never raises, whatever it receives: an error in here would stop the clock for good.
    """

    ticket: Snapshot
    _refusals: int
    _asks_again_at: datetime | None

    def __init__(self, ticket: Snapshot) -> None:
        self._know(ticket)

    def hear(self, ticket: Snapshot) -> None:
        """Receives a snapshot and keeps it unless it is older; snapshots may come twice, late and out of order."""
        if ticket.version >= self.ticket.version and ticket != self.ticket:
            self._know(ticket)

    @property
    def over(self) -> bool:
        """Whether the ticket is closed: this run has nothing more to do."""
        return self.ticket.status is Status.CLOSED

    @property
    def rings_at(self) -> datetime | None:
        """When to wake up; None if there is no deadline: then only a newer snapshot can set one."""
        deadline = self.ticket.next_deadline
        if deadline is None or self.over:
            return None
        return max(deadline.due_at, self._asks_again_at or deadline.due_at)

    def rings_before(self, instant: datetime | None) -> bool:
        """Whether a sleep until `instant` (None: for ever) is too long for the deadline."""
        return self.rings_at is not None and (instant is None or self.rings_at < instant)

    def due(self, now: datetime) -> Deadline | None:
        """The deadline to be met now; None if it is not due yet, or there is none."""
        ringing = self.rings_at is not None and self.rings_at <= now + DUE_SLACK
        return self.ticket.next_deadline if ringing else None

    def owes(self, deadline: Deadline) -> bool:
        """Whether this deadline is still the one to meet; a newer snapshot may have replaced it."""
        return not self.over and deadline == self.ticket.next_deadline

    def back_off(self, now: datetime) -> None:
        """Intake was asked to meet the deadline and did not: ask again later, not at once."""
        wait = min(BACK_OFF_FIRST * 2**self._refusals, BACK_OFF_MAX)
        # Stop counting at the longest wait: after years of refusals the doubling would overflow.
        if wait < BACK_OFF_MAX:
            self._refusals += 1
        self._asks_again_at = now + wait

    def in_words(self) -> str:
        """The state and the next step as text, for a person who looks at the clock in Temporal's pages."""
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
