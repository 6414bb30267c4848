"""How a ticket stands with its clock, and what each act makes of that. Pure, and light: a simulation runs millions.

A ticket's life. Times are the desk's own promise (`policy.py`), moves are those of `intake/rules/moves/`; ask, park,
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
UNFINISHED = frozenset(Status) - ENDED
AT_WORK = frozenset({Status.NEW, Status.OPEN})
AWAITS_SUPPORT = UNFINISHED - {Status.PENDING}
"""A pending ticket waits for its requester."""
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
    """The facts about a ticket from which, with its policy, its deadlines are computed. Instants are aware, in UTC."""

    number: int
    priority: Priority
    """The priority in force: the requester's choice, unless the contract or support set another."""
    path: tuple[Stretch, ...]
    """Every status since the opening, in order; the last one is the current status."""
    closed_reason: ClosedReason | None = None
    asked_at: datetime | None = None
    """When support last asked the requester something, or the ticket was last kept open; set only while pending."""
    reminded_at: datetime | None = None
    """When the requester was reminded of that question; None until then."""
    surveyed_at: datetime | None = None
    """When the satisfaction survey was sent: once in a ticket's life."""
    replied_at: datetime | None = None
    """When support first answered in public."""
    waits_since: datetime | None = None
    """When the requester's side sent the oldest message that support has not answered. None if all are answered, and
    until support's first reply, because that time counts for the first reply."""
    alerts: tuple[Alert, ...] = ()
    overrides: tuple[Override, ...] = ()
    mail_down: timedelta = NO_TIME
    """How long incoming mail was down since the reminder; closure is delayed by as much."""
    snoozed_until: datetime | None = None
    reopened_from: tuple[Override, ...] | None = None
    """The steps that were moved or skipped while it was solved, if a message of the requester's side reopened it and
    support has not spoken, nor its status changed, since; else None. So that the reopening can be taken back."""

    @property
    def status(self) -> Status:
        """The current status."""
        return self.path[-1].status

    @property
    def opened_at(self) -> datetime:
        """When the ticket was opened."""
        return self.path[0].since

    @property
    def solved_at(self) -> datetime | None:
        """When it was last solved; None unless it is solved now."""
        return self.path[-1].since if self.status is Status.SOLVED else None


def opened(number: int, priority: Priority, at: datetime, *, taken_up: bool = False) -> Standing:
    """The standing of a new ticket; `taken_up` if it has an assignee from the start."""
    return Standing(number, priority, (Stretch(Status.OPEN if taken_up else Status.NEW, at),))


def taken_up(before: Standing, at: datetime) -> Standing:
    """Somebody of support takes responsibility: a new ticket becomes open, others keep their status."""
    return _to(before, Status.OPEN, at) if before.status is Status.NEW else before


def support_replied(before: Standing, at: datetime) -> Standing:
    """Support sends a public message: it answers all earlier messages of the requester. A new ticket becomes open."""
    answer = _answer(before, at)
    return _to(before, Status.OPEN, at, **answer) if before.status is Status.NEW else before._replace(**answer)


def requester_replied(before: Standing, at: datetime) -> Standing:
    """The requester's side sends a message: a pending, solved or closed ticket becomes open, others keep their status;
    a snooze ends."""
    unanswered = before.replied_at is not None and before.waits_since is None
    waits_since = at if unanswered else before.waits_since
    if before.status in ENDED or before.status is Status.PENDING:
        solved_with = before.overrides if before.status is Status.SOLVED else None
        return _to(before, Status.OPEN, at, snoozed_until=None, waits_since=waits_since, reopened_from=solved_with)
    return before._replace(snoozed_until=None, waits_since=waits_since)


def asked(before: Standing, at: datetime) -> Standing:
    """Support asks the requester a question: the ticket becomes pending. Asking again restarts the times of reminder
    and closure."""
    return kept_open(_to(before, Status.PENDING, at, **_answer(before, at)), at)


def kept_open(before: Standing, at: datetime) -> Standing:
    """Reminder and closure count from `at` again; earlier changes to these two steps are dropped."""
    others = tuple(each for each in before.overrides if each.kind not in _WHILE_PENDING)
    return before._replace(asked_at=at, reminded_at=None, mail_down=NO_TIME, overrides=others)


def solved(before: Standing, at: datetime) -> Standing:
    """The ticket is solved: no reply is owed any more, and a snooze ends."""
    return _to(before, Status.SOLVED, at, waits_since=None, snoozed_until=None, alerts=_kept(before))


