"""Divides a live event into PostgreSQL notifications, whose size is limited, and joins them again. Stores nothing."""

import json
from collections import OrderedDict
from collections.abc import Iterator
from uuid import uuid4

from services.contract.events import Event
from services.messaging.handling import parse

LIVE_CHANNEL = "balie_live"
PIECE_CHARACTERS = 7_900
"""NOTIFY takes 7,999 bytes. Pieces are ASCII, so a character is a byte; the other bytes are for a piece's header."""
UNFINISHED_MAX = 64
"""Most events kept whose last piece has not arrived. PostgreSQL delivers the pieces of one commit together and in
order, so more than one such event means that pieces were lost with a connection."""


def pieces(event: Event) -> Iterator[str]:
    """The payloads of the event's notifications; send all of them in one transaction."""
    body = json.dumps(event.model_dump(mode="json"), ensure_ascii=True, separators=(",", ":"))
    letter, count = uuid4().hex, -(-len(body) // PIECE_CHARACTERS)
    for number in range(count):
        # The number keeps equal pieces apart: PostgreSQL drops a notification equal to one of the same transaction.
        piece = body[number * PIECE_CHARACTERS : (number + 1) * PIECE_CHARACTERS]
        yield f"{letter}:{number}:{count}:{piece}"


class Pieces:
    """Joins the pieces of events."""

    def __init__(self) -> None:
        self._unfinished: OrderedDict[str, list[str]] = OrderedDict()

    def add(self, payload: str) -> Event | None:
        """Adds a piece; returns the event if this piece completes it, otherwise None."""
        letter, number, count, piece = payload.split(":", 3)
        got = self._unfinished.setdefault(letter, [])
        if len(got) == int(number):
            got.append(piece)
        if int(number) + 1 < int(count):
            while len(self._unfinished) > UNFINISHED_MAX:
                self._unfinished.popitem(last=False)
            return None
        del self._unfinished[letter]
        return parse("".join(got)) if len(got) == int(count) else None
