"""How property tests run here: as long as the machine needs. A busy machine is no failure."""

from hypothesis import HealthCheck, settings

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Decorates a test that has `@given`."""
