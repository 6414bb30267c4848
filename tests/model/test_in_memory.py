"""Any life, lived by intake's rules and the workflow's alarm, goes as the reference model says it does."""

from random import Random

from hypothesis import example, given
from hypothesis import strategies as st

from services.contract.vocabulary import DeadlineKind, Status
from services.promises.deadlines import quiet_until
from services.promises.policy import Promises
from tests.frozen.chance import drawn
from tests.model.acts import QUARTER, Act, instant, quarter_of
from tests.model.desk import LivedDesk
from tests.model.lives import NUMBER, POLICIES, Life, Step, asked_twice_at_once, ends_at, happens, lives
from tests.model.reference import GENTLEST_FIRST, Reference
from tests.properties import unhurried
from tests.workflows.clockwork import Clockwork

NOBODY_COMES = 60 * 96
"""Quarters at the end of each life in which nobody touches the ticket."""
POLICIES_DRAWN = 50
"""Enough for each promise to be another than the usual one in some of them."""
_NOT_ENDED = {Status.NEW, Status.OPEN, Status.PENDING, Status.PARKED}
AUTOMATIC_IN = {
    DeadlineKind.REMINDER: {Status.PENDING},
    DeadlineKind.CLOSURE: {Status.PENDING},
    DeadlineKind.SURVEY: {Status.SOLVED},
    DeadlineKind.FINALISATION: {Status.SOLVED},
    DeadlineKind.SNOOZE: _NOT_ENDED,
    DeadlineKind.WARNING: _NOT_ENDED,
    DeadlineKind.BREACH: _NOT_ENDED,
    DeadlineKind.ESCALATION: _NOT_ENDED,
}
"""What may come by itself in which status: nothing moves a parked ticket, nothing at all comes to a closed one."""


def test_the_model_knows_every_kind_of_deadline_and_its_tickets_live_under_every_promise() -> None:
    assert set(GENTLEST_FIRST) == set(AUTOMATIC_IN) == set(DeadlineKind)
    usual, policies = Promises(), [drawn(POLICIES, seed) for seed in range(POLICIES_DRAWN)]
    varied = {name for name in Promises.model_fields for one in policies if getattr(one, name) != getattr(usual, name)}
    assert varied == set(Promises.model_fields)


@unhurried
@given(lives())
def test_every_automatic_act_comes_at_the_quarter_the_model_says(life: Life) -> None:
    reference, clock, desk = _opened(life)
    for step in life.steps:
        at = ends_at(step, reference)
        taken = happens(step, reference, at)
        clock.passes(instant(at) - clock.now)
        assert _suffers(clock, desk, step, at) == taken, step
        _delivers(clock)
        _agree(reference, desk)
    reference.stopped = False
    clock.recovers()
    reference.passes(reference.now + NOBODY_COMES)
    clock.passes(NOBODY_COMES * QUARTER)
    _agree(reference, desk)


@unhurried
@given(lives(), st.randoms(use_true_random=False))
def test_whatever_becomes_of_signals_the_clock_does_only_what_the_model_has_due_and_in_the_end_all_of_it(
    life: Life, chance: Random
) -> None:
    reference, clock, desk = _opened(life)
    for step in life.steps:
        at = ends_at(step, reference)
        clock.passes(instant(at) - clock.now)
        _follows(reference, desk, at)
        taken = _suffers(clock, desk, step, at)
        assert reference.does(step.happens) == taken if isinstance(step.happens, Act) else taken
        _distrusts(clock, chance)
        _follows(reference, desk, at)
    clock.recovers()
    clock.hears(desk.snapshot)
    end = reference.now + NOBODY_COMES
    clock.passes(instant(end) - clock.now)
    _follows(reference, desk, end)
    _agree(reference, desk)
    assert not [due for due in desk.coming if due.at <= end]


@unhurried
@given(lives())
@example(asked_twice_at_once())
def test_each_deadline_is_met_once_and_only_where_something_is_automatic(life: Life) -> None:
    reference, clock, desk = _opened(life)
    for step in life.steps:
        at = ends_at(step, reference)
        happens(step, reference, at)
        clock.passes(instant(at) - clock.now)
        _suffers(clock, desk, step, at)
        _delivers(clock)
    clock.recovers()
    clock.passes(NOBODY_COMES * QUARTER)
    met = [entry.line.facts() for _, entry in desk.clocks_entries if entry.type == "deadline_met"]
    assert _met_twice(desk) == []
    for each in met:
        assert each["from"] in AUTOMATIC_IN[each["deadline"]]
        assert each["met_at"] >= each["due_at"]


def _met_twice(desk: LivedDesk) -> list[tuple[object, ...]]:
    """The deadlines met twice. Each belongs to one wait for the requester: where the reminder comes after no time at
    all, asking twice in a quarter rightly reminds twice in it."""
    waits, met = 0, []
    for _, entry in desk.history:
        waits += entry.type == "kept_open" or bool(entry.line.facts().get("asks"))
        if entry.type == "deadline_met":
            met.append((waits, *(entry.line.facts()[name] for name in ("deadline", "metric", "point", "due_at"))))
    return [each for each in set(met) if met.count(each) > 1]


def _opened(life: Life) -> tuple[Reference, Clockwork, LivedDesk]:
    desk = LivedDesk(NUMBER, life.policy, life=life)
    clock, reference = Clockwork(desk, instant(life.opened)), life.reference()
    _delivers(clock)
    _agree(reference, desk)
    return reference, clock, desk


def _suffers(clock: Clockwork, desk: LivedDesk, step: Step, at: int) -> bool:
    match step.happens:
        case Act() as act:
            return desk.gives(act, at)
        case "stops":
            clock.down = True
        case "goes on":
            clock.recovers()
        case "starts afresh":
            clock.starts_afresh()
    return True


def _delivers(clock: Clockwork) -> None:
    while clock.desk.wire:
        clock.hears(clock.desk.wire.pop(0))


def _distrusts(clock: Clockwork, chance: Random) -> None:
    """Signals stay on their way, come in any order, get lost or come twice; answers get lost."""
    wire = clock.desk.wire
    for _ in range(chance.randrange(3)):
        if wire:
            place = chance.randrange(len(wire))
            match chance.choice(("comes", "comes", "comes twice", "gets lost")):
                case "comes":
                    clock.hears(wire.pop(place))
                case "comes twice":
                    clock.hears(wire[place])
                case _:
                    wire.pop(place)
    clock.answers_to_lose = chance.choice((0, 0, 0, 2))


def _follows(reference: Reference, desk: LivedDesk, at: int) -> None:
    """The model does what the clock did meanwhile, if it has that due as well."""
    for since, entry in desk.news():
        reference.lives_until(quarter_of(since))
        kind, metric, point = (entry.line.facts().get(name) for name in ("deadline", "metric", "point"))
        found = [due for due in reference.coming() if due[1:] == (kind, metric, point or 0) and due.at <= reference.now]
        assert len(found) == 1, entry
        reference.meets(found[0])
    reference.lives_until(at)
    _agree(reference, desk)


def _agree(reference: Reference, desk: LivedDesk) -> None:
    assert desk.acts == reference.acts
    assert desk.coming == reference.coming()
    assert not desk.coming or quiet_until(desk.ticket.standing, desk.ticket.policy) <= instant(desk.coming[0].at)
    assert (desk.ticket.status, desk.ticket.closed_reason) == (reference.status, reference.reason)
