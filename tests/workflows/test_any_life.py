"""Any life a ticket can have: any commands, any times, signals lost, doubled and reordered, intake failing.

Whatever happened, the last signal heals: the clock knows what the row says, no deadline was met twice or early,
and none stays unmet.
"""

import random
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.contract import Snapshot
from services.vocabulary import Status
from tests.properties import unhurried
from tests.workflows.clockwork import COMMANDS, Clockwork
from tests.workflows.life import living, server_of_our_own, well
from tests.workflows.steps import any_step, on_clockwork, on_temporal

LENGTHS = st.one_of(
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=3)),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=20)),
)
OFFSETS = st.one_of(
    st.integers(-3, 3).map(lambda milliseconds: timedelta(milliseconds=milliseconds)),
    st.integers(-90, 90).map(lambda minutes: timedelta(minutes=minutes)),
)
TIMER_ROUNDING = timedelta(milliseconds=1)
LONG_ENOUGH = timedelta(days=60)
"""For every deadline of a ticket that nobody touches any more."""


class AnyLife(RuleBasedStateMachine):
    """A ticket whose signals may be delivered in any order, twice or never."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clockwork()
        self.told: list[Snapshot] = []

    @rule(command=st.sampled_from(COMMANDS))
    def somebody_moves_the_ticket(self, command: str) -> None:
        self.clock.does(command)
        self.told += self.clock.desk.wire[-1:]

    @rule(length=LENGTHS)
    def time_passes(self, length: timedelta) -> None:
        self.clock.passes(length)

    @rule(off=OFFSETS)
    def time_passes_until_about_the_next_deadline(self, off: timedelta) -> None:
        self.clock.passes(max(_until_due(self.clock) + off, timedelta(0)))

    @precondition(lambda self: self.clock.desk.wire)
    @rule(choice=st.randoms(use_true_random=False))
    def a_signal_arrives(self, choice: random.Random) -> None:
        wire = self.clock.desk.wire
        self.clock.hears(wire.pop(choice.randrange(len(wire))))

    @precondition(lambda self: self.clock.desk.wire)
    @rule(choice=st.randoms(use_true_random=False))
    def a_signal_arrives_and_will_again(self, choice: random.Random) -> None:
        self.clock.hears(choice.choice(self.clock.desk.wire))

    @precondition(lambda self: self.clock.desk.wire)
    @rule(choice=st.randoms(use_true_random=False))
    def a_signal_is_lost(self, choice: random.Random) -> None:
        wire = self.clock.desk.wire
        wire.pop(choice.randrange(len(wire)))

    @rule()
    def intake_fails(self) -> None:
        self.clock.down = True

    @rule()
    def intake_recovers(self) -> None:
        self.clock.recovers()

    @rule(answers=st.integers(1, 3))
    def answers_get_lost(self, answers: int) -> None:
        self.clock.answers_to_lose = answers

    @rule()
    def the_run_is_continued_as_new(self) -> None:
        self.clock.starts_afresh()

    @invariant()
    def no_deadline_is_met_twice_or_early(self) -> None:
        met = self.clock.desk.met
        assert len({each.deadline for each in met}) == len(met)
        assert all(each.at >= each.deadline.due_at - TIMER_ROUNDING for each in met)
        assert all(each.told >= each.deadline.due_at for each in met)

    def teardown(self) -> None:
        self.clock.recovers()
        self.clock.hears(self.clock.desk.snapshot)
        for late in self.told:
            if self.clock.alarm is not None:
                self.clock.hears(late)
        self._agree()
        self.clock.passes(LONG_ENOUGH)
        self._agree()
        assert self.clock.desk.ticket.deadlines == ()
        self.no_deadline_is_met_twice_or_early()

    def _agree(self) -> None:
        if self.clock.alarm is None:
            assert self.clock.desk.ticket.status is Status.CLOSED
        else:
            assert self.clock.alarm.ticket == self.clock.desk.snapshot
        overdue = [each for each in self.clock.desk.ticket.deadlines if each.due_at <= self.clock.now]
        assert overdue == []


class AnyTrustyLife(RuleBasedStateMachine):
    """Every signal arrives at once and intake is always well: then every deadline is met at its very instant."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clockwork()
        self._tells()

    @rule(command=st.sampled_from(COMMANDS))
    def somebody_moves_the_ticket(self, command: str) -> None:
        self.clock.does(command)
        self._tells()

    @rule(length=LENGTHS)
    def time_passes(self, length: timedelta) -> None:
        self.clock.passes(length)

    @rule(off=OFFSETS)
    def time_passes_until_about_the_next_deadline(self, off: timedelta) -> None:
        self.clock.passes(max(_until_due(self.clock) + off, timedelta(0)))

    @invariant()
    def every_deadline_was_met_at_its_instant(self) -> None:
        met = self.clock.desk.met
        assert all(each.told == each.deadline.due_at for each in met)
        assert all(timedelta(0) <= each.told - each.at <= TIMER_ROUNDING for each in met)
        assert all(each.due_at > self.clock.now for each in self.clock.desk.ticket.deadlines)

    @invariant()
    def nothing_was_asked_in_vain(self) -> None:
        assert len(self.clock.desk.asked) == len(self.clock.desk.met)

    def _tells(self) -> None:
        for snapshot in self.clock.desk.wire:
            self.clock.hears(snapshot)
        self.clock.desk.wire.clear()


@pytest.mark.parametrize("seed", range(10))
async def test_a_random_life_goes_the_same_way_on_temporal(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same lives in every run, nothing secret
    steps = [any_step(chance) for _ in range(80)]
    clock = Clockwork()
    for step in steps:
        on_clockwork(step, clock)
    clock.recovers()
    clock.hears(clock.desk.snapshot)
    clock.passes(LONG_ENOUGH)

    async with server_of_our_own() as server, living(server) as life:
        life.desk.submits(await life.now())
        for step in steps:
            await on_temporal(step, life)
        life.before_meeting = life.after_meeting = well
        await life.signals(life.desk.snapshot)
        await life.waits(days=LONG_ENOUGH.days)
        known = await life.known()

    assert life.desk.kinds_met == clock.desk.kinds_met
    assert known == life.desk.snapshot
    assert all(each.at >= each.deadline.due_at - TIMER_ROUNDING for each in life.desk.met)


def _until_due(clock: Clockwork) -> timedelta:
    deadline = clock.desk.snapshot.next_deadline
    return deadline.due_at - clock.now if deadline else timedelta(0)


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(unhurried, max_examples=150, stateful_step_count=40)
TestAnyTrustyLife = AnyTrustyLife.TestCase
TestAnyTrustyLife.settings = settings(unhurried, max_examples=50, stateful_step_count=40)
