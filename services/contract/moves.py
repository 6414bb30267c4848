"""The moves of a ticket as everybody but intake knows them: their names, who may make them when, what they take.

`moves.json` is generated from intake's moves by `make contract`, and `make check` holds it up to date. Pure.
"""

import json
from enum import StrEnum
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

FILE = Path(__file__).with_name("moves.json")


class Shown(StrEnum):
    """As what the pages offer a move."""

    MESSAGE = "message"
    """A way to send what was written in the composer."""
    ACTION = "action"
    """An action with a form of its own, beside the composer."""
    NEWEST = "newest"
    """One click beside the newest message."""
    STEP = "step"
    """Something to do with an automatic step."""
    NOT = "not"
    """Not by itself."""


class _Public(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MoveField(_Public):
    """One thing that a move takes. `type` is that of its JSON: string, integer, boolean, array, object."""

    name: str
    type: str
    required: bool = False
    format: str = ""
    """`uuid` or `date-time`, where the string is one."""
    least: int = 0
    """The fewest characters of a text."""
    most: int | None = None
    """The most characters of a text, or entries of a list."""
    choices: tuple[str, ...] = ()


class PublicMany(_Public):
    """A command with which support makes a move on many tickets."""

    name: str
    fields: tuple[MoveField, ...] = ()
    """What it takes, which may be less than the move takes on one ticket."""


class PublicMove(_Public):
    """A move. States are statuses; `closed` with its reason, as in `closed:no_response`."""

    name: str
    staff: tuple[str, ...] = ()
    requester: tuple[str, ...] = ()
    directors: bool = False
    colleagues: bool = False
    shown: Shown = Shown.NOT
    """As what the pages offer it to support."""
    shown_requester: Shown = Shown.NOT
    """As what the pages offer it to the requester's side."""
    key: str = ""
    """The key of the desk's keyboard that makes it, or opens its form."""
    by_link: bool = False
    many: tuple[PublicMany, ...] = ()
    fields: tuple[MoveField, ...] = ()

    @property
    def words(self) -> MoveField | None:
        """The field of a message, if it takes one."""
        return next((each for each in self.fields if each.name == "text"), None)


class PublicMoves(_Public):
    """All moves that people are offered, in the order in which to offer them."""

    moves: tuple[PublicMove, ...]


@cache
def known_moves() -> dict[str, PublicMove]:
    """The moves by name, in the order in which to offer them."""
    read = PublicMoves.model_validate(json.loads(FILE.read_text(encoding="utf-8")))
    return {move.name: move for move in read.moves}


def shown_as(shown: Shown, *, requester: bool = False) -> tuple[str, ...]:
    """The names of the moves that the pages offer like this to support, or to the requester's side."""
    return tuple(
        move.name for move in known_moves().values() if (move.shown_requester if requester else move.shown) is shown
    )


def shortcuts() -> dict[str, str]:
    """The keys of the desk's keyboard that make moves, by the move's name, in the order of the moves."""
    return {move.name: move.key for move in known_moves().values() if move.key}


def link_acts() -> tuple[str, ...]:
    """The names of the moves that the links in a reminder may make."""
    return tuple(move.name for move in known_moves().values() if move.by_link)


def bulk_commands() -> dict[str, PublicMany]:
    """The commands that support may give to many tickets at once, by name, in the order in which to offer them."""
    return {many.name: many for move in known_moves().values() for many in move.many}
