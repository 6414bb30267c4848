"""Policies: which target counts for a priority, and versions that name their content."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from services.contract.vocabulary import Metric, Priority
from services.promises.policy import STANDARD, Escalation, Policy, Target
from services.promises.working_time import Span

HOUR = timedelta(hours=1)
FOUR, EIGHT = Span(length=4 * HOUR), Span(length=8 * HOUR)


@pytest.mark.parametrize("turned", [False, True])
def test_a_priority_has_its_own_target_or_everybodys_or_none(turned: bool) -> None:
    targets = (
        Target(metric=Metric.RESOLUTION, within=EIGHT),
        Target(metric=Metric.RESOLUTION, within=FOUR, priority=Priority.HIGH),
        Target(metric=Metric.FIRST_REPLY, within=FOUR, priority=Priority.LOW),
    )
    policy = Policy(targets=targets[::-1] if turned else targets)
    assert policy.target(Metric.RESOLUTION, Priority.HIGH) == FOUR
    assert policy.target(Metric.RESOLUTION, Priority.LOW) == EIGHT
    assert policy.target(Metric.FIRST_REPLY, Priority.LOW) == FOUR
    assert policy.target(Metric.FIRST_REPLY, Priority.HIGH) is None
    assert policy.target(Metric.NEXT_REPLY, Priority.LOW) is None


def test_the_same_promises_have_the_same_version_and_others_another() -> None:
    policy = Policy().pinned(STANDARD)
    assert policy.version.startswith("standard-")
    assert len(policy.version) == len("standard-") + 8
    assert policy.pinned(STANDARD) == policy == Policy.model_validate_json(policy.model_dump_json())
    assert hash(policy) == hash(policy.pinned(STANDARD))
    assert policy.pinned("acme").version[-8:] == policy.version[-8:]
    assert Policy(survey=False).pinned(STANDARD).version != policy.version
    assert Policy(version="other").pinned(STANDARD) == policy


def test_a_kept_policy_is_read_also_where_a_newer_balie_promises_more() -> None:
    policy = Policy(survey=False).pinned(STANDARD)
    kept = {**policy.model_dump(mode="json"), "levitation_after": {"length": "P3D"}}
    assert Policy.kept(kept) == policy
    with pytest.raises(ValidationError):
        Policy.model_validate(kept)  # what people write down is still refused if it is mistaken


def test_a_policy_without_a_version_is_told_from_others_by_its_content() -> None:
    assert hash(Policy()) == hash(Policy())
    assert hash(Policy()) != hash(Policy(survey=False))


def test_an_escalation_comes_after_the_breach() -> None:
    with pytest.raises(ValidationError):
        Escalation(after=-HOUR)
