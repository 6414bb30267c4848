"""What was added to a ticket while somebody was writing, a sentence each. Pure."""

from services.web.clients.records import Entry
from services.web.words import Said


def changes_since(entries: tuple[Entry, ...], seen: int, t: Said) -> list[str]:
    """What was added after the first `seen` entries: for somebody whose page is older."""
    return [_change(entry, t) for entry in entries[seen:]]


def _change(entry: Entry, t: Said) -> str:
    if entry.comment is None:
        return entry.event.sentence if entry.event else ""
    key = "history.wrote" if entry.comment.public else "history.noted"
    return t(key, who=entry.actor.name, at=t.short(entry.at))