def reopened(before: Standing, at: datetime) -> Standing:
    """Support opens the ticket again."""
    return _to(before, Status.OPEN, at)


def is_reopened_by_message(standing: Standing) -> bool:
    """Whether a message of the requester's side reopened the solved ticket, and nobody has dealt with that yet."""
    was = standing.path[-2].status if len(standing.path) > 1 else None
    return standing.reopened_from is not None and standing.status is Status.OPEN and was is Status.SOLVED


def not_reopened(before: Standing) -> Standing:
    """The reopening by a message is taken back: the ticket is solved since when it was, with the steps it had.

    The time it was open leaves no trace in `path`, so no promise counts it. Raises ValueError for a ticket that is not
    reopened by a message.
    """
    if not is_reopened_by_message(before):
        raise ValueError(f"ticket {before.number} was not reopened by a message")
    return before._replace(
        path=before.path[:-1],
        overrides=before.reopened_from or (),
        reopened_from=None,
        waits_since=None,
        snoozed_until=None,
        alerts=_kept(before),
    )


def took_in(before: Standing) -> Standing:
    """Another ticket goes on as this one: what it brings is still to be dealt with, whatever reopened this one."""
    return before._replace(reopened_from=None)


def parked(before: Standing, at: datetime) -> Standing:
    """The ticket is parked: it needs a change of the software."""
    return _to(before, Status.PARKED, at)


def closed(before: Standing, at: datetime, reason: ClosedReason) -> Standing:
    """The ticket is closed for `reason`."""
    over: dict[str, Any] = {"waits_since": None, "snoozed_until": None, "overrides": (), "alerts": _kept(before)}
    return _to(before, Status.CLOSED, at, closed_reason=reason, **over)


def reminded(before: Standing, at: datetime) -> Standing:
    """The requester was reminded of the question."""
    return before._replace(overrides=_without(before, DeadlineKind.REMINDER), reminded_at=at)


def surveyed(before: Standing, at: datetime) -> Standing:
    """The satisfaction survey was sent."""
    return before._replace(overrides=_without(before, DeadlineKind.SURVEY), surveyed_at=at)


def alerted(before: Standing, alert: Alert) -> Standing:
    """A warning, breach or escalation was sent to staff."""
    return before._replace(alerts=(*before.alerts, alert))


def moved_step(before: Standing, kind: DeadlineKind, until: datetime | None) -> Standing:
    """An automatic step is moved to `until`, or skipped (None). Moving closure also clears `mail_down`."""
    mail_down = NO_TIME if kind is DeadlineKind.CLOSURE else before.mail_down
    return before._replace(overrides=(*_without(before, kind), Override(kind, until)), mail_down=mail_down)


def waited_for_mail(before: Standing, down: timedelta) -> Standing:
    """Incoming mail was down for `down` in total since the reminder."""
    return before._replace(mail_down=down)


def taken_back(before: Standing, former: Standing, at: datetime) -> Standing:
    """Undoes a mistaken end: from `at` the ticket is as in `former` again. The time it was ended stays in `path`, and
    no promise counts it."""
    return former._replace(path=(*before.path, Stretch(former.status, at)), reopened_from=None)


def after_deadline(
    before: Standing, kind: DeadlineKind, at: datetime, metric: Metric | None = None, point: int = 0
) -> Standing:
    """The automatic step of a deadline was carried out at `at`. `metric` and `point` are those of the alert.

    Raises ValueError for a warning, breach or escalation without a metric.
    """
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
    """The ticket is snoozed until `until`; None ends the snooze."""
    return before._replace(snoozed_until=until)


def reprioritised(before: Standing, priority: Priority) -> Standing:
    """The priority changes, and the targets with it. Alerts already given are not given again."""
    return before._replace(priority=priority)


def _answer(before: Standing, at: datetime) -> dict[str, Any]:
    return {
        "replied_at": before.replied_at or at,
        "waits_since": None,
        "alerts": _kept(before),
        "reopened_from": None,
    }


def _kept(before: Standing) -> tuple[Alert, ...]:
    # Each message has its own promise of a next reply, so those alerts may come again; all others come once per ticket.
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
        "reopened_from": None,
    }
    return before._replace(**left | further)


def _without(before: Standing, kind: DeadlineKind) -> tuple[Override, ...]:
    return tuple(each for each in before.overrides if each.kind is not kind)
