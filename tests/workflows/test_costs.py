"""What a ticket's life costs on Temporal, counted on the time-skipping server and held."""

import pytest

from tests.workflows.costs import actions, events
from tests.workflows.shapes import SHAPES, lived

HELD = {"typical": (53, 11), "silent": (32, 6), "reopened": (45, 9), "chatty": (194, 47)}
"""At most these events and actions: what they cost when this was written."""


@pytest.mark.parametrize("name", HELD)
async def test_a_life_costs_no_more_than_it_did(name: str) -> None:
    (run,) = await lived(SHAPES[name])

    cost = events(run), actions(run)

    print(f"{name}: {cost[0]} events, {cost[1]} actions")
    assert (cost[0] <= HELD[name][0], cost[1] <= HELD[name][1]) == (True, True), cost
