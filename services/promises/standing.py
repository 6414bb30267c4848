"""How a ticket stands with its clock, and what each act makes of that. Pure, and light: a simulation runs millions.

A ticket's life. Times are the desk's own promise (`policy.py`), moves are those of `intake/rules/moves.py`; ask, park,
solve, merge and spam may come at new, open, pending and parked.

    submit ─▶ new ─ assign, first reply of support ─▶ open ◀─────────────────────────────────────────────┐
       ask ─▶ pending ┬─ 7 days: reminder ─ 14 days ─▶ closed (no_response) ─ requester replies, reopen ─┤
                      └─ requester replies ──────────────────────────────────────────────────────────────┤
      park ─▶ parked ─┬─ reopen ─────────────────────────────────────────────────────────────────────────┤
                      └─ decline, ship ─▶ solved                                                         │
     solve ─▶ solved ─┬─ requester replies, reopen ──────────────────────────────────────────────────────┤
                      └─ 24 h: survey ─ 48 h ─▶ closed (finalised) ─ requester replies ─▶ a follow-up    │
      spam ─▶ closed (spam) ─ reopen ────────────────────────────────────────────────────────────────────┘
     merge ─▶ closed (merged) ─ requester replies ─▶ said to the ticket it was merged into
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from services.contract.vocabulary import ClosedReason, DeadlineKind, Metric, Priority, Status

ENDED = frozenset({Status.SOLVED, Status.CLOSED})
AT_WORK = frozenset({Status.NEW, Status.OPEN})
NO_TIME = timedelta(0)
_WHILE_PENDING = frozenset({DeadlineKind.REMINDER, DeadlineKind.CLOSURE})


class Stretch(NamedTuple):
    """The ticket has had this status since this instant (UTC), until the next stretch begins."""

    status: Status
    since: datetime


class Alert(NamedTuple):
    """A warning, breach or escalation that was given."""

    kind: DeadlineKind
    metric: Metric
    point: int


class Override(NamedTuple):
    """Somebody moved an automatic step to another instant, or skipped it (None)."""

    kind: DeadlineKind
    until: datetime | None


class Standing(NamedTuple):
    """All of a ticket that its deadlines depend on, besides its policy. Instants are aware, in UTC."""

    number: int
    priority: Priority
    """The one that counts: as asked, unless the contract or support said otherwise."""
    path: tuple[Stretch, ...]
    """Every status it had, from its opening on; the last is the one it has."""
    closed_reason: ClosedReason | None = None
    asked_at: datetime | None = None
    """When support last asked the requester something, or was asked to keep waiting; set while pending."""
    reminded_at: datetime | None = None
    """When the requester was reminded of that question; None until then."""
    surveyed_at: datetime | None = None
    """When the requester was asked for their satisfaction: once in a ticket's life."""
    replied_at: datetime | None = None
    """When support first answered in public."""
    waits_since: datetime | None = None
    """When the oldest message of the requester's side came that support has not answered; None before the first
    reply, when the whole ticket waits."""
    alerts: tuple[Alert, ...] = ()
    overrides: tuple[Override, ...] = ()
    mail_down: timedelta = NO_TIME
    """How long mail could not come in since the reminder: closure waits as much longer."""
    snoozed_until: datetime | None = None

    @property
    def status(self) -> Status:
        """Where the ticket stands."""
        return self.path[-1].status

    @property
    def opened_at(self) -> datetime:
        """When it came."""
        return self.path[0].since

    @property
    def solved_at(self) -> datetime | None:
        """When it was last solved; None unless it is solved now."""
        return self.path[-1].since if self.status is Status.SOLVED else None


def opened(number: int, priority: Priority, at: datetime, *, taken_up: bool = False) -> Standing:
    """A new ticket; `taken_up` where somebody is responsible from the start."""
    return Standing(number, priority, (Stretch(Status.OPEN if taken_up else Status.NEW, at),))


def taken_up(before: Standing, at: datetime) -> Standing:
    """Somebody of support is responsible: new becomes open."""
    return _to(before, Status.OPEN, at) if before.status is Status.NEW else before


def support_replied(before: Standing, at: datetime) -> Standing:
    """A public message by support: it answers whatever the requester said before."""
    answer = _answer(before, at)
    return _to(before, Status.OPEN, at, **answer) if before.status is Status.NEW else before._replace(**answer)


def requester_replied(before: Standing, at: datetime) -> Standing:
    """A message of the requester's side: it ends waiting, sleeping and solved; parked stays parked."""
    unanswered = before.replied_at is not None and before.waits_since is None
    waits_since = at if unanswered else before.waits_since
    if before.status in ENDED or before.status is Status.PENDING:
        return _to(before, Status.OPEN, at, snoozed_until=None, waits_since=waits_since)
    return before._replace(snoozed_until=None, waits_since=waits_since)


