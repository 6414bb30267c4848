"""What history says of a met deadline adds up: its start, what was promised, and every reason why not sooner."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given

from services.contract.vocabulary import DeadlineKind, Metric
from services.intake.rules.evidence import PAUSES_MAX
from services.intake.rules.ticket import Entry
from services.promises.policy import Policy
from services.promises.working_time import Calendar, Counted, Span
from tests.model.acts import QUARTER, Act, instant, quarter_of
from tests.model.desk import LivedDesk
from tests.model.lives import NUMBER, Life, ends_at, happens, lives
from tests.model.reference import works
from tests.properties import unhurried
from tests.workflows.clockwork import Clockwork

NOTHING = timedelta(0)
CHANGES_PROMISES = {"replan", "prioritise", "take_back"}
"""What was promised before is no longer known to this test after these."""


@unhurried
@given(lives())
def test_the_reasons_given_make_up_the_instant_a_deadline_was_due(life: Life) -> None:
    reference, desk = life.reference(), LivedDesk(NUMBER, life.policy, life=life)
    clock = Clockwork(desk, instant(life.opened))
    for step in life.steps:
        if not isinstance(step.happens, Act) or step.happens.name in CHANGES_PROMISES:
            continue
        at = ends_at(step, reference)
        happens(step, reference, at)
        clock.passes(instant(at) - clock.now)
        desk.gives(step.happens, at)
        while desk.wire:
            clock.hears(desk.wire.pop(0))
    for _, entry in desk.clocks_entries:
        # Nothing but a snooze goes without its reasons: a person chose when that ends.
        if entry.type == "deadline_met" and entry.line.facts()["deadline"] != DeadlineKind.SNOOZE:
            _adds_up(entry, desk)


def _adds_up(entry: Entry, desk: LivedDesk) -> None:
    because, due = entry.line.facts()["because"], _at(entry.line.facts()["due_at"])
    more = sum((timedelta(seconds=each["seconds"]) for each in because if "seconds" in each), NOTHING)
    if because[0]["reason"] == "moved":
        assert _at(because[0]["to"]) + more == due
        return
    start, span = _at(because[0]["at"]), _promised(entry, desk)
    if span is None:
        return
    paused = [(_at(each["from"]), _at(each["to"])) for each in because if each["reason"] == "paused"]
    if len(paused) < PAUSES_MAX:
        assert _counted(start, due - more, paused, span, desk.policy.calendar) == span.length // QUARTER


def _promised(entry: Entry, desk: LivedDesk) -> Span | None:
    policy, kind = desk.policy, DeadlineKind(entry.line.facts()["deadline"])
    steps = {
        DeadlineKind.REMINDER: policy.reminder_after,
        DeadlineKind.CLOSURE: policy.closure_after,
        DeadlineKind.SURVEY: policy.survey_after,
        DeadlineKind.FINALISATION: policy.finalisation_after,
    }
    return steps.get(kind) or _of_point(entry.line.facts(), kind, policy, desk)


def _of_point(facts: dict[str, Any], kind: DeadlineKind, policy: Policy, desk: LivedDesk) -> Span | None:
    target = policy.target(Metric(facts["metric"]), desk.life.priority) if facts["metric"] else None
    if target is None:
        return None
    length = target.length
    if kind is DeadlineKind.WARNING:
        length = length * facts["point"] / 100
    if kind is DeadlineKind.ESCALATION:
        length += policy.escalations[facts["point"]].after
    return Span(length=length, counted=target.counted)


def _counted(
    start: datetime, due: datetime, paused: list[tuple[datetime, datetime]], span: Span, calendar: Calendar
) -> int:
    return sum(
        (span.counted is Counted.CALENDAR or works(calendar, quarter))
        and not any(begin <= instant(quarter) < end for begin, end in paused)
        for quarter in range(quarter_of(start), quarter_of(due))
    )


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
