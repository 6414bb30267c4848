"""Seeded faults: small mistakes put into the code on purpose, each of which some test must catch.

`python -m tests.faults` seeds them one by one in a copy of the tree and runs the tests that must fail. It is the guard
of a restructuring: a rule, a consumer or a crash point that a test watched before must be watched afterwards too.
"""
