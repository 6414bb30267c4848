"""Replays a ticket's recorded life under other promises: people act as they did, the clock acts anew. Pure.

The acts of people come from the timeline. Those of the clock are left out and computed again, by `deadlines.next_due`
and the transitions of `services/promises/standing.py`, which `decide` uses too. Assumptions:
- People do what they did when they did it, whatever the clock does. An act that the ticket's status in the replay does
  not allow (`moves.py`) is left out, as it would have been refused. A reply to a ticket that is closed in the replay
  reopens it. A follow-up stays a ticket of its own, also where in the replay the reply would reopen the first ticket.
- The clock is punctual: it acts at the instant a deadline is due, and before a person who acts at the same instant.
- Mail outages are those known today (`Outages`), also where they were reported later than they happened.
- Older histories lack `asks`: there, a question asked while the ticket was pending already counts as a reply.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from services.contract.vocabulary import Priority
from services.intake.rules.deed import Deed
from services.intake.rules.outages import Outages
from services.intake.rules.simulation.deeds import Written, what_happened
from services.intake.rules.simulation.lives import Life
from services.promises import standing
from services.promises.policy import Policy


class Past(NamedTuple):
    """A ticket's recorded life, from its row and timeline.

    `versions`, `instants` and `lines` have one element for each line that people wrote, in order.
    """

    number: int
    opened_at: datetime
    taken_up: bool
    priority: Priority
    """The priority the ticket was opened with."""
    versions: Sequence[int]
    """The ticket version each line made. Lines of one version are one act."""
    instants: Sequence[datetime]
    lines: Sequence[Written]


def relive(past: Past, policy: Policy, policies: Mapping[str, Policy], outages: Outages, until: datetime) -> Life:
    """The ticket at `until` in the replay, with what its clock did before.

    `policy` is the one it is opened under, `policies` those it may be re-planned to, by the version in the history.
    Raises ValueError for a history that makes no sense, and every error that a look-up in `policies` raises.
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
    first, lines = 0, past.lines
    for place, version in enumerate(past.versions):
        if version != past.versions[first]:
            yield from _deed_at(past.instants[first], lines[first:place])
            first = place
    if lines:
        yield from _deed_at(past.instants[first], lines[first:])


def _deed_at(at: datetime, lines: Sequence[Written]) -> Iterator[tuple[datetime, Deed]]:
    deed = what_happened(lines)
    if deed is not None:
        yield at, deed
