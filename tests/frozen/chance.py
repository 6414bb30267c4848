"""Draws examples from Hypothesis's strategies by a seed: one seed gives the same in every process and commit."""

from contextlib import suppress
from random import Random
from typing import Any, TypeVar

from hypothesis.control import BuildContext
from hypothesis.errors import StopTest
from hypothesis.internal.conjecture.data import ConjectureData
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.strategies import SearchStrategy

Drawn = TypeVar("Drawn")
TRIES_MAX = 100


def drawn(strategy: SearchStrategy[Drawn], seed: int) -> Drawn:
    """The example that the strategy gives for this seed. Raises RuntimeError if it gives none in `TRIES_MAX` tries."""
    chance = Random(seed)  # noqa: S311 - for a repeatable choice, not a secret one
    for _ in range(TRIES_MAX):
        data = ConjectureData(random=chance, provider=_Plain)
        # The example was too large or filtered out: try another one.
        with suppress(StopTest), BuildContext(data, wrapped_test=drawn):
            return data.draw(strategy)
    raise RuntimeError(f"Seed {seed} draws nothing.")


class _Plain(HypothesisProvider):
    """Hypothesis's provider without the constants that it collects from our sources: they change when code moves."""

    def _maybe_draw_constant(self, *_: Any, **__: Any) -> None:
        return None
