"""A ticket's recorded life, lived again under other promises: people act as they did, the clock acts anew. Pure.

What people did comes from the timeline, what the clock did is left out and found again by `deadlines.next_due` and the
transitions of `services/promises/standing.py`, the same that `decide` uses. Assumed is:
- People do what they did when they did it, whatever the clock does. An act that its status no longer allows
  (`moves.py`) is left out, as it would have been refused; a reply to a ticket that is closed in the other life reopens
  it. A follow-up stays a ticket of its own, even where the other life would have let the reply reopen the first.
- The clock is punctual: it acts at the instant a deadline is due, and before a person who acts at the same instant.
- Mail could not come in when `Outages` say so today, though some of it may have been noted down later.
- A question asked while the ticket waited already was noted as such only since histories keep `asks`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from services.contract.vocabulary import Priority
from services.intake.rules.outages import Outages
from services.intake.rules.simulation.deeds import what_happened
from services.intake.rules.simulation.lives import Deed, Life
from services.promises import standing
from services.promises.policy import Policy


class Past(NamedTuple):
    """What a ticket's row and timeline tell of its life. The three last are one line of the timeline each, in order;
    `marks` says what it was, as `what_happened` reads it."""

    number: int
    opened_at: datetime
    taken_up: bool
    priority: Priority
    """The one it had when it was opened."""
    versions: Sequence[int]
    """Lines of one version are one act."""
    instants: Sequence[datetime]
    marks: Sequence[str]


def relive(past: Past, policy: Policy, policies: Mapping[str, Policy], outages: Outages, until: datetime) -> Life:
    """The ticket as it stands at `until` in that life, with what its clock did before.

    `policy` is the one it is opened under, `policies` those it may be re-planned to, by the version history names.
    Raises ValueError for a history that makes no sense, and whatever `policies` raises.
    """
    opening = standing.opened(past.number, past.priority, past.opened_at, taken_up=past.taken_up)
    life = Life(opening, policy, policies, outages, past.opened_at)
    for at, deed in _deeds(past):
        if at >= until:
            break
        life.pass_until(at)
        life.suffer(deed, at)
    life.pass_until(until, inclusive=False)
    return life


def _deeds(past: Past) -> Iterator[tuple[datetime, Deed]]:
    first, marks = 0, past.marks
    for place, version in enumerate(past.versions):
        if version != past.versions[first]:
            yield from _deed_at(past.instants[first], tuple(marks[first:place]))
            first = place
    if marks:
        yield from _deed_at(past.instants[first], tuple(marks[first:]))


def _deed_at(at: datetime, marks: tuple[str, ...]) -> Iterator[tuple[datetime, Deed]]:
    deed = what_happened(marks)
    if deed is not None:
        yield at, deed
