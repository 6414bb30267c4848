"""Steps of a random life, taken the same way by the clockwork and on the time-skipping server."""

import random
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from services.contract import MeetDeadline, Snapshot
from services.errors import MoveRefused
from tests.workflows.clockwork import COMMANDS, Clockwork
from tests.workflows.life import Life, Trouble, away, failure, well

SETTLES = timedelta(minutes=6)
"""After each step: longer than Temporal waits between two tries of an activity."""
VERBS = (
    *("does",) * 6,
    *("delivers",) * 8,
    *("passes",) * 3,
    *("doubles", "loses", "fails", "recovers", "recovers", "loses_answers"),
)
LIKELY = (*COMMANDS, "asks", "asks", "asks", "replies", "replies")
"""More questions than solutions: a finalised ticket has no more to tell."""


@dataclass(frozen=True)
class Step:
    """What happens next. Not every verb needs every part."""

    verb: str
    command: str
    hours: int
    place: int
    """Which signal on the wire, counted around it."""


def any_step(chance: random.Random) -> Step:
    """Days and signals as chance has it."""
    return Step(chance.choice(VERBS), chance.choice(LIKELY), chance.randrange(1, 24 * 12), chance.randrange(100))


def on_clockwork(step: Step, clock: Clockwork) -> None:
    """Take the step without a server."""
    match step.verb:
        case "does":
            clock.does(step.command)
        case "passes":
            clock.passes(timedelta(hours=_hours(step, down=clock.down)))
        case "fails":
            clock.down = True
        case "recovers":
            clock.recovers()
        case "loses_answers":
            clock.answers_to_lose = 1
        case _:
            for snapshot in _taken(step, clock.desk.wire):
                clock.hears(snapshot)
    clock.passes(SETTLES)


async def on_temporal(step: Step, life: Life) -> None:
    """Take the step on the server."""
    match step.verb:
        case "does":
            with suppress(MoveRefused):
                getattr(life.desk, step.command)(await life.now())
        case "passes":
            await life.waits(hours=_hours(step, down=life.before_meeting is away))
        case "fails":
            life.before_meeting = away
        case "recovers":
            life.before_meeting = life.after_meeting = well
        case "loses_answers":
            life.after_meeting = _lost_once(life)
        case _:
            for snapshot in _taken(step, life.desk.wire):
                await life.signals(snapshot)
    await life.waits(minutes=SETTLES / timedelta(minutes=1))


def _hours(step: Step, *, down: bool) -> int:
    # Every hour that intake is down costs the server a dozen tries.
    return min(step.hours, 12) if down else step.hours


def _taken(step: Step, wire: list[Snapshot]) -> list[Snapshot]:
    """What of the wire arrives at the clock."""
    if not wire:
        return []
    place = step.place % len(wire)
    match step.verb:
        case "delivers":
            return [wire.pop(place)]
        case "doubles":
            return [wire[place], wire[place]]
        case "loses":
            wire.pop(place)
            return []
        case verb:
            raise ValueError(f"no step {verb!r}")


def _lost_once(life: Life) -> Trouble:
    async def lost(_: MeetDeadline) -> None:
        life.after_meeting = well
        raise failure("the answer got lost on its way")

    return lost
