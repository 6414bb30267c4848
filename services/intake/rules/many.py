"""What the rows of bulks keep of commands that take a message at most. Pure."""

from services.intake.history.stored import Stored
from services.intake.rules.body import Input, Text


class WordsIn(Input):
    """The message to send on every ticket, or none."""

    text: Text | None = None


class WordsKept(Stored):
    """The message to send on every ticket, or none."""

    text: str | None = None


class NothingKept(Stored):
    """Nothing."""
