"""How property tests run here: as long as the machine needs. A busy machine is no failure."""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("BALIE_TEST_EXAMPLES", "100"))
"""For each property; `make mutate` takes fewer, for it tries each one on every change it makes."""
unhurried = settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
"""Decorates a test that has `@given`."""
