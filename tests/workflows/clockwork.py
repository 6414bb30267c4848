"""The ticket workflow without Temporal: the same alarm, a time that is moved, a wire that is not to be trusted."""

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
    """One ticket from its submission on."""

    desk: Desk = field(default_factory=lambda: Desk(number=1))
    now: datetime = START
    alarm: Alarm | None = None
    """None while no run of the workflow lives."""
    down: bool = False
    """Whether intake fails whatever the clock asks of it."""
    answers_to_lose: int = 0

    def __post_init__(self) -> None:
        self.desk.submits(self.now)

    def does(self, command: str) -> None:
        """Give the desk a command; one that is refused must change nothing."""
        before = self.desk.ticket
        try:
            getattr(self.desk, command)(self.now)
        except MoveRefused:
            assert self.desk.ticket == before

    def hears(self, snapshot: Snapshot) -> None:
        """A signal arrives, and starts a run where there is none."""
        if self.alarm is None:
            self.alarm = Alarm(snapshot)
        else:
            self.alarm.hear(snapshot)
        self._works()

    def passes(self, length: timedelta) -> None:
        """Let time pass; the clock wakes up whenever it meant to."""
        until = self.now + length
        while (wakes_at := self._wakes_at()) and wakes_at <= until:
            self.now = wakes_at
            self._works()
        self.now = until
        # A workflow may be woken at any time: by a timer armed for an earlier plan, by a worker's restart.
        self._works()

    def starts_afresh(self) -> None:
        """Continue as new: all the next run knows is the ticket."""
        if self.alarm is not None:
            self.alarm = Alarm(self.alarm.ticket)
            self._works()

    def recovers(self) -> None:
        """Intake is well again, and the activity under way is tried once more."""
        self.down, self.answers_to_lose = False, 0
        self._works()

    def _wakes_at(self) -> datetime | None:
        if self.alarm is None or self.alarm.rings_at is None:
            return None
        # One that rings already is being met: by tries that fail, or it would not ring any more.
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
