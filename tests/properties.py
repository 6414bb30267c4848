"""Settings for property tests: without time limits, so that a busy machine does not make them fail."""

import os

from hypothesis import HealthCheck, Phase, settings

FEW = os.environ.get("BALIE_TEST_EXAMPLES")
"""How many examples each property is tried on. `make mutate` takes few: it runs the tests for every mutation it makes,
and only needs to know whether one fails."""
unhurried = settings(
    deadline=None,
    max_examples=int(FEW or "100"),
    phases=(Phase.explicit, Phase.generate) if FEW else tuple(Phase),
    suppress_health_check=[HealthCheck.too_slow],
)
"""The decorator for tests with `@given`."""
