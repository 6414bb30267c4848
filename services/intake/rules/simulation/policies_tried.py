"""The policies that a simulation compares, by version: as tickets are pinned to them, and as changed. Pure."""

from collections.abc import Mapping
from typing import Any

from services.contract.errors import Permanent
from services.contract.vocabulary import Status
from services.intake.rules.simulation.policy_change import PolicyChange
from services.promises.policy import Policy, Promises
from services.promises.working_time import Calendar

_ONLY_WHILE = {
    "reminder_after": Status.PENDING,
    "closure_after": Status.PENDING,
    "survey_after": Status.SOLVED,
    "survey_spread": Status.SOLVED,
    "survey": Status.SOLVED,
    "finalisation_after": Status.SOLVED,
}
"""Promises that matter in one status only. The others matter for every ticket that is not closed."""


class Pinned(dict[str, Policy]):
    """Policies by version, each parsed from its stored body at the first look-up.

    Looking up an unknown version raises Permanent. Equal calendars become one object, so that what was computed for one
    of them is found in the caches for all.
    """

    def __init__(self, bodies: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__()
        self._bodies = bodies
        self._calendars: dict[Calendar, Calendar] = {}

    def __missing__(self, version: str) -> Policy:
        if version not in self._bodies:
            raise Permanent(f"The policy {version} is pinned by a ticket, but not kept: its promises are not known.")
        return self.keep(Policy.kept({**self._bodies[version], "version": version}))

    def keep(self, policy: Policy) -> Policy:
        """Store the policy under its version, and return it with its calendar shared."""
        calendar = self._calendars.setdefault(policy.calendar, policy.calendar)
        self[policy.version] = kept = policy.model_copy(update={"calendar": calendar})
        return kept


class Changed(dict[str, Policy]):
    """The changed policies, by the version of the pinned policy each replaces; unchanged ones are the pinned objects.

    `parting` gives, by version, the statuses in which the change can make a difference. A ticket that never had one of
    these statuses lives the same under both policies, so it is replayed once only.
    """

    def __init__(self, pinned: Pinned, change: PolicyChange) -> None:
        super().__init__()
        self._pinned, self._change = pinned, change
        self._calendars: dict[Calendar, Calendar] = {}
        self.parting: dict[str, frozenset[Status]] = {}

    def __missing__(self, version: str) -> Policy:
        known = self._pinned[version]
        policy = self._change.policy(known)
        if policy is not known:
            calendars = self._calendars
            for calendar in (known.calendar, policy.calendar):
                calendars.setdefault(calendar, calendar)
            policy = policy.model_copy(update={"calendar": calendars[policy.calendar]})
        self[version], self.parting[version] = policy, _parting(known, policy)
        return policy


def _parting(one: Policy, other: Policy) -> frozenset[Status]:
    changed = [name for name in Promises.model_fields if getattr(one, name) != getattr(other, name)]
    if one.calendar != other.calendar or not _ONLY_WHILE.keys() >= set(changed):
        return frozenset(Status)
    return frozenset(_ONLY_WHILE[name] for name in changed)