def asked(before: Standing, at: datetime) -> Standing:
    """A question only the requester can answer. Asking again starts the promise anew."""
    return kept_open(_to(before, Status.PENDING, at, **_answer(before, at)), at)


def kept_open(before: Standing, at: datetime) -> Standing:
    """Waiting begins again: what was promised for the question counts from `at`."""
    others = tuple(each for each in before.overrides if each.kind not in _WHILE_PENDING)
    return before._replace(asked_at=at, reminded_at=None, mail_down=NO_TIME, overrides=others)


def solved(before: Standing, at: datetime) -> Standing:
    """The answer is given: nobody waits any more."""
    return _to(before, Status.SOLVED, at, waits_since=None, snoozed_until=None, alerts=_kept(before))


def reopened(before: Standing, at: datetime) -> Standing:
    """Support takes it up again."""
    return _to(before, Status.OPEN, at)


def parked(before: Standing, at: datetime) -> Standing:
    """It needs a change of the software."""
    return _to(before, Status.PARKED, at)


def closed(before: Standing, at: datetime, reason: ClosedReason) -> Standing:
    """It has ended."""
    over: dict[str, Any] = {"waits_since": None, "snoozed_until": None, "overrides": (), "alerts": _kept(before)}
    return _to(before, Status.CLOSED, at, closed_reason=reason, **over)


def reminded(before: Standing, at: datetime) -> Standing:
    """The requester was reminded of the question."""
    return before._replace(overrides=_without(before, DeadlineKind.REMINDER), reminded_at=at)


def surveyed(before: Standing, at: datetime) -> Standing:
    """The requester was asked for their satisfaction."""
    return before._replace(overrides=_without(before, DeadlineKind.SURVEY), surveyed_at=at)


def alerted(before: Standing, alert: Alert) -> Standing:
    """Staff were warned, or told of a breach."""
    return before._replace(alerts=(*before.alerts, alert))


def moved_step(before: Standing, kind: DeadlineKind, until: datetime | None) -> Standing:
    """An automatic step comes at another instant, or not at all (None)."""
    mail_down = NO_TIME if kind is DeadlineKind.CLOSURE else before.mail_down
    return before._replace(overrides=(*_without(before, kind), Override(kind, until)), mail_down=mail_down)


def waited_for_mail(before: Standing, down: timedelta) -> Standing:
    """Mail could not come in for `down` in all since the reminder."""
    return before._replace(mail_down=down)


def taken_back(before: Standing, former: Standing, at: datetime) -> Standing:
    """It ended by mistake, and stands again as it did; the time in between was nobody's."""
    return former._replace(path=(*before.path, Stretch(former.status, at)))


def after_deadline(
    before: Standing, kind: DeadlineKind, at: datetime, metric: Metric | None = None, point: int = 0
) -> Standing:
    """The automatic act of a deadline was carried out at `at`."""
    match kind:
        case DeadlineKind.REMINDER:
            return reminded(before, at)
        case DeadlineKind.CLOSURE:
            return closed(before, at, ClosedReason.NO_RESPONSE)
        case DeadlineKind.SURVEY:
            return surveyed(before, at)
        case DeadlineKind.FINALISATION:
            return closed(before, at, ClosedReason.FINALISED)
        case DeadlineKind.SNOOZE:
            return snoozed(before, None)
        case DeadlineKind.WARNING | DeadlineKind.BREACH | DeadlineKind.ESCALATION:
            if metric is None:
                raise ValueError(f"ticket {before.number} has a {kind} of no promise")
            return alerted(before, Alert(kind, metric, point))


def snoozed(before: Standing, until: datetime | None) -> Standing:
    """Out of sight until then; None brings it back."""
    return before._replace(snoozed_until=until)


def reprioritised(before: Standing, priority: Priority) -> Standing:
    """Another priority, and so other targets; alerts given already are not given again."""
    return before._replace(priority=priority)


def _answer(before: Standing, at: datetime) -> dict[str, Any]:
    return {"replied_at": before.replied_at or at, "waits_since": None, "alerts": _kept(before)}


def _kept(before: Standing) -> tuple[Alert, ...]:
    # The next reply is promised anew for each message; everything else once in a ticket's life.
    return tuple(each for each in before.alerts if each.metric is not Metric.NEXT_REPLY) if before.alerts else ()


def _to(before: Standing, status: Status, at: datetime, **further: Any) -> Standing:
    if before.status is status:
        return before._replace(**further) if further else before
    left: dict[str, Any] = {
        "path": (*before.path, Stretch(status, at)),
        "closed_reason": None,
        "asked_at": None,
        "reminded_at": None,
        "mail_down": NO_TIME,
        "overrides": (),
    }
    return before._replace(**left | further)


def _without(before: Standing, kind: DeadlineKind) -> tuple[Override, ...]:
    return tuple(each for each in before.overrides if each.kind is not kind)
