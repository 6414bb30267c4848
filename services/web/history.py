"""A ticket's history as sentences: who did what, and for what the clock did, the evidence. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.event_data import Actor
from services.vocabulary import Status
from services.web.records import Entry
from services.web.words import Said

ON_TIME = timedelta(minutes=1)
"""A deadline met less than this after it was due was met on time, as far as a person is concerned."""


@dataclass(frozen=True)
class Happening:
    """A line between the messages. `evidence` says when it was due and under which policy."""

    sentence: str
    evidence: str = ""


def happening(entry: Entry, t: Said, *, staff: bool) -> Happening:
    """The entry, which is no comment, in a sentence for staff or for the requester's side."""
    if entry.event is None:
        raise ValueError(f"timeline entry {entry.id} is no event")
    tell = _TELL.get(entry.event.type)
    if tell is None:
        return Happening(t("history.other", who=who(entry.actor, t), type=entry.event.type))
    return tell(entry.actor, entry.event.facts, t, staff)


def who(actor: Actor, t: Said) -> str:
    """Who did it; the clock has a name of its own."""
    return t("history.clock") if actor.kind == "clock" else actor.name


def changes_since(entries: tuple[Entry, ...], seen: int, t: Said) -> list[str]:
    """What was added after the first `seen` entries, a sentence each: for somebody whose page is older."""
    return [_change(entry, t) for entry in entries[seen:]]


def _change(entry: Entry, t: Said) -> str:
    if entry.comment is None:
        return happening(entry, t, staff=True).sentence
    key = "history.wrote" if entry.comment.public else "history.noted"
    return t(key, who=who(entry.actor, t), at=t.short(entry.at))


def _submitted(actor: Actor, facts: dict[str, Any], t: Said, _staff: bool) -> Happening:
    sentence = t("history.submitted", who=who(actor, t), channel=t.channel(facts["channel"]))
    original = facts.get("follow_up_of")
    return Happening(t("history.follow_up", sentence=sentence, number=original) if original else sentence)


def _assigned(actor: Actor, facts: dict[str, Any], t: Said, _staff: bool) -> Happening:
    name = facts.get("assignee")
    if name is None:
        return Happening(t("history.unassigned", who=who(actor, t)))
    if name == actor.name:
        return Happening(t("history.taken", who=name))
    return Happening(t("history.assigned", who=who(actor, t), name=name))


def _moved(actor: Actor, facts: dict[str, Any], t: Said, staff: bool) -> Happening:
    if facts.get("reopened"):
        return Happening(t("history.reopened", who=who(actor, t)))
    if not staff:
        return Happening(t("history.status", status=t.status(Status(facts["to"]), staff=False)))
    return Happening(t("history.moved", who=who(actor, t), status=t.status(Status(facts["to"]))))


def _met(_actor: Actor, facts: dict[str, Any], t: Said, staff: bool) -> Happening:
    sentence = t(f"history.met_{facts['deadline']}")
    if not staff:
        return Happening(sentence)
    due_at, met_at = datetime.fromisoformat(facts["due_at"]), datetime.fromisoformat(facts["met_at"])
    late = met_at - due_at
    met = t("history.on_time") if late < ON_TIME else t("history.late", late=t.duration(late))
    return Happening(sentence, t("history.evidence", due=t.moment(due_at), met=met, policy=facts["policy"]))


def _rated(actor: Actor, facts: dict[str, Any], t: Said, _staff: bool) -> Happening:
    sentence = t("history.rated_good" if facts["good"] else "history.rated_bad", who=who(actor, t))
    comment = facts.get("comment")
    return Happening(t("history.rated_because", sentence=sentence, comment=comment) if comment else sentence)


_TELL = {
    "submitted": _submitted,
    "assigned": _assigned,
    "status_changed": _moved,
    "deadline_met": _met,
    "rated": _rated,
}
