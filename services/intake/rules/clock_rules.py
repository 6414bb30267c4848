"""Rules of the clock: meeting deadlines, and what people may do to the automatic steps. Pure."""

from datetime import datetime, timedelta

from services.contract.errors import Invalid
from services.contract.event_data import Actor, EventData
from services.contract.events import (
    SlaBreached,
    SlaEscalated,
    SlaWarned,
    TicketPostponed,
    TicketReminderDue,
    TicketSnoozeEnded,
    TicketSurveyDue,
)
from services.contract.limits import POSTPONED_MAX, SNOOZED_MAX
from services.contract.temporal import Deadline
from services.contract.vocabulary import STEPS, DeadlineKind
from services.intake.rules.commands import DoNow, KeepOpen, Meet, Postpone, Replan, Skip, Snooze
from services.intake.rules.decision import due, moved, next_version
from services.intake.rules.evidence import evidence
from services.intake.rules.moves import must_allow
from services.intake.rules.ticket import CLOCK, Decision, Entry, Ticket
from services.promises import standing
from services.promises.sla import reached_at

REQUESTERS_STEPS = frozenset({DeadlineKind.CLOSURE})


def deadline_due(command: Meet, ticket: Ticket, now: datetime) -> Decision:
    """Carry out a deadline that the clock says is due. Closing waits while mail could not come in."""
    deadline = command.deadline
    # Not due any more, or already met: the clock ran on an older snapshot. There is nothing to do; this is no error.
    if deadline not in ticket.deadlines or now < deadline.due_at:
        return Decision(ticket)
    if deadline.kind is DeadlineKind.CLOSURE and command.mail_down > ticket.standing.mail_down:
        return _wait_for_mail(ticket, deadline, command.mail_down, now)
    return _carry_out(ticket, deadline, CLOCK, now)


def do_now(command: DoNow, ticket: Ticket, now: datetime) -> Decision:
    """Carry out an automatic step now instead of waiting for it. Raises Invalid where it is not coming."""
    must_allow(ticket, "do_now", staff=True)
    return _carry_out(ticket, _coming(ticket, command.kind), command.by, now)


def skip(command: Skip, ticket: Ticket, now: datetime) -> Decision:
    """Cancel an automatic step. Raises Invalid where it is not coming."""
    must_allow(ticket, "skip", staff=True)
    deadline = _coming(ticket, command.kind)
    return _moved_step(ticket, deadline, None, command.by, now, "skipped")


def postpone(command: Postpone, ticket: Ticket, now: datetime) -> Decision:
    """Move an automatic step to another time; a requester may move only the closing of their ticket.

    Moving it to the same time again changes nothing. Raises Invalid for a step that is not coming or that the person
    may not move, and for a time in the past or more than `POSTPONED_MAX` ahead.
    """
    staff = not ticket.is_requesters(command.by)
    must_allow(ticket, "postpone", staff=staff)
    if not staff and command.kind not in REQUESTERS_STEPS:
        raise Invalid(f"Only support may move the {command.kind}; you may move the closure.")
    if not now < command.until <= now + POSTPONED_MAX:
        raise Invalid("Give an instant in the coming year.")
    deadline = _coming(ticket, command.kind)
    # An equal date is not enough: without an override, the step would still move when the promises change.
    if deadline.due_at == command.until and standing.Override(command.kind, command.until) in ticket.standing.overrides:
        return Decision(ticket)
    return _moved_step(ticket, deadline, command.until, command.by, now, "asked")


def keep_open(command: KeepOpen, ticket: Ticket, now: datetime) -> Decision:
    """Start the wait for the requester again: the times until reminder and closing count from `now`."""
    staff = not ticket.is_requesters(command.by)
    must_allow(ticket, "keep_open", staff=staff)
    after = next_version(ticket, now, standing.kept_open(ticket.standing, now))
    until = due(after, DeadlineKind.CLOSURE)
    event = TicketPostponed(
        ticket=after.facts(), by=command.by, step=DeadlineKind.CLOSURE, until=until, reason="kept_open"
    )
    was = due(ticket, DeadlineKind.CLOSURE)
    facts = {"closes_at": _iso(until), "closed_at_before": _iso(was)}
    return Decision(after, (event,), (Entry("kept_open", command.by, facts),))


