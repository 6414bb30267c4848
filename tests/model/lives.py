"""Random lives of tickets: the promises, what people do and when, and what goes wrong meanwhile."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from hypothesis import strategies as st

from services.contract.vocabulary import DeadlineKind, Metric, Priority, Status
from services.promises.policy import Escalation, Pause, Policy, Target
from services.promises.working_time import ALL_DAY, Calendar, Counted, Day, Span
from tests.model.acts import Act
from tests.model.reference import COUNTS, STEPS, Reference
from tests.promises.calendars import OFFICE_WEEK, hours

HOUR = 4
DAY = 24 * HOUR
NUMBER = 7
ZONES = (
    *("Europe/Amsterdam", "Europe/Rome", "Africa/Cairo", "America/New_York", "America/Santiago", "Asia/Kathmandu"),
    *("Australia/Lord_Howe", "Pacific/Apia", "UTC"),
)
"""Most of these zones change their clocks in the autumn of these lives."""


@dataclass(frozen=True)
class Step:
    """Time passes until some quarters after the next deadline, or after now; then something happens."""

    waits: int
    until_due: bool
    happens: Act | str
    """What a person does, or what happens to the clock: `stops`, `goes on`, `starts afresh`."""


@dataclass(frozen=True)
class Life:
    """The life of a ticket from its opening on; after the last step, nobody changes it any more."""

    policy: Policy
    priority: Priority
    opened: int
    mail_outages: tuple[tuple[int, int], ...]
    steps: tuple[Step, ...]

    def reference(self) -> Reference:
        """The reference model of this ticket, just opened."""
        return Reference(self.policy, self.priority, self.opened, self.mail_outages)


def ends_at(step: Step, reference: Reference, *, outage_max: int = 40 * DAY) -> int:
    """The quarter in which the step happens; while the clock is stopped, at most `outage_max` quarters from now."""
    coming = reference.coming()
    since = coming[0].at if step.until_due and coming else reference.now
    at = max(since + step.waits, reference.now)
    return min(at, reference.now + outage_max) if reference.stopped else at


def happens(step: Step, reference: Reference, at: int) -> bool:
    """Let the model live until `at`, and do the step; returns False if the step is a refused act."""
    reference.passes(at)
    taken = reference.does(step.happens) if isinstance(step.happens, Act) else True
    if step.happens in ("stops", "goes on"):
        reference.stopped = step.happens == "stops"
    reference.passes(reference.now)
    return taken


def spans(calendar_max: int, working_max: int, least: int = 1) -> st.SearchStrategy[Span]:
    """Spans of whole quarters, in calendar or working time; working time is shorter, because it takes longer."""

    def of(counted: Counted, most: int) -> st.SearchStrategy[Span]:
        return st.integers(least, most).map(lambda n: Span(length=n * timedelta(minutes=15), counted=counted))

    return of(Counted.CALENDAR, calendar_max) | of(Counted.WORKING, working_max)


def _targets(metric: Metric) -> st.SearchStrategy[list[Target]]:
    # Whole hours, so that 25 % of it is a whole number of quarters of an hour.
    within = st.builds(
        Span, length=st.integers(1, 40).map(lambda n: timedelta(hours=n)), counted=st.sampled_from(Counted)
    )
    others = st.lists(st.sampled_from(Priority), max_size=1)
    return st.tuples(within, within, others).map(
        lambda drawn: (
            [Target(metric=metric, within=drawn[0])]
            + [Target(metric=metric, within=drawn[1], priority=priority) for priority in drawn[2]]
        )
    )


def _flat(parts: Iterable[list[Target]]) -> tuple[Target, ...]:
    return tuple(target for part in parts for target in part)


_PAUSES = [Pause(metric=metric, status=Status(status)) for metric in Metric for status in COUNTS[metric].split()]
_WEEKS: tuple[tuple[Day, ...], ...] = (
    (ALL_DAY,) * 5 + ((),) * 2,
    OFFICE_WEEK,
    (
        (),
        (hours(0, 60), hours(22 * 60, 24 * 60)),
        (hours(90, 210),),
        (),
        (hours(480, 1080),),
        (ALL_DAY),
        (hours(0, 15),),
    ),
    ((hours(9 * 60, 17 * 60),),) * 7,
)
"""Working weeks: whole weekdays; office hours; odd hours around midnight and clock changes; every day."""
_OFF = st.frozensets(st.integers(0, 100).map(lambda day: date(2032, 9, 1) + timedelta(days=day)), max_size=6)
CALENDARS = st.builds(Calendar, zone=st.sampled_from(ZONES), week=st.sampled_from(_WEEKS), days_off=_OFF)
_ESCALATIONS = st.lists(st.integers(1, 3 * DAY), max_size=2, unique=True).map(
    lambda steps: (Escalation(), *(Escalation(after=n * timedelta(minutes=15)) for n in sorted(steps)))
)
POLICIES = st.builds(
    Policy,
    reminder_after=spans(8 * DAY, 20 * HOUR, least=0),
    closure_after=spans(16 * DAY, 40 * HOUR, least=0),
    survey_after=spans(2 * DAY, 10 * HOUR, least=0),
    finalisation_after=spans(4 * DAY, 20 * HOUR, least=0),
    survey_spread=st.just(timedelta(0)),
    survey=st.booleans(),
    targets=st.lists(st.sampled_from(Metric), unique=True, max_size=5).flatmap(
        lambda metrics: st.tuples(*(_targets(metric) for metric in metrics)).map(_flat)
    ),
    pauses=st.lists(st.sampled_from(_PAUSES), unique=True, max_size=6).map(tuple),
    warn_at=st.sets(st.sampled_from([25, 50, 75])).map(lambda percents: tuple(sorted(percents))),
    escalations=st.just(()) | _ESCALATIONS,
    calendar=CALENDARS,
).map(lambda policy: policy.pinned("random"))

_TALK = ("ask", "ask", "ask", "reply", "reply", "solve", "solve", "reopen", "park", "park", "decline", "ship", "plan")
_WORK = ("assign", "team", "note", "merge", "take_in", "spam", "tag", "change", "link_problem", "share", "take_back")
_TIMES = ("prioritise", "snooze", "snooze", "keep_open", "confirm_solved", "rate")
_MOVES = ("postpone", "postpone", "skip", "do_now")
ACTS = st.one_of(
    st.builds(Act, name=st.sampled_from(_TALK + _WORK), words=st.booleans()),
    st.builds(Act, name=st.sampled_from(("reply", "keep_open", "ask", "thank")), staff=st.booleans()),
    st.builds(Act, name=st.sampled_from(_TIMES), quarters=st.integers(0, 10 * DAY), priority=st.sampled_from(Priority)),
    st.builds(
        Act,
        name=st.sampled_from(_MOVES),
        staff=st.sampled_from((True, True, True, False)),
        step=st.sampled_from((*STEPS, *STEPS, DeadlineKind.SNOOZE, DeadlineKind.BREACH)),
        quarters=st.integers(0, 20 * DAY),
    ),
    st.builds(Act, name=st.just("replan"), policy=POLICIES),
)
TROUBLE = st.sampled_from(("stops", "goes on", "goes on", "starts afresh"))
_WAITS = st.integers(0, 3 * HOUR) | st.integers(0, 8 * DAY)
_STEPS_OF_LIFE = st.builds(Step, waits=_WAITS, until_due=st.just(False), happens=ACTS) | st.builds(
    Step, waits=st.integers(-2, 2), until_due=st.just(True), happens=ACTS | TROUBLE
)
_OTHERWISE = st.sampled_from(("note", "assign", "reply", "postpone", "snooze", "take_in"))


@st.composite
def _thanks(draw: st.DrawFn) -> list[Step]:
    """A solution, a thank-you that reopens it or not, perhaps something else, and support that takes it back."""
    mailed, between = draw(st.booleans()), draw(st.none() | _OTHERWISE)
    acts = [
        Act("solve", words=draw(st.booleans())),
        *([Act(draw(st.sampled_from(_MOVES)), step=DeadlineKind.FINALISATION, quarters=draw(st.integers(1, 4 * DAY)))]),
        Act("reply" if mailed else "thank", staff=False, words=draw(st.booleans())),
        *([Act(between, quarters=draw(st.integers(0, 3 * DAY)))] if between else []),
        Act("thank"),
    ]
    return [Step(waits=draw(st.integers(0, 12 * HOUR)), until_due=False, happens=act) for act in acts]


_PARTS = st.one_of(*[_STEPS_OF_LIFE.map(lambda step: [step])] * 9, _thanks())
"""Parts of a life: one step mostly, or a thank-you, which chance alone would hardly ever bring about."""


@st.composite
def lives(draw: st.DrawFn, *, steps_min: int = 1, steps_max: int = 25) -> Life:
    """Draws any life."""
    outages, end = [], 0
    for gap, length in draw(st.lists(st.tuples(st.integers(1, 10 * DAY), st.integers(1, 4 * DAY)), max_size=4)):
        outages.append((end + gap, end + gap + length))
        end += gap + length
    return Life(
        policy=draw(POLICIES),
        priority=draw(st.sampled_from(Priority)),
        opened=draw(st.integers(0, 60 * DAY)),
        mail_outages=tuple(outages),
        steps=tuple(step for some in draw(st.lists(_PARTS, min_size=steps_min, max_size=steps_max)) for step in some),
    )


def asked_twice_at_once() -> Life:
    """A life in which two reminders fall due at one instant, one for each question."""
    ask = Step(waits=0, until_due=False, happens=Act("ask"))
    policy = Policy(targets=(), reminder_after=Span(length=timedelta(0))).pinned("random")
    return Life(policy=policy, priority=Priority.LOW, opened=0, mail_outages=(), steps=(ask, ask))
