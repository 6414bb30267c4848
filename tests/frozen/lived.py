"""Tickets that live the model's random lives by intake's real rules; everything that happened is kept."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from random import Random

from services.contract.errors import BalieError
from services.contract.vocabulary import Channel, DeadlineKind, Kind
from services.intake.rules.deadline_due import Meet
from services.intake.rules.decide import Command, decide, open_ticket
from services.intake.rules.moves.solve import Solve
from services.intake.rules.moves.spam import MarkSpam
from services.intake.rules.moves.take_back import TakeBack
from services.intake.rules.outages import Outages
from services.intake.rules.registry import MOVES
from services.intake.rules.submit import Submit
from services.intake.rules.ticket import Decision, TeamRef, Ticket
from tests.frozen.chance import drawn
from tests.frozen.extras import EXTRAS, FOLLOWER, written
from tests.intake.ticket_life import AGENT, DAAN, MARIEKE, submission
from tests.model.acts import QUARTER, Act, instant
from tests.model.desk import order
from tests.model.lives import DAY, Life, Step, lives
from tests.notify.happenings import TEAM

LIVES = 80
FIRST_NUMBER = 101
STEPS_MIN = 8
NOBODY_COMES = 60 * DAY
MEETINGS_MAX = 500
"""Most deadlines met at one time in a life; a clock that meets more is in an endless loop."""
EXTRAS_SHARE = 0.6
"""The share of the model's steps that are followed by a command the model does not know."""
TAKEN_BACK_SHARE = 0.3
TRIES_MAX = 4
TEAM_OF_PRINTERS = TeamRef(id=TEAM, name="Printers")
CHANNELS = tuple(Channel)
KINDS = tuple(Kind)


@dataclass(frozen=True)
class Happened:
    """A command given to a ticket, with the decision of the rules, or the sentence of the refusal."""

    at: datetime
    order: Command | Submit
    decision: Decision | None
    refusal: str = ""


@dataclass
class Lived:
    """A ticket and everything that happened to it."""

    life: Life
    number: int
    now: int
    stopped: bool = False
    happened: list[Happened] = field(default_factory=list)
    _before_its_end: Ticket | None = None

    @property
    def ticket(self) -> Ticket:
        """The ticket as it is now."""
        return next(each.decision.ticket for each in reversed(self.happened) if each.decision)

    @property
    def decisions(self) -> Iterator[tuple[datetime, Decision]]:
        """The decisions of the rules, each with its time."""
        return ((each.at, each.decision) for each in self.happened if each.decision)

    def opens(self) -> None:
        """Somebody submits the ticket; its number decides by which channel."""
        command = _brought(self.number, self.life)
        self.happened.append(Happened(instant(self.now), command, open_ticket(command, instant(self.now))))

    def passes(self, until: int) -> None:
        """Let time pass; the clock meets what becomes due, unless it is stopped."""
        for _ in range(MEETINGS_MAX):
            due = self.ticket.deadlines[0] if self.ticket.deadlines else None
            if self.stopped or due is None or due.due_at > instant(until):
                self.now = max(until, self.now)
                return
            while instant(self.now) < due.due_at:
                self.now += 1
            self._gives(Meet(due, self._mail_down(due.kind)))
        raise AssertionError(f"The clock of ticket {self.number} does not stop.")

    def suffers(self, step: Step) -> None:
        """Do the step: an act of a person, or the clock stopping or going on."""
        match step.happens:
            case Act() as act:
                self._does(act)
            case "stops":
                self.stopped = True
            case "goes on":
                self.stopped = False
        self.passes(self.now)

    def tries(self, chance: Random) -> None:
        """Give a command that the model does not know: of a few at random, the first that is not refused."""
        if self._before_its_end and chance.random() < TAKEN_BACK_SHARE:
            self._takes_back(self._before_its_end)
        for extra in chance.sample(EXTRAS, TRIES_MAX):
            self._gives(extra(instant(self.now)))
            if not self.happened[-1].refusal:
                break
        self.passes(self.now)

    def ends_at(self, step: Step) -> int:
        """The quarter of an hour in which the step happens."""
        since = self.now
        if step.until_due and self.ticket.deadlines:
            due = self.ticket.deadlines[0].due_at
            since = self.now + (due - instant(self.now)) // QUARTER
        return max(since + step.waits, self.now)

    def _does(self, act: Act) -> None:
        if act.name != "take_back":
            self._gives(order(act, instant(self.now)))
        elif former := self._before_its_end:
            self._takes_back(former)

    def _takes_back(self, former: Ticket) -> None:
        self._gives(TakeBack(AGENT, former.standing, former.assignee, former.snoozed_by))

    def _gives(self, command: Command) -> None:
        now, before = instant(self.now), self.ticket
        try:
            decision = decide(before, command, now)
        except BalieError as refused:
            self.happened.append(Happened(now, command, None, refused.detail))
            return
        self.happened.append(Happened(now, command, decision))
        if decision.ticket != before:
            self._before_its_end = before if isinstance(command, Solve | MarkSpam) else None

    def _mail_down(self, kind: DeadlineKind) -> timedelta:
        since = self.ticket.reminded_at or self.ticket.asked_at
        if since is None or kind is not DeadlineKind.CLOSURE:
            return timedelta(0)
        outages = Outages(tuple((instant(begin), instant(end)) for begin, end in self.life.mail_outages))
        return outages.down(since, instant(self.now))


@cache
def lived() -> tuple[Lived, ...]:
    """All tickets after their whole lives. Raises AssertionError if a command or a kind of deadline never occurs."""
    found = tuple(_live(seed) for seed in range(LIVES))
    taken = [each for one in found for each in one.happened if each.decision and each.decision.history]
    given = {type(each.order) for each in taken}
    known = {Meet, *(move.command for move in MOVES.values() if move.command)}
    assert given >= known, known - given
    met = {each.order.deadline.kind for each in taken if isinstance(each.order, Meet)}
    assert met == set(DeadlineKind), set(DeadlineKind) - met
    return found


def _live(seed: int) -> Lived:
    chance = Random(seed)  # noqa: S311 - for a repeatable choice, not a secret one
    life = drawn(lives(steps_min=STEPS_MIN), seed)
    one = Lived(life, FIRST_NUMBER + seed, life.opened)
    one.opens()
    for step in life.steps:
        one.passes(one.ends_at(step))
        one.suffers(step)
        if chance.random() < EXTRAS_SHARE:
            one.tries(chance)
    one.stopped = False
    one.passes(one.now + NOBODY_COMES)
    return one


def _brought(number: int, life: Life) -> Submit:
    """The submission; by number it varies channel, kind, follow-up, team, assignee, and whether support typed it in."""
    channel = CHANNELS[number % len(CHANNELS)]
    by_staff = channel is Channel.PHONE
    message_id = "<1@devries.example>" if channel is Channel.EMAIL else None
    plain = submission(life.policy, number)
    return replace(
        plain,
        by=AGENT if by_staff else plain.by,
        message=written("It burns since this morning.", channel, message_id=message_id),
        kind=KINDS[number % len(KINDS)],
        asked_priority=life.priority,
        priority=life.priority,
        policy=life.policy,
        requester=FOLLOWER if number % 7 == 0 else MARIEKE,
        follow_up_of=3 if number % 5 == 0 else None,
        team=TEAM_OF_PRINTERS if number % 6 == 0 else None,
        assignee=DAAN if number % 4 == 0 else None,
        tags=("fire",) if number % 8 == 0 else (),
    )