def snooze(command: Snooze, ticket: Ticket, now: datetime) -> Decision:
    """Hide the ticket until an instant, then remind `who`; None ends the snooze. A reply by the requester ends it too.

    Raises Invalid for a time in the past or more than `SNOOZED_MAX` ahead.
    """
    must_allow(ticket, "snooze", staff=True)
    if command.until is not None and not now < command.until <= now + SNOOZED_MAX:
        raise Invalid("Give an instant in the coming year.")
    who = command.who if command.until else None
    if (command.until, who) == (ticket.standing.snoozed_until, ticket.snoozed_by):
        return Decision(ticket)
    after = next_version(ticket, now, standing.snoozed(ticket.standing, command.until), snoozed_by=who)
    facts = {"until": _iso(command.until), "who": who.name if who else None}
    return Decision(after, (), (Entry("snoozed", command.by, facts, public=False),))


def replan(command: Replan, ticket: Ticket, now: datetime) -> Decision:
    """Pin the ticket to another policy. Warnings and breaches announced already are not announced again.

    History keeps each deadline that changes, before and after; the requester hears only of another closing time.
    """
    if command.policy == ticket.policy:
        return Decision(ticket)
    after = next_version(ticket, now, policy=command.policy)
    before, coming = _by_name(ticket), _by_name(after)
    changes = [
        {"deadline": name, "before": before.get(name), "after": coming.get(name)}
        for name in sorted(before.keys() | coming.keys())
        if before.get(name) != coming.get(name)
    ]
    facts = {
        "because": command.because,
        "policy_before": ticket.policy.version,
        "policy": command.policy.version,
        "changes": changes,
    }
    events: tuple[EventData, ...] = ()
    was, closes_at = due(ticket, DeadlineKind.CLOSURE), due(after, DeadlineKind.CLOSURE)
    if was != closes_at:
        events = (
            TicketPostponed(
                ticket=after.facts(), by=command.by, step=DeadlineKind.CLOSURE, until=closes_at, reason="replanned"
            ),
        )
    return Decision(after, events, (Entry("replanned", command.by, facts, public=False),))


def _carry_out(ticket: Ticket, deadline: Deadline, by: Actor, now: datetime) -> Decision:
    after, events = _act(ticket, deadline, by, now)
    facts = evidence(ticket, after, deadline, now)
    public = deadline.kind in STEPS
    return Decision(after, events, (Entry("deadline_met", by, facts, public=public),))


def _act(ticket: Ticket, deadline: Deadline, by: Actor, now: datetime) -> tuple[Ticket, tuple[EventData, ...]]:
    stands = standing.after_deadline(ticket.standing, deadline.kind, now, deadline.metric, deadline.point)
    woken = {"snoozed_by": None} if stands.snoozed_until is None else {}
    after = next_version(ticket, now, stands, **woken)
    return after, _tells(ticket, after, deadline, by, now)


def _tells(ticket: Ticket, after: Ticket, deadline: Deadline, by: Actor, now: datetime) -> tuple[EventData, ...]:
    match deadline.kind:
        case DeadlineKind.REMINDER:
            return (_reminder(after, by),)
        case DeadlineKind.CLOSURE | DeadlineKind.FINALISATION:
            return moved(ticket, after, by)
        case DeadlineKind.SURVEY:
            return (_survey(after, by),)
        case DeadlineKind.SNOOZE:
            who = ticket.snoozed_by or ticket.assignee
            return (TicketSnoozeEnded(ticket=after.facts(), by=CLOCK, snoozed_by=who),) if who else ()
        case DeadlineKind.WARNING | DeadlineKind.BREACH | DeadlineKind.ESCALATION:
            return _alert(ticket, after, deadline, now)


