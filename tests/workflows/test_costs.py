"""What a ticket's life costs on Temporal under the desk's usual promises, counted on the time-skipping server and held.

A naive workflow (a task for each concern, an activity for each write) takes 118 events and 25 actions for the typical
life.
"""

import pytest

from tests.workflows.costs import actions, events
from tests.workflows.shapes import SHAPES, lived

pytestmark = pytest.mark.own_parts

HELD = {"typical": (45, 13), "silent": (27, 7), "reopened": (37, 10), "chatty": (194, 49)}
"""At most these events and actions."""


@pytest.mark.parametrize("name", HELD)
async def test_a_life_costs_no_more_than_it_did(name: str) -> None:
    (run,) = await lived(SHAPES[name], thrifty=True)

    cost = events(run), actions(run)

    print(f"{name}: {cost[0]} events, {cost[1]} actions")
    assert (cost[0] <= HELD[name][0], cost[1] <= HELD[name][1]) == (True, True), cost
