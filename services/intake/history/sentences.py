"""A ticket's history as sentences: who did what; for acts of the clock also the evidence. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.contract import wording
from services.contract.event_data import Actor
from services.contract.vocabulary import Channel, DeadlineKind, Effort, Kind, Metric, Priority, Status
from services.intake.history.reasons import calendars, punctual, reasoned, reasons
from services.intake.history.teller import LineFacts, Teller

CHANGES_NAMED_MAX = 6
"""If re-planning moved more deadlines than this, the rest are given as a number."""

_INSIDE = frozenset({"policy", "because", "problem"})
"""Facts that only support may see, also on lines that are public."""


@dataclass(frozen=True)
class HistoryLine:
    """A line of history, shown between the messages. `evidence` says why the clock acted when it did."""

    sentence: str
    evidence: str = ""


def history_line(t: Teller, type_: str, actor: Actor, facts: LineFacts) -> HistoryLine:
    """The sentence for a line of the timeline, by its type and facts; with its evidence if the teller is `inside`."""
    telling = _TELL.get(type_)
    if telling is None:
        return HistoryLine(t.say("other", who=t.who(actor), type=type_))
    told = telling(t, actor, facts)
    return told if t.inside else HistoryLine(told.sentence)


def shown(facts: LineFacts, *, inside: bool) -> dict[str, Any]:
    """The facts of a line that this side may read.

    The requester's side sees neither evidence nor a problem's number, which may be another customer's ticket.
    """
    return {name: value for name, value in facts.items() if inside or name not in _INSIDE}


def _submitted(t: Teller, actor: Actor, facts: LineFacts) -> HistoryLine:
    channel = wording.channel_label(Channel(facts["channel"]), t.language)
    sentence = t.say("submitted", who=t.who(actor), channel=channel)
    original = facts.get("follow_up_of")
    return HistoryLine(t.say("follow_up", sentence=sentence, number=original) if original else sentence)


def _assigned(t: Teller, actor: Actor, facts: LineFacts) -> HistoryLine:
    name = facts.get("assignee")
    if name is None:
        return HistoryLine(t.say("unassigned", who=t.who(actor)))
    if name == actor.name:
        return HistoryLine(t.say("taken", who=name))
    return HistoryLine(t.say("assigned", who=t.who(actor), name=name))


def _team(t: Teller, actor: Actor, facts: LineFacts) -> HistoryLine:
    name = facts.get("team")
    return HistoryLine(t.say("team", who=t.who(actor), team=name) if name else t.say("no_team", who=t.who(actor)))


def _moved(t: Teller, actor: Actor, facts: LineFacts) -> HistoryLine:
    if facts.get("reopened"):
        return HistoryLine(t.say("reopened", who=t.who(actor)))
    status = Status(facts["to"])
    if not t.inside:
        return HistoryLine(t.say("status", status=wording.requester_status_label(status, t.language)))
    if facts.get("spam"):
        return HistoryLine(t.say("spam", who=t.who(actor)))
    return HistoryLine(t.say("moved", who=t.who(actor), status=wording.status_label(status, t.language)))


def _rated(t: Teller, actor: Actor, facts: LineFacts) -> HistoryLine:
    sentence = t.say("rated_good" if facts["good"] else "rated_bad", who=t.who(actor))
    return _with_words(t, sentence, facts.get("comment"))


def _parked(t: Teller, actor: Actor, facts: LineFacts) -> HistoryLine:
    workaround = t.say("with_workaround" if facts["workaround"] else "without_workaround")
    effort = t.say(f"effort.{Effort(facts['effort'])}")
    return _with_words(t, t.say("parked", who=t.who(actor), effort=effort, workaround=workaround), facts.get("note"))


def _planned(t: Teller, actor: Actor, facts: LineFacts) -> HistoryLine:
    return HistoryLine(t.say("planned", who=t.who(actor), release=facts["release"]))


def _declined(t: Teller, actor: Actor, _facts: LineFacts) -> HistoryLine:
    return HistoryLine(t.say("declined", who=t.who(actor)))


def _shipped(t: Teller, _actor: Actor, facts: LineFacts) -> HistoryLine:
    return _with_words(t, t.say("shipped", release=facts["release"]), facts.get("note"))


def _merged(t: Teller, actor: Actor, facts: LineFacts) -> HistoryLine:
    return HistoryLine(t.say("merged", who=t.who(actor), number=facts["into"]))


def _took_in(t: Teller, actor: Actor, facts: LineFacts) -> HistoryLine:
    return HistoryLine(t.say("took_in", who=t.who(actor), number=facts["merged"]))


def _shared(t: Teller, actor: Actor, facts: LineFacts) -> HistoryLine:
    return HistoryLine(t.say("shared" if facts["shared"] else "unshared", who=t.who(actor), name=facts["colleague"]))


def _prioritised(t: Teller, actor: Actor, facts: LineFacts) -> HistoryLine:
    before, after = (wording.priority_label(Priority(facts[name]), t.language) for name in ("from", "to"))
    return HistoryLine(t.say("prioritised", who=t.who(actor), before=before, after=after, reason=facts["reason"]))


def _solved_by_problem(t: Teller, _actor: Actor, facts: LineFacts) -> HistoryLine:
    return HistoryLine(t.say("solved_by_problem", number=facts["problem"]) if t.inside else t.say("solved_with_others"))


def _confirmed_solved(t: Teller, actor: Actor, _facts: LineFacts) -> HistoryLine:
    return HistoryLine(t.say("confirmed_solved", who=t.who(actor)))


def _snoozed(t: Teller, actor: Actor, facts: LineFacts) -> HistoryLine:
    if facts["until"] is None:
        return HistoryLine(t.say("unsnoozed", who=t.who(actor)))
    return HistoryLine(t.say("snoozed", who=facts.get("who") or t.who(actor), until=t.short(facts["until"])))


def _kept_open(t: Teller, actor: Actor, facts: LineFacts) -> HistoryLine:
    if facts["closes_at"] is None:
        return HistoryLine(t.say("kept_open", who=t.who(actor)))
    return HistoryLine(t.say("kept_open_until", who=t.who(actor), until=t.short(facts["closes_at"])))


def _postponed(t: Teller, actor: Actor, facts: LineFacts) -> HistoryLine:
    step, due = t.say(f"step.{DeadlineKind(facts['deadline'])}"), t.short(facts["due_at"])
    until = facts["until"]
    if facts["reason"] == "mail_down":
        down = t.length(timedelta(seconds=float(facts["down_seconds"])))
        return HistoryLine(t.say("waits_for_mail", step=step, until=t.short(until), down=down))
    if until is None:
        return HistoryLine(t.say("skipped", who=t.who(actor), step=step, due=due))
    return HistoryLine(t.say("postponed", who=t.who(actor), step=step, due=due, until=t.short(until)))


def _replanned(t: Teller, _actor: Actor, facts: LineFacts) -> HistoryLine:
    changes = facts["changes"]
    named = [_change(t, each) for each in changes[:CHANGES_NAMED_MAX]]
    if more := len(changes) - len(named):
        named.append(t.say("more_changes", count=more))
    named += calendars(t, facts["policy_before"], facts["policy"])
    policies = t.say("policies", before=facts["policy_before"], after=facts["policy"])
    return HistoryLine(t.say("replanned", because=facts["because"]), reasoned(t, policies, named))


def _change(t: Teller, change: LineFacts) -> str:
    before, after = t.short(change["before"]), t.short(change["after"])
    return t.say("change", deadline=_deadline(t, change["deadline"]), before=before, after=after)


def _deadline(t: Teller, name: str) -> str:
    """The label of a deadline by its name from `clock_rules.replan`: a kind, and perhaps a metric and a point."""
    kind, *about = name.split(" ")
    label = wording.deadline_label(DeadlineKind(kind), t.language)
    return t.say("deadline_of", deadline=label, metric=t.say(f"metric.{Metric(about[0])}")) if about else label


def _changed(t: Teller, actor: Actor, facts: LineFacts) -> HistoryLine:
    if "problem" in facts:
        key = "linked" if facts["problem"] else "unlinked"
        return HistoryLine(t.say(key, who=t.who(actor), number=facts["problem"]))
    if "added" in facts or "removed" in facts:
        tags = {key: t.listed(f"“{tag}”" for tag in facts[key]) for key in ("added", "removed") if facts.get(key)}
        parts = [t.say(key, tags=named) for key, named in tags.items()]
        return HistoryLine(t.say("changed", who=t.who(actor), what=t.listed(parts)))
    parts = []
    if "subject" in facts:
        parts.append(t.say("changed_subject", subject=facts["subject"]))
    if "kind" in facts:
        parts.append(t.say("changed_kind", kind=wording.kind_label(Kind(facts["kind"]), t.language)))
    if "product" in facts:
        parts.append(t.say("changed_product", product=facts["product"]))
    return HistoryLine(t.say("changed", who=t.who(actor), what=t.listed(parts or [t.say("changed_fields")])))


def _met(t: Teller, actor: Actor, facts: LineFacts) -> HistoryLine:
    kind, metric = DeadlineKind(facts["deadline"]), facts.get("metric")
    about = t.say(f"metric.{Metric(metric)}") if metric else ""
    by = "met" if actor.kind == "clock" else "brought_about"
    sentence = t.say(f"{by}.{kind}", who=t.who(actor), metric=about, point=facts.get("point", 0))
    under = t.say("under", due=t.short(facts["due_at"]), met=punctual(t, facts), policy=facts["policy"])
    return HistoryLine(
        sentence, reasoned(t, under, reasons(t, kind, metric, facts.get("because", []), facts["policy"]))
    )


def _with_words(t: Teller, sentence: str, words: str | None) -> HistoryLine:
    return HistoryLine(t.say("in_words", sentence=sentence, words=words) if words else sentence)


_TELL: dict[str, Callable[[Teller, Actor, LineFacts], HistoryLine]] = {
    "submitted": _submitted,
    "assigned": _assigned,
    "team": _team,
    "status_changed": _moved,
    "deadline_met": _met,
    "rated": _rated,
    "parked": _parked,
    "planned": _planned,
    "declined": _declined,
    "shipped": _shipped,
    "merged": _merged,
    "took_in": _took_in,
    "shared": _shared,
    "changed": _changed,
    "prioritised": _prioritised,
    "snoozed": _snoozed,
    "kept_open": _kept_open,
    "postponed": _postponed,
    "replanned": _replanned,
    "solved_by_problem": _solved_by_problem,
    "confirmed_solved": _confirmed_solved,
}