def _reminder(after: Ticket, by: Actor) -> TicketReminderDue:
    if after.asked_at is None:
        raise ValueError(f"ticket {after.number} has a reminder but no question")
    closes_at = due(after, DeadlineKind.CLOSURE)
    return TicketReminderDue(ticket=after.facts(), by=by, asked_at=after.asked_at, closes_at=closes_at)


def _survey(after: Ticket, by: Actor) -> TicketSurveyDue:
    if after.solved_at is None:
        raise ValueError(f"ticket {after.number} has a survey but no solution")
    return TicketSurveyDue(ticket=after.facts(), by=by, solved_at=after.solved_at)


def _alert(ticket: Ticket, after: Ticket, deadline: Deadline, now: datetime) -> tuple[EventData, ...]:
    metric, policy = deadline.metric, ticket.policy
    target = policy.target(metric, ticket.priority) if metric else None
    breach_at = reached_at(ticket.standing, policy, metric, target) if metric and target else None
    # If the desk was down when the warning was due, "will break" may be untrue by now: either the promise is broken,
    # and the breach, due as well, says so; or its time does not count now, and nobody knows when it will break.
    if deadline.kind is DeadlineKind.WARNING and (breach_at is None or now >= breach_at):
        return ()
    if metric is None or breach_at is None:
        raise ValueError(f"ticket {ticket.number} has a {deadline.kind} of no promise")
    about = {"ticket": after.facts(), "by": CLOCK, "metric": metric, "breach_at": breach_at}
    first = policy.escalations[0].tell if policy.escalations else ()
    if deadline.kind is DeadlineKind.BREACH:
        return (SlaBreached(**about, tell=first),)
    if deadline.kind is DeadlineKind.ESCALATION:
        return (SlaEscalated(**about, tell=policy.escalations[deadline.point].tell, step=deadline.point),)
    return (SlaWarned(**about, tell=first, percent=deadline.point),)


def _wait_for_mail(ticket: Ticket, deadline: Deadline, down: timedelta, now: datetime) -> Decision:
    """Postpone the closing by the time mail could not come in (`down`): the requester may have sent an answer then."""
    after = next_version(ticket, now, standing.waited_for_mail(ticket.standing, down))
    until = due(after, DeadlineKind.CLOSURE)
    event = TicketPostponed(ticket=after.facts(), by=CLOCK, step=DeadlineKind.CLOSURE, until=until, reason="mail_down")
    facts = {"deadline": deadline.kind, "due_at": _iso(deadline.due_at), "until": _iso(until), "reason": "mail_down"}
    facts["down_seconds"] = str(round(down.total_seconds()))
    return Decision(after, (event,), (Entry("postponed", CLOCK, facts),))


def _moved_step(
    ticket: Ticket, deadline: Deadline, until: datetime | None, by: Actor, now: datetime, reason: str
) -> Decision:
    after = next_version(ticket, now, standing.moved_step(ticket.standing, deadline.kind, until))
    facts = {"deadline": deadline.kind, "due_at": _iso(deadline.due_at), "until": _iso(until), "reason": reason}
    event = TicketPostponed.model_validate(
        {"ticket": after.facts(), "by": by, "step": deadline.kind, "until": until, "reason": reason}
    )
    return Decision(after, (event,), (Entry("postponed", by, facts, public=deadline.kind in STEPS),))


def _coming(ticket: Ticket, kind: DeadlineKind) -> Deadline:
    coming = [each for each in ticket.deadlines if each.kind in STEPS]
    found = next((each for each in coming if each.kind is kind), None)
    if found is None:
        instead = f"coming are: {', '.join(each.kind for each in coming)}" if coming else "none is coming"
        raise Invalid(f"No {kind} of ticket {ticket.number} is coming; {instead}.")
    return found


def _by_name(ticket: Ticket) -> dict[str, str]:
    return {
        " ".join(str(part) for part in (each.kind, each.metric, each.point or None) if part): each.due_at.isoformat()
        for each in ticket.deadlines
    }


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
