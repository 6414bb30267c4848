"""The policies of recorded lives by their version, as they were pinned and as a change makes them. Pure."""

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
"""Promises that are about one status; the others are about every ticket that is not closed."""


class Pinned(dict[str, Policy]):
    """Policies by version, each read from its kept body when it is first wanted. Equal calendars are one object, so
    that what is worked out for one of them is found at once for all."""

    def __init__(self, bodies: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__()
        self._bodies = bodies
        self._calendars: dict[Calendar, Calendar] = {}

    def __missing__(self, version: str) -> Policy:
        if version not in self._bodies:
            raise Permanent(f"The policy {version} is pinned by a ticket, but not kept: its promises are not known.")
        return self.keep(Policy.model_validate({**self._bodies[version], "version": version}))

    def keep(self, policy: Policy) -> Policy:
        """The policy, to be found by its version from now on."""
        calendar = self._calendars.setdefault(policy.calendar, policy.calendar)
        self[policy.version] = kept = policy.model_copy(update={"calendar": calendar})
        return kept


class Changed(dict[str, Policy]):
    """The policies instead of the pinned ones, by the versions of those; the same objects where nothing changes.

    `parting` says of each version in which statuses the two lives of a ticket may part: one that never had any of them
    lives the same life under both.
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
