"""A reference model of everything a clock does, slow and simple: it counts the quarters of an hour one by one.

Written from `docs/design.md §4` and the definitions of the metrics. With the rules that it checks, it shares only the
vocabulary (`services/contract/vocabulary.py`) and the model of a policy (`services/promises/policy.py`).
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, NamedTuple

from services.contract.vocabulary import ClosedReason, DeadlineKind, Metric, Priority, Status
from services.promises.policy import Policy
from services.promises.working_time import Calendar, Counted, Span
from tests.model.acts import QUARTER, Act, instant
from tests.promises.calendars import on_the_wall

LOOKS_AHEAD_MAX = 3 * 366 * 96
"""In quarters; no promise of these lives takes longer."""
YEAR = 366 * 96
STEPS = (DeadlineKind.REMINDER, DeadlineKind.CLOSURE, DeadlineKind.SURVEY, DeadlineKind.FINALISATION)
GENTLEST_FIRST = ["warning", "breach", "escalation", "snooze", "reminder", "survey", "closure", "finalisation"]

COUNTS = {
    Metric.FIRST_REPLY: "new open pending parked",
    Metric.NEXT_REPLY: "new open pending parked",
    Metric.REQUESTER_WAIT: "new open parked",
    Metric.AGENT_WORK: "new open",
    Metric.RESOLUTION: "new open pending parked",
}
_WORK = {
    *("assign", "team", "staff_reply", "note", "ask", "solve", "park", "prioritise", "snooze", "merge", "take_in"),
    *("spam", "tag", "change", "link_problem", "share", "requester_reply", "confirm_solved"),
}
ALLOWED: dict[str, set[str]] = {
    "new": _WORK,
    "open": {*_WORK, "staff_thank"},
    "pending": {*_WORK, "keep_open", "postpone", "skip", "do_now"},
    "parked": {*_WORK, "reopen", "plan", "decline", "ship"},
    "solved": {
        *("assign", "team", "staff_reply", "note", "reopen", "take_back", "tag", "change", "link_problem", "share"),
        *("postpone", "skip", "do_now", "requester_reply", "requester_thank"),
    },
    "no_response": {"note", "reopen", "tag", "change", "link_problem", "share", "requester_reply"},
    "finalised": {"note", "tag"},
    "merged": {"note", "tag"},
    "spam": {"note", "reopen", "take_back"},
}


class Due(NamedTuple):
    """Something the clock does, and the quarter at whose beginning it does it."""

    at: int
    kind: DeadlineKind
    metric: Metric | None = None
    point: int = 0


LASTING_STEP = 6 * 4
"""In quarters: how long a closure waits each time it finds that mail still cannot come in."""


class Reference:
    """One ticket of a requester, from the quarter in which it was opened."""

    def __init__(self, policy: Policy, priority: Priority, opened: int, mail_outages: tuple[tuple[int, int], ...]):
        self.opened = self.now = opened
        self.was: list[Status] = []
        """The status in each quarter since the opening."""
        self.acts: list[Due] = []
        """What the clock did, and when."""
        self.mail_outages = mail_outages
        self.stopped = False
        """Whether the clock does nothing now, because intake or Temporal is down."""
        self.policy = policy
        self.priority = priority
        self.status = Status.NEW
        self.reason: ClosedReason | None = None
        self.with_team = False
        self.replied: int | None = None
        self.unanswered: int | None = None
        self.asked: int | None = None
        self.reminded: int | None = None
        self.solved: int | None = None
        self.surveyed = False
        self.told: set[tuple[DeadlineKind, Metric | None, int]] = set()
        self.moved: dict[DeadlineKind, int | None] = {}
        self.waited_for_mail = 0
        self.snoozed: int | None = None
        self.before_its_end: dict[str, Any] | None = None
        self.reopened_from: tuple[int, int, dict[DeadlineKind, int | None]] | None = None
        """Since a message reopened it: when, since when it had been solved, and the steps that were moved then."""
        self._coming: list[Due] | None = None

    def passes(self, until: int) -> None:
        """Let time pass; the clock does what becomes due."""
        while not self.stopped and (coming := self.coming()) and coming[0].at <= until:
            self.lives_until(max(coming[0].at, self.now))
            self.meets(coming[0])
        self.lives_until(until)

    def meets(self, due: Due) -> None:
        """Let the clock do this now."""
        if due.kind is DeadlineKind.CLOSURE and self._mail_down() > self.waited_for_mail:
            self.waited_for_mail = self._mail_down()
        else:
            self.acts.append(due._replace(at=self.now))
            self._acts(due)
        self._coming = None

    def lives_until(self, quarter: int) -> None:
        """Let time pass without anything happening."""
        self.was += [self.status] * (quarter - self.now)
        self.now = quarter

    def does(self, act: Act) -> bool:
        """Do an act of a person now; returns False if it is refused."""
        name = f"{'staff' if act.staff else 'requester'}_{act.name}" if act.name in ("reply", "thank") else act.name
        if not self._allows(name, act):
            return False
        before_its_end = self._all() if name in ("solve", "spam") else None
        former = self.before_its_end
        getattr(self, f"_{name}", self._nothing)(act)
        self.before_its_end = former if name == "take_back" else before_its_end
        if name == "take_back":
            self.before_its_end = None
        self._coming = None
        return True

    def _allows(self, name: str, act: Act) -> bool:
        if name == "replan":
            return True
        if name == "rate":
            return self.surveyed
        if name not in ALLOWED[self.reason or self.status] or (name == "take_back" and self.before_its_end is None):
            return False
        if name == "staff_thank":
            return self.reopened_from is not None
        if name == "snooze":
            return act.quarters <= YEAR
        if name not in ("postpone", "skip", "do_now"):
            return True
        of_requester = name == "postpone" and not act.staff
        if of_requester and (self.status is not Status.PENDING or act.step is not DeadlineKind.CLOSURE):
            return False
        coming = any(due.kind is act.step for due in self.coming())
        return act.step in STEPS and coming and (name != "postpone" or 0 < act.quarters <= YEAR)

    def coming(self) -> list[Due]:
        """What the clock will do if nobody does anything, earliest first."""
        if self._coming is None:
            self._coming = sorted(
                self._steps(), key=lambda due: (due.at, GENTLEST_FIRST.index(due.kind), due.metric or "", due.point)
            )
        return self._coming

    def counted(self, metric: Metric, span: Span) -> int | None:
        """When this much of the metric's time will be spent (the end of a quarter); None if that is not known now."""
        begin = self.unanswered if metric is Metric.NEXT_REPLY and self.unanswered is not None else self.opened
        left = span.length // QUARTER
        for quarter in range(begin, begin + LOOKS_AHEAD_MAX):
            lived = quarter < self.now
            if self._counts(metric, self.was[quarter - self.opened] if lived else self.status):
                left -= span.counted is Counted.CALENDAR or works(self.policy.calendar, quarter)
            elif not lived:
                return None
            if not left:
                return quarter + 1
        raise AssertionError("never")

    def _steps(self) -> Iterator[Due]:
        if self.status is Status.CLOSED:
            return
        if self.snoozed is not None:
            yield Due(self.snoozed, DeadlineKind.SNOOZE)
        if self.status is Status.SOLVED:
            yield from self._while_solved()
            return
        if self.status is Status.PENDING:
            yield from self._while_pending()
        for metric in Metric:
            target = self._target(metric)
            if target is not None and not self._kept(metric):
                yield from self._alerts(metric, target)

    def _while_pending(self) -> Iterator[Due]:
        assert self.asked is not None
        usual = after(self.asked, self.policy.reminder_after, self.policy.calendar)
        reminder = self.moved.get(DeadlineKind.REMINDER, usual)
        if self.reminded is None and reminder is not None:
            yield Due(reminder, DeadlineKind.REMINDER)
        came = self.reminded if self.reminded is not None else reminder
        late = max(came - usual, 0) if came is not None else 0
        promised = after(self.asked, self.policy.closure_after, self.policy.calendar) + late
        closure = self.moved.get(DeadlineKind.CLOSURE, promised)
        if closure is not None:
            yield Due(closure + self.waited_for_mail, DeadlineKind.CLOSURE)

    def _while_solved(self) -> Iterator[Due]:
        assert self.solved is not None
        spans = {DeadlineKind.FINALISATION: self.policy.finalisation_after}
        if self.policy.survey and not self.surveyed:
            spans[DeadlineKind.SURVEY] = self.policy.survey_after
        for kind, span in spans.items():
            at = self.moved.get(kind, after(self.solved, span, self.policy.calendar))
            if at is not None:
                yield Due(at, kind)

    def _alerts(self, metric: Metric, target: Span) -> Iterator[Due]:
        lengths = {(DeadlineKind.BREACH, 0): target.length}
        for percent in self.policy.warn_at:
            lengths[DeadlineKind.WARNING, percent] = target.length * percent / 100
        for step, escalation in enumerate(self.policy.escalations):
            if step:
                lengths[DeadlineKind.ESCALATION, step] = target.length + escalation.after
        for (kind, point), length in lengths.items():
            if (kind, metric, point) not in self.told:
                at = self.counted(metric, Span(length=length, counted=target.counted))
                if at is not None:
                    yield Due(at, kind, metric, point)

    def _target(self, metric: Metric) -> Span | None:
        found = None
        for target in self.policy.targets:
            if target.metric is metric and (
                target.priority is self.priority or (target.priority is None and not found)
            ):
                found = target.within
        return found

    def _kept(self, metric: Metric) -> bool:
        if metric is Metric.FIRST_REPLY:
            return self.replied is not None
        return metric is Metric.NEXT_REPLY and self.unanswered is None

    def _counts(self, metric: Metric, status: Status) -> bool:
        paused = [pause.status for pause in self.policy.pauses if pause.metric is metric]
        return status in COUNTS[metric].split() and status not in paused

    def _mail_down(self) -> int:
        since = self.reminded if self.reminded is not None else self.asked
        assert since is not None
        down = sum(begin <= quarter < end for quarter in range(since, self.now) for begin, end in self.mail_outages)
        # During an outage its end is not known: closing waits in steps of six hours.
        while any(begin < self.now < end for begin, end in self.mail_outages) and down % LASTING_STEP:
            down += 1
        return down

    def _acts(self, due: Due) -> None:
        match due.kind:
            case DeadlineKind.REMINDER:
                self.reminded = self.now
                self.moved.pop(due.kind, None)
            case DeadlineKind.SURVEY:
                self.surveyed = True
                self.moved.pop(due.kind, None)
            case DeadlineKind.CLOSURE:
                self._ends(ClosedReason.NO_RESPONSE)
            case DeadlineKind.FINALISATION:
                self._ends(ClosedReason.FINALISED)
            case DeadlineKind.SNOOZE:
                self.snoozed = None
            case _:
                self.told.add((due.kind, due.metric, due.point))
        self.before_its_end = None

    def _becomes(self, status: Status) -> None:
        if status is self.status:
            return
        self.status, self.reason = status, None
        self.asked = self.reminded = self.solved = None
        self.moved, self.waited_for_mail = {}, 0
        self.reopened_from = None

    def _ends(self, reason: ClosedReason) -> None:
        self._becomes(Status.CLOSED)
        self.reason, self.unanswered, self.snoozed = reason, None, None

    def _waits_anew(self) -> None:
        self.asked, self.reminded, self.waited_for_mail = self.now, None, 0
        self.moved = {}

    def _nothing(self, act: Act) -> None:
        """Notes, tags and links: they do not matter to a clock."""

    def _staff_reply(self, _: Act) -> None:
        self.replied = self.now if self.replied is None else self.replied
        self.unanswered = None
        self.reopened_from = None
        if self.status is Status.NEW:
            self._becomes(Status.OPEN)

    def _requester_reply(self, _: Act) -> None:
        if self.replied is not None and self.unanswered is None:
            self.unanswered = self.now
            self.told = {each for each in self.told if each[1] is not Metric.NEXT_REPLY}
        self.snoozed = None
        solved = (self.now, self.solved, self.moved) if self.solved is not None else None
        if self.status in (Status.PENDING, Status.SOLVED, Status.CLOSED):
            self._becomes(Status.OPEN)
            self.reopened_from = solved

    def _staff_thank(self, _: Act) -> None:
        assert self.reopened_from is not None
        reopened, solved, moved = self.reopened_from
        self._becomes(Status.SOLVED)
        self.solved, self.moved, self.unanswered, self.snoozed = solved, moved, None, None
        # As if it had not been reopened: no promise counts the time meanwhile.
        lived = reopened - self.opened
        self.was[lived:] = [Status.SOLVED] * (len(self.was) - lived)

    def _take_in(self, _: Act) -> None:
        self.reopened_from = None

    def _requester_thank(self, _: Act) -> None:
        """The ticket stays solved."""

    def _ask(self, act: Act) -> None:
        self._staff_reply(act)
        self._becomes(Status.PENDING)
        self._waits_anew()

    def _keep_open(self, _: Act) -> None:
        self._waits_anew()

    def _assign(self, act: Act) -> None:
        if act.words and self.status is Status.NEW:
            self._becomes(Status.OPEN)

    def _team(self, act: Act) -> None:
        # A new team's round robin may choose an agent; giving the same team again changes nothing.
        if not self.with_team:
            self._assign(act)
        self.with_team = True

    def _solve(self, act: Act) -> None:
        if act.words:
            self._staff_reply(act)
        self._confirm_solved(act)

    def _confirm_solved(self, _: Act) -> None:
        self._becomes(Status.SOLVED)
        self.solved, self.unanswered, self.snoozed = self.now, None, None

    def _reopen(self, act: Act) -> None:
        self._becomes(Status.OPEN)
        if act.words:
            self._staff_reply(act)

    def _park(self, act: Act) -> None:
        if act.words:
            self._staff_reply(act)
        self._becomes(Status.PARKED)

    def _decline(self, act: Act) -> None:
        self._staff_reply(act)
        self._confirm_solved(act)

    _ship = _decline

    def _merge(self, _: Act) -> None:
        self._ends(ClosedReason.MERGED)

    def _spam(self, _: Act) -> None:
        self._ends(ClosedReason.SPAM)

    def _take_back(self, _: Act) -> None:
        assert self.before_its_end is not None
        self.__dict__.update(self.before_its_end)

    def _prioritise(self, act: Act) -> None:
        self.priority = act.priority

    def _snooze(self, act: Act) -> None:
        self.snoozed = self.now + act.quarters if act.quarters else None

    def _postpone(self, act: Act) -> None:
        self._moves(act.step, self.now + act.quarters)

    def _skip(self, act: Act) -> None:
        self._moves(act.step, None)

    def _moves(self, step: DeadlineKind, at: int | None) -> None:
        self.moved[step] = at
        if step is DeadlineKind.CLOSURE:
            self.waited_for_mail = 0

    def _do_now(self, act: Act) -> None:
        self._acts(Due(self.now, act.step))

    def _replan(self, act: Act) -> None:
        assert act.policy is not None
        self.policy = act.policy

    def _all(self) -> dict[str, Any]:
        lived = ("opened", "now", "was", "acts", "mail_outages", "stopped", "before_its_end", "_coming", "policy")
        return {name: deepcopy(value) for name, value in self.__dict__.items() if name not in lived}


def after(start: int, span: Span, calendar: Calendar) -> int:
    """The quarter at whose beginning the span has passed, counted from the beginning of `start`."""
    quarter, left = start, span.length // QUARTER
    while left:
        left -= span.counted is Counted.CALENDAR or works(calendar, quarter)
        quarter += 1
        assert quarter < start + LOOKS_AHEAD_MAX, "never"
    return quarter


_works: dict[tuple[str, tuple[tuple[str, ...], ...], frozenset[Any]], dict[int, bool]] = {}


def works(calendar: Calendar, quarter: int) -> bool:
    """Whether the quarter is working time by local time in the calendar's zone."""
    known = _works.setdefault((calendar.zone, calendar.week, calendar.days_off), {})
    if quarter not in known:
        known[quarter] = on_the_wall(instant(quarter), calendar)
    return known[quarter]
