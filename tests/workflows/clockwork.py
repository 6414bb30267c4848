"""The ticket workflow without Temporal: the real alarm, a time that tests move, and an unreliable wire."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from services.contract.errors import MoveRefused
from services.contract.temporal import MeetDeadline, Snapshot
from services.workflows.alarm import Alarm
from tests.workflows.desk import Desk

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
ASKED_MAX = 10_000


@dataclass
class Clockwork:
    """One ticket, from its submission on, with its desk and its clock."""

    desk: Desk = field(default_factory=lambda: Desk(number=1))
    now: datetime = START
    alarm: Alarm | None = None
    """None while no run of the workflow is open."""
    down: bool = False
    """Whether intake fails on every request of the clock."""
    answers_to_lose: int = 0

    def __post_init__(self) -> None:
        self.desk.submits(self.now)

    def does(self, command: str) -> None:
        """Give the desk a command; if it is refused, the ticket must not change."""
        before = self.desk.ticket
        try:
            getattr(self.desk, command)(self.now)
        except MoveRefused:
            assert self.desk.ticket == before

    def hears(self, snapshot: Snapshot) -> None:
        """A signal arrives; it starts a run if there is none."""
        if self.alarm is None:
            self.alarm = Alarm(snapshot)
        else:
            self.alarm.hear(snapshot)
        self._works()

    def passes(self, length: timedelta) -> None:
        """Let time pass; the clock wakes up at each time it planned."""
        until = self.now + length
        while (wakes_at := self._wakes_at()) and wakes_at <= until:
            self.now = wakes_at
            self._works()
        self.now = until
        # A workflow may also wake up at other times: by a timer of an earlier plan, or a restart of its worker.
        self._works()

    def starts_afresh(self) -> None:
        """Continue as new: the next run knows only the ticket."""
        if self.alarm is not None:
            self.alarm = Alarm(self.alarm.ticket)
            self._works()

    def recovers(self) -> None:
        """Intake works again, and the current activity is retried."""
        self.down, self.answers_to_lose = False, 0
        self._works()

    def _wakes_at(self) -> datetime | None:
        if self.alarm is None or self.alarm.rings_at is None:
            return None
        # An alarm that is already ringing is being met by retries that fail so far.
        return self.alarm.rings_at if self.alarm.rings_at > self.now else None

    def _works(self) -> None:
        while not self.down and self.alarm and not self.alarm.over and (deadline := self.alarm.due(self.now)):
            answer = self.desk.meets(
                MeetDeadline(
                    number=self.desk.number,
                    version=self.alarm.ticket.version,
                    deadline=deadline,
                    met_at=max(self.now, deadline.due_at),
                ),
                self.now,
            )
            assert len(self.desk.asked) < ASKED_MAX, "the clock spins"
            if self.answers_to_lose:
                self.answers_to_lose -= 1
                continue
            self.alarm.hear(answer)
            if self.alarm.owes(deadline):
                self.alarm.back_off(self.now)
        if self.alarm and self.alarm.over:
            self.alarm = None
