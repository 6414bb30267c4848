"""Puts evidence into words: why the clock acted when it did. Pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta

from babel.dates import format_date

from services.contract import wording
from services.contract.vocabulary import DeadlineKind, Metric, Status
from services.intake.history.because import Because, CountedFrom, DaysOff, LateReminder, MailDown, Moved, Paused
from services.intake.history.teller import Teller
from services.promises.policy import Policy
from services.promises.working_time import Counted

ON_TIME = timedelta(minutes=1)
"""A deadline met less than this before or after its due time counts as on time."""
DAYS_NAMED_MAX = 6
"""More days off than this are given as a number, not named one by one."""


def punctual(t: Teller, due_at: datetime, met_at: datetime) -> str:
    """Says whether a deadline was met early, on time or late, and by how much."""
    late = met_at - due_at
    if late <= -ON_TIME:
        return t.say("early", early=t.length(-late))
    return t.say("on_time") if late < ON_TIME else t.say("late", late=t.length(late))


def reasons(
    t: Teller, kind: DeadlineKind, metric: Metric | None, because: Collection[Because], policy: str
) -> list[str]:
    """What the due time is made of, in words. Pauses of one status are added up.

    Where the calendar of `policy` (a version) decided in another zone than the reader's, that zone is named.
    """
    said: list[str] = []
    paused: dict[Status, timedelta] = {}
    for each in because:
        match each:
            case CountedFrom():
                said.append(t.say(f"counted_from.{metric or kind}", at=t.short(each.at)))
            case Paused():
                paused[each.status] = paused.get(each.status, timedelta(0)) + (each.end - each.begin)
            case DaysOff():
                said += [*_pauses(t, paused), _days_off(t, each.days)]
                paused = {}
            case Moved():
                said.append(t.say("was_moved", at=t.short(each.to)))
            case LateReminder() | MailDown():
                said.append(t.say(each.reason, length=t.length(timedelta(seconds=each.seconds))))
    return said + _pauses(t, paused) + _calendar(t, kind, metric, because, policy)


def calendars(t: Teller, *policies: str) -> list[str]:
    """The zones of these policies' calendars, as one part of a sentence, where one is another than the reader's."""
    zones = list(dict.fromkeys(t.policies[policy].calendar.zone for policy in policies if policy in t.policies))
    return [t.say("counted_in", zone=" → ".join(zones))] if set(zones) - {t.zone} else []


def _calendar(
    t: Teller, kind: DeadlineKind, metric: Metric | None, because: Collection[Because], policy: str
) -> list[str]:
    known = t.policies.get(policy)
    counted = any(isinstance(each, CountedFrom) for each in because)
    if known is None or known.calendar.zone == t.zone or not counted:
        return []
    decided = any(isinstance(each, DaysOff) for each in because) or _counts_working_time(known, kind, metric)
    return [t.say("counted_in", zone=known.calendar.zone)] if decided else []


def _counts_working_time(policy: Policy, kind: DeadlineKind, metric: Metric | None) -> bool:
    # The priority it had is not told: only if every priority's promise counts working time did this one, for certain.
    spans = [each.within for each in policy.targets if each.metric is metric] if metric else [policy.step_after(kind)]
    return bool(spans) and all(span.counted is Counted.WORKING for span in spans)


def _pauses(t: Teller, paused: Mapping[Status, timedelta]) -> list[str]:
    return [
        t.say("paused", length=t.length(length), status=t.say(f"while.{status}")) for status, length in paused.items()
    ]


def _days_off(t: Teller, days: tuple[date, ...]) -> str:
    if len(days) > DAYS_NAMED_MAX:
        return t.say("days_counted", count=len(days))
    named = [format_date(day, "EEE d", wording.locale_of(t.language)) for day in days]
    return t.say("days_off" if len(days) > 1 else "day_off", days=t.listed(named))


def reasoned(t: Teller, what: str, because: Iterable[str]) -> str:
    """A sentence with the statement `what` and its reasons, if there are any."""
    reasons = ", ".join(because)
    return t.say("reasoned", what=what, because=reasons) if reasons else t.say("stated", what=what)
