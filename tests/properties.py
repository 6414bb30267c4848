"""How far tests search for an input that breaks a rule: a short way in `make test`, a long one in `make fuzz`."""

import os

from hypothesis import HealthCheck, Phase, settings

FEW = os.environ.get("BALIE_TEST_EXAMPLES")
"""How many examples each property is tried on. `make mutate` takes few: it runs the tests for every mutation it makes,
and only needs to know whether one fails. `make unit` takes few so that it is quick; `make test` tries the usual number,
and looks for the simplest example that fails."""
TIMES = int(os.environ.get("BALIE_TEST_TIMES", "1"))
"""How many times as many examples as usual every search tries: `make fuzz` sets it."""
FUZZES = TIMES > 1
"""Whether to look where no run looked before. Else searches over real parts try the same inputs each time, so that a
run that passed passes again."""


def tries(usual: int) -> int:
    """How many examples to try where `make test` tries so many."""
    return usual * TIMES


unhurried = settings(
    deadline=None,
    max_examples=int(FEW) if FEW else tries(100),
    phases=(Phase.explicit, Phase.generate) if FEW else tuple(Phase),
    suppress_health_check=[HealthCheck.too_slow],
)
"""The decorator for tests with `@given`. Without a time limit, so that a busy machine does not make them fail."""
