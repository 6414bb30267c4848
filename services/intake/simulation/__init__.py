"""Simulation over a database; what it counts by is pure and lies in `services/intake/rules/simulation/`."""
