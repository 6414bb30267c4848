"""How property tests run here: as long as the machine needs. A busy machine is no failure."""

import os

from hypothesis import HealthCheck, Phase, settings

FEW = os.environ.get("BALIE_TEST_EXAMPLES")
"""How many examples each property is tried on; `make mutate` takes few, for it tries each one on every change it makes,
and wants to know only whether one fails."""
unhurried = settings(
    deadline=None,
    max_examples=int(FEW or "100"),
    phases=(Phase.explicit, Phase.generate) if FEW else tuple(Phase),
    suppress_health_check=[HealthCheck.too_slow],
)
"""Decorates a test that has `@given`."""
