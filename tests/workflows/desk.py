"""A desk with one ticket in memory: intake's real rules without a database. Its messages to the clock are in `wire`."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from services.contract.event_data import Actor, Contact
from services.contract.temporal import Deadline, MeetDeadline, Snapshot
from services.contract.vocabulary import DeadlineKind, Effort, Kind, Language, Priority
from services.intake.rules.deadline_due import Meet
from services.intake.rules.decide import Command, decide, open_ticket
from services.intake.rules.moves.ask import Ask
from services.intake.rules.moves.assign import Assign
from services.intake.rules.moves.merge import Merge
from services.intake.rules.moves.note import Note
from services.intake.rules.moves.park import Park
from services.intake.rules.moves.plan import Plan
from services.intake.rules.moves.postpone import Postpone
from services.intake.rules.moves.reopen import Reopen
from services.intake.rules.moves.reply import Reply
from services.intake.rules.moves.ship import Ship
from services.intake.rules.moves.snooze import Snooze
from services.intake.rules.moves.solve import Solve
from services.intake.rules.submit import Submit
from services.intake.rules.ticket import Message, Ticket
from services.promises.policy import Policy

PLAIN = Policy(targets=(), survey_spread=timedelta(0)).pinned("plain")
"""A policy with exact times for reminder, closure, survey and finalisation, and without SLA targets."""
_PEOPLE = UUID("5f0c6a0e-6a0b-4a53-8f0e-0d6b7b1f3a11")


def _contact(name: str) -> Contact:
    return Contact(
        person_id=uuid5(_PEOPLE, name), name=name, email=f"{name.lower()}@example.org", language=Language.ENGLISH
    )


RELEASE = "2027.1"
REQUESTER, AGENT = _contact("Noor"), _contact("Agostino")
_ASKING = Actor(kind="person", name=REQUESTER.name, person_id=REQUESTER.person_id)
_HELPING = Actor(kind="person", name=AGENT.name, person_id=AGENT.person_id, staff=True)


@dataclass(frozen=True)
class Met:
    """A deadline that changed the ticket: when it was really met, and when by the ticket's history."""

    deadline: Deadline
    at: datetime
    told: datetime


@dataclass
class Desk:
    """The desk. Each command takes the time at which it is given, and raises MoveRefused if the ticket forbids it."""

    number: int
    policy: Policy = PLAIN
    thrifty: bool = False
    """Whether the clock is told, as by intake, only what it needs to wake up in time. Telling it more does no harm."""
    wire: list[Snapshot] = field(default_factory=list)
    """The snapshots that the relay has not delivered to the clock yet, oldest first."""
    met: list[Met] = field(default_factory=list)
    asked: list[MeetDeadline] = field(default_factory=list)
    """Every request of the clock to meet a deadline."""
    _ticket: Ticket | None = None
    _known: Snapshot | None = None
    """The snapshot that the clock was told last."""

    @property
    def ticket(self) -> Ticket:
        assert self._ticket is not None, "the ticket is not there yet"
        return self._ticket

    @property
    def snapshot(self) -> Snapshot:
        return self.ticket.snapshot()

    @property
    def kinds_met(self) -> list[str]:
        return [each.deadline.kind.value for each in self.met]

    def submits(self, now: datetime) -> None:
        submit = Submit(
            number=self.number,
            by=_ASKING,
            requester=REQUESTER,
            organisation_id=None,
            subject="Printer on fire",
            message=_message("It burns."),
            kind=Kind.INCIDENT,
            asked_priority=Priority.HIGH,
            priority=Priority.HIGH,
            language=Language.ENGLISH,
            policy=self.policy,
        )
        self._ticket = open_ticket(submit, now).ticket
        self._tells()

    def assigns(self, now: datetime) -> None:
        self._does(Assign(_HELPING, AGENT), now)

    def unassigns(self, now: datetime) -> None:
        self._does(Assign(_HELPING, None), now)

    def asks(self, now: datetime) -> None:
        self._does(Ask(_HELPING, _message("Which printer?")), now)

    def replies(self, now: datetime) -> None:
        self._does(Reply(_ASKING, _message("The one in the hall.")), now)

    def answers(self, now: datetime) -> None:
        self._does(Reply(_HELPING, _message("Stand back.")), now)

    def notes(self, now: datetime) -> None:
        self._does(Note(_HELPING, _message("Third one this week.")), now)

    def solves(self, now: datetime) -> None:
        self._does(Solve(_HELPING, AGENT, _message("It is out.")), now)

    def reopens(self, now: datetime) -> None:
        self._does(Reopen(_HELPING), now)

    def parks(self, now: datetime) -> None:
        self._does(Park(_HELPING, workaround=False, effort=Effort.SMALL, note="Needs another printer."), now)

    def plans(self, now: datetime) -> None:
        self._does(Plan(_HELPING, release=RELEASE), now)

    def ships(self, now: datetime) -> None:
        self._does(Ship(_HELPING, release=RELEASE), now)

    def merges(self, now: datetime) -> None:
        self._does(Merge(_HELPING, into=self.number + 1), now)

    def snoozes(self, now: datetime, length: timedelta) -> None:
        self._does(Snooze(_HELPING, AGENT, until=now + length), now)

    def postpones(self, now: datetime, kind: DeadlineKind, length: timedelta) -> None:
        """Postpone an automatic step to this long from now."""
        self._does(Postpone(_HELPING, kind, until=now + length), now)

    def due_at(self) -> datetime:
        """The time of the ticket's next deadline."""
        deadline = self.snapshot.next_deadline
        assert deadline is not None, "nothing is due"
        return deadline.due_at

    def restores(self, row: Ticket, *, asked_at: datetime | None) -> None:
        """Replace the row by an older version, as when a backup is restored; the clock knows a newer one."""
        standing = row.standing._replace(asked_at=asked_at)
        self._ticket = row.model_copy(update={"version": 1, "standing": standing})

    def mends(self, row: Ticket) -> None:
        """Replace the row by the right one again."""
        self._ticket = row

    def meets(self, asked: MeetDeadline, now: datetime) -> Snapshot:
        """Meet a deadline as intake's activity does: changes nothing if the ticket does not have that deadline now."""
        self.asked.append(asked)
        before = self.ticket
        self._ticket = decide(before, Meet(asked.deadline), asked.met_at).ticket
        if self._ticket != before:
            self.met.append(Met(asked.deadline, now, asked.met_at))
        self._known = self.snapshot
        return self.snapshot

    def _does(self, command: Command, now: datetime) -> None:
        before = self.snapshot
        self._ticket = decide(self.ticket, command, now).ticket
        slept_in = self._known is None or not self._known.in_time_for(self.snapshot)
        if slept_in if self.thrifty else not same_clock(self.snapshot, before):
            self._tells()

    def _tells(self) -> None:
        self._known = self.snapshot
        self.wire.append(self.snapshot)


def same_clock(one: Snapshot, other: Snapshot) -> bool:
    """Whether both let the clock do the same things, whatever their versions and whoever made them."""
    return one.model_copy(update={"version": other.version, "correlation_id": other.correlation_id}) == other


def _message(text: str) -> Message:
    return Message(comment_id=uuid5(_PEOPLE, text), text=text)
