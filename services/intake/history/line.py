"""The base of the lines of a ticket's history. Each kind of line is one model, in the file of the move that writes it.

Lines that several moves write are in `shared_lines.py`. Pure.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from services.contract.event_data import Actor
from services.intake.history.stored import Stored
from services.intake.history.teller import Teller


@dataclass(frozen=True)
class HistoryLine:
    """A line of history in words, shown between the messages. `evidence` says why the clock acted when it did."""

    sentence: str
    evidence: str = ""


class Line(Stored):
    """What was done, in facts that do not change with the ticket; by whom and when is written beside it."""

    TYPE: ClassVar[str]
    """The name of this kind of line in the database and the API."""
    INSIDE: ClassVar[frozenset[str]] = frozenset()
    """The facts that only support may read, also on a line that is public."""

    @abstractmethod
    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """The line in words, as done by `by`."""

    @property
    def policies(self) -> tuple[str, ...]:
        """The versions of the policies that it names."""
        return ()

    def shown(self, *, inside: bool) -> dict[str, Any]:
        """The facts that this side may read: support (`inside`), or the requester's side."""
        return {name: value for name, value in self.facts().items() if inside or name not in self.INSIDE}


class UnknownLine(Line):
    """A line that a newer version of Balie wrote: while two versions run side by side, the older one meets some."""

    TYPE: ClassVar[str] = "other"
    INSIDE: ClassVar[frozenset[str]] = frozenset({"type"})

    type: str

    def told(self, t: Teller, by: Actor) -> HistoryLine:
        """Says who wrote it, and its type."""
        return HistoryLine(t.say("other", who=t.who(by), type=self.type))


def with_words(t: Teller, sentence: str, words: str) -> HistoryLine:
    """The sentence, followed by the words somebody wrote, if any."""
    return HistoryLine(t.say("in_words", sentence=sentence, words=words) if words else sentence)
