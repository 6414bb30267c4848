"""An act of a person in a life that `simulate` lives again: which move it was, what it does to the standing. Pure."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

from services.promises.policy import Policy
from services.promises.standing import Standing, support_replied

ANY_MOVE = ""
"""The move of deeds that every status allows."""


class Lived(Protocol):
    """The ticket in the life that is lived again."""

    stands: Standing
    policy: Policy
    policies: Mapping[str, Policy]
    """The policies it may be re-planned to, by version."""
    former: tuple[Standing, Standing] | None
    """The ticket's standing before and after it was last ended, for taking that back."""


Act = Callable[[Lived, datetime], Standing | None]
"""Gives the ticket's standing after a deed at an instant, or None where the deed changes nothing or is impossible."""


class Deed(NamedTuple):
    """An act of a person. `move` is its name among the moves, `staff` the side that acted."""

    move: str
    staff: bool
    act: Act


Transition = Callable[[Standing, datetime], Standing]


def simply(transition: Transition) -> Act:
    """The act that is this transition of the standing, and nothing else."""
    return lambda lived, at: transition(lived.stands, at)


def perhaps_answering(transition: Transition, *, answers: bool) -> Act:
    """The act that is this transition; with a message of support (`answers`), that answers the requester first."""
    if not answers:
        return simply(transition)
    return lambda lived, at: transition(support_replied(lived.stands, at), at)


def ending(transition: Transition, *, answers: bool) -> Act:
    """The act that ends the ticket by this transition, and may be taken back."""

    def act(lived: Lived, at: datetime) -> Standing:
        before = support_replied(lived.stands, at) if answers else lived.stands
        after = transition(before, at)
        lived.former = before, after
        return after

    return act
