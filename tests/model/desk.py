"""A desk for random lives: intake's real rules, given the same acts as the reference model."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.contract.errors import Invalid, MoveRefused
from services.contract.event_data import Actor
from services.contract.temporal import MeetDeadline, Snapshot
from services.contract.vocabulary import DeadlineKind, Effort
from services.intake.rules.deadline_due import Meet
from services.intake.rules.decide import decide
from services.intake.rules.move import Order
from services.intake.rules.moves.ask import Ask
from services.intake.rules.moves.assign import Assign
from services.intake.rules.moves.change import Change
from services.intake.rules.moves.confirm_solved import ConfirmSolved
from services.intake.rules.moves.decline import Decline
from services.intake.rules.moves.do_now import DoNow
from services.intake.rules.moves.keep_open import KeepOpen
from services.intake.rules.moves.link_problem import LinkProblem
from services.intake.rules.moves.merge import Merge
from services.intake.rules.moves.note import Note
from services.intake.rules.moves.park import Park
from services.intake.rules.moves.plan import Plan
from services.intake.rules.moves.postpone import Postpone
from services.intake.rules.moves.prioritise import Prioritise
from services.intake.rules.moves.rate import Rate
from services.intake.rules.moves.reopen import Reopen
from services.intake.rules.moves.replan import Replan
from services.intake.rules.moves.reply import Reply
from services.intake.rules.moves.share import Share
from services.intake.rules.moves.ship import Ship
from services.intake.rules.moves.skip import Skip
from services.intake.rules.moves.snooze import Snooze
from services.intake.rules.moves.solve import Solve
from services.intake.rules.moves.spam import MarkSpam
from services.intake.rules.moves.tag import Tag
from services.intake.rules.moves.take_back import TakeBack
from services.intake.rules.moves.take_in import TakeIn
from services.intake.rules.moves.team import HandOver
from services.intake.rules.moves.thank import Thank
from services.intake.rules.outages import Outages
from services.intake.rules.registry import read_line
from services.intake.rules.ticket import Decision, Entry, Message, TeamRef, Ticket
from tests.intake.ticket_life import AGENT, DAAN, MARIEKE, REQUESTER, message, new_ticket
from tests.model.acts import QUARTER, ZERO, Act, instant, quarter_of
from tests.model.lives import NUMBER, Life
from tests.model.reference import Due
from tests.workflows.desk import Desk, Met, same_clock

TEAM = TeamRef(id=DAAN.person_id, name="Printers")


def _words(act: Act) -> Message | None:
    return message() if act.words else None


def _until(act: Act, now: datetime) -> datetime:
    return now + act.quarters * QUARTER


def _by(act: Act) -> Actor:
    return AGENT if act.staff else REQUESTER


_ORDERS: dict[str, Callable[[Act, datetime], Order]] = {
    "assign": lambda act, _: Assign(AGENT, DAAN if act.words else None),
    "team": lambda act, _: HandOver(AGENT, TEAM, DAAN if act.words else None),
    "reply": lambda act, _: Reply(_by(act), message()),
    "note": lambda _, __: Note(AGENT, message()),
    "ask": lambda _, __: Ask(AGENT, message()),
    "solve": lambda act, _: Solve(AGENT, DAAN, _words(act)),
    "confirm_solved": lambda _, __: ConfirmSolved(REQUESTER),
    "reopen": lambda act, _: Reopen(AGENT, _words(act)),
    "thank": lambda act, _: Thank(_by(act), message() if act.words and not act.staff else None),
    "rate": lambda act, _: Rate(REQUESTER, good=act.quarters % 2 == 0),
    "park": lambda act, _: Park(AGENT, workaround=False, effort=Effort.SMALL, note="", message=_words(act)),
    "plan": lambda _, __: Plan(AGENT, "5.0"),
    "decline": lambda _, __: Decline(AGENT, message()),
    "ship": lambda _, __: Ship(AGENT, "5.0"),
    "merge": lambda _, __: Merge(AGENT, into=NUMBER + 1),
    "take_in": lambda _, __: TakeIn(AGENT, merged=NUMBER + 1, requester=DAAN),
    "spam": lambda _, __: MarkSpam(AGENT),
    "prioritise": lambda act, _: Prioritise(AGENT, act.priority, "It is so."),
    "tag": lambda _, __: Tag(AGENT, add=("printer",)),
    "change": lambda _, __: Change(AGENT, subject="It smokes"),
    "link_problem": lambda _, __: LinkProblem(AGENT, NUMBER + 2),
    "share": lambda _, __: Share(AGENT, MARIEKE),
    "snooze": lambda act, now: Snooze(AGENT, DAAN, _until(act, now) if act.quarters else None),
    "keep_open": lambda act, _: KeepOpen(_by(act)),
    "postpone": lambda act, now: Postpone(_by(act), act.step, _until(act, now)),
    "skip": lambda act, _: Skip(AGENT, act.step),
    "do_now": lambda act, _: DoNow(AGENT, act.step),
    "replan": lambda act, _: Replan(AGENT, act.policy or new_ticket().policy, "random"),
}


def order(act: Act, now: datetime) -> Order:
    """The command for an act at this time. Not for taking back, which needs the ticket as it was before."""
    return _ORDERS[act.name](act, now)


@dataclass
class LivedDesk(Desk):
    """A desk that rounds times to quarters of an hour, so that a worker's delay of seconds makes no difference."""

    life: Life = field(kw_only=True)
    history: list[tuple[datetime, Entry]] = field(default_factory=list)
    told_of: int = 0
    """How many of the clock's entries `news` has returned so far."""
    before_its_end: Ticket | None = None
    """The ticket before it was solved or marked as spam, until a person or the clock changes it again."""

    def submits(self, now: datetime) -> None:
        assert now >= instant(self.life.opened)
        ticket = new_ticket(instant(self.life.opened), self.life.policy, self.number)
        standing = ticket.standing._replace(priority=self.life.priority)
        self._ticket = ticket.model_copy(update={"standing": standing, "policy": self.life.policy})
        self.wire.append(self.snapshot)

    def gives(self, act: Act, quarter: int) -> bool:
        """Do a person's act; returns False if the rules refuse it."""
        now, before = instant(quarter), self.ticket
        try:
            self._takes(decide(before, self._order(act, now), now), now)
        except (MoveRefused, Invalid):
            return False
        self.before_its_end = before if act.name in ("solve", "spam") else None
        if not same_clock(self.snapshot, before.snapshot()):
            self.wire.append(self.snapshot)
        return True

    def meets(self, asked: MeetDeadline, now: datetime) -> Snapshot:
        self.asked.append(asked)
        before, shown = self.ticket, asked.met_at - (asked.met_at - ZERO) % QUARTER
        closes = asked.deadline.kind is DeadlineKind.CLOSURE
        self._takes(decide(before, Meet(asked.deadline, self._mail_down(shown, closes)), shown), shown)
        if self.ticket != before:
            self.before_its_end = None
            self.met.append(Met(asked.deadline, now, shown))
        return self.snapshot

    @property
    def clocks_entries(self) -> list[tuple[datetime, Entry]]:
        """The clock's entries in the history: deadlines met, and closings put off because mail was down."""
        return [(at, entry) for at, entry in self.history if entry.by.kind == "clock"]

    def news(self) -> list[tuple[datetime, Entry]]:
        """The clock's entries since the last call."""
        entries, known = self.clocks_entries, self.told_of
        self.told_of = len(entries)
        return entries[known:]

    @property
    def acts(self) -> list[Due]:
        """What the clock did, and when, by the ticket's history."""
        return [
            Due(quarter_of(at), *(entry.line.facts()[name] for name in ("deadline", "metric", "point")))
            for at, entry in self.clocks_entries
            if entry.type == "deadline_met"
        ]

    @property
    def coming(self) -> list[Due]:
        """What the clock will do, as the desk calculates it."""
        return [Due(quarter_of(due.due_at), due.kind, due.metric, due.point) for due in self.ticket.deadlines]

    def _order(self, act: Act, now: datetime) -> Order:
        if act.name != "take_back":
            return order(act, now)
        if self.before_its_end is None:
            raise Invalid("There is nothing to take back.")
        former = self.before_its_end
        return TakeBack(AGENT, former.standing, former.assignee, former.snoozed_by)

    def _takes(self, decision: Decision, now: datetime) -> None:
        self._ticket = decision.ticket
        for entry in decision.history:
            assert read_line(entry.type, json.loads(json.dumps(entry.line.kept()))) == entry.line
            self.history.append((now, entry))

    def _mail_down(self, now: datetime, closes: bool) -> timedelta:
        since = self.ticket.reminded_at or self.ticket.asked_at
        if since is None or not closes:
            return timedelta(0)
        outages = Outages(tuple((instant(begin), instant(end)) for begin, end in self.life.mail_outages))
        return outages.down(since, now)
