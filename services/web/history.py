"""What was added to a ticket while somebody was writing, one sentence per entry. Pure."""

from services.web.clients.records import Entry
from services.web.words import Said


def changes_since(entries: tuple[Entry, ...], seen: int, t: Said) -> list[str]:
    """A sentence for each entry after the first `seen`, for somebody whose page shows only those."""
    return [_change(entry, t) for entry in entries[seen:]]


def _change(entry: Entry, t: Said) -> str:
    if entry.comment is None:
        return entry.event.sentence if entry.event else ""
    key = "history.wrote" if entry.comment.public else "history.noted"
    return t(key, who=entry.actor.name, at=t.short(entry.at))
