"""Puts evidence into words: why the clock acted when it did, from the facts `evidence.py` keeps. Pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta

from babel.dates import format_date

from services.contract import wording
from services.contract.vocabulary import DeadlineKind, Status
from services.intake.history.teller import LineFacts, Teller
from services.promises.policy import Policy
from services.promises.working_time import Counted

ON_TIME = timedelta(minutes=1)
"""A deadline met less than this before or after its due time counts as on time."""
_SPANS = {
    DeadlineKind.REMINDER: lambda policy: policy.reminder_after,
    DeadlineKind.CLOSURE: lambda policy: policy.closure_after,
    DeadlineKind.SURVEY: lambda policy: policy.survey_after,
    DeadlineKind.FINALISATION: lambda policy: policy.finalisation_after,
}
DAYS_NAMED_MAX = 6
"""More days off than this are given as a number, not named one by one."""


def punctual(t: Teller, facts: LineFacts) -> str:
    """Says whether a deadline was met early, on time or late, and by how much."""
    late = datetime.fromisoformat(facts["met_at"]) - datetime.fromisoformat(facts["due_at"])
    if late <= -ON_TIME:
        return t.say("early", early=t.length(-late))
    return t.say("on_time") if late < ON_TIME else t.say("late", late=t.length(late))


def reasons(
    t: Teller, kind: DeadlineKind, metric: str | None, because: Collection[LineFacts], policy: str
) -> list[str]:
    """What the due time is made of, in words; `because` is the list that `evidence.evidence` makes.

    Pauses of one status are added up. Where the calendar of `policy` (a version) decided in another zone than the
    reader's, that zone is named.
    """
    said: list[str] = []
    paused: dict[str, timedelta] = {}
    for each in because:
        match each["reason"]:
            case "counted_from":
                said.append(t.say(f"counted_from.{metric or kind}", at=t.short(each["at"])))
            case "paused":
                length = datetime.fromisoformat(each["to"]) - datetime.fromisoformat(each["from"])
                paused[each["status"]] = paused.get(each["status"], timedelta(0)) + length
            case "days_off":
                said += [*_pauses(t, paused), _days_off(t, [date.fromisoformat(day) for day in each["days"]])]
                paused = {}
            case "moved":
                said.append(t.say("was_moved", at=t.short(each["to"])))
            case "late_reminder" | "mail_down" as reason:
                said.append(t.say(reason, length=t.length(timedelta(seconds=float(each["seconds"])))))
    return said + _pauses(t, paused) + _calendar(t, kind, metric, because, policy)


def policies_named(lines: Iterable[LineFacts]) -> frozenset[str]:
    """The versions of the policies that these lines of history name, for `Teller.policies`."""
    names = (line.get(name) for line in lines for name in ("policy", "policy_before"))
    return frozenset(name for name in names if name)


def calendar_zone(t: Teller, policy: str) -> str | None:
    """The zone of this policy's calendar, where it is another than the reader's; None where it is not known."""
    known = t.policies.get(policy)
    return known.calendar.zone if known and known.calendar.zone != t.zone else None


def calendars(t: Teller, *policies: str) -> list[str]:
    """The zones of these policies' calendars, as one part of a sentence, where one is another than the reader's."""
    zones = list(dict.fromkeys(t.policies[policy].calendar.zone for policy in policies if policy in t.policies))
    return [t.say("counted_in", zone=" → ".join(zones))] if set(zones) - {t.zone} else []


def _calendar(
    t: Teller, kind: DeadlineKind, metric: str | None, because: Collection[LineFacts], policy: str
) -> list[str]:
    zone, told = calendar_zone(t, policy), {each["reason"] for each in because}
    if zone is None or "counted_from" not in told:
        return []
    decided = "days_off" in told or _counts_working_time(t.policies[policy], kind, metric)
    return [t.say("counted_in", zone=zone)] if decided else []


def _counts_working_time(policy: Policy, kind: DeadlineKind, metric: str | None) -> bool:
    # The priority it had is not told: only if every priority's promise counts working time did this one, for certain.
    spans = [each.within for each in policy.targets if each.metric == metric] if metric else [_SPANS[kind](policy)]
    return bool(spans) and all(span.counted is Counted.WORKING for span in spans)


def _pauses(t: Teller, paused: Mapping[str, timedelta]) -> list[str]:
    return [
        t.say("paused", length=t.length(length), status=t.say(f"while.{Status(status)}"))
        for status, length in paused.items()
    ]


def _days_off(t: Teller, days: list[date]) -> str:
    if len(days) > DAYS_NAMED_MAX:
        return t.say("days_counted", count=len(days))
    named = [format_date(day, "EEE d", wording.locale_of(t.language)) for day in days]
    return t.say("days_off" if len(days) > 1 else "day_off", days=t.listed(named))


def reasoned(t: Teller, what: str, because: Iterable[str]) -> str:
    """A sentence with the statement `what` and its reasons, if there are any."""
    reasons = ", ".join(because)
    return t.say("reasoned", what=what, because=reasons) if reasons else t.say("stated", what=what)
