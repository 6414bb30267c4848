"""Any life, lived by intake's rules and the workflow's alarm, goes as the reference model says it does."""

from datetime import timedelta

from hypothesis import given

from tests.model.acts import Act, instant
from tests.model.desk import LivedDesk
from tests.model.lives import NUMBER, Life, ends_at, happens, lives
from tests.model.reference import Reference
from tests.properties import unhurried
from tests.workflows.clockwork import Clockwork

NOBODY_COMES = 60 * 96
"""Quarters at the end of each life in which nobody touches the ticket."""


@unhurried
@given(lives())
def test_every_automatic_act_comes_at_the_quarter_the_model_says(life: Life) -> None:
    reference, desk = life.reference(), LivedDesk(NUMBER, life.policy, life=life)
    clock = Clockwork(desk, instant(life.opened))
    _delivers(clock)
    _agree(reference, desk)
    for step in life.steps:
        at = ends_at(step, reference)
        taken = happens(step, reference)
        clock.passes(instant(at) - clock.now)
        match step.happens:
            case Act() as act:
                assert desk.gives(act, at) == taken, act
            case "stops":
                clock.down = True
            case "goes on":
                clock.recovers()
            case "starts afresh":
                clock.starts_afresh()
        _delivers(clock)
        _agree(reference, desk)
    reference.stopped = False
    clock.recovers()
    reference.passes(reference.now + NOBODY_COMES)
    clock.passes(NOBODY_COMES * timedelta(minutes=15))
    _agree(reference, desk)


def _delivers(clock: Clockwork) -> None:
    while clock.desk.wire:
        clock.hears(clock.desk.wire.pop(0))


def _agree(reference: Reference, desk: LivedDesk) -> None:
    assert desk.acts == reference.acts
    assert desk.coming == reference.coming()
    assert (desk.ticket.status, desk.ticket.closed_reason) == (reference.status, reference.reason)
