"""Meeting a deadline: what the clock does to a ticket when a deadline is due, with the evidence. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

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
from services.contract.temporal import Deadline
from services.contract.vocabulary import STEPS, DeadlineKind
from services.intake.rules.decision import due, moved, next_version
from services.intake.rules.evidence import evidence
from services.intake.rules.steps import Postponed
from services.intake.rules.ticket import CLOCK, Decision, Entry, Ticket
from services.promises import standing
from services.promises.sla import reached_at
from services.promises.working_time import Counted


@dataclass(frozen=True)
class Meet:
    """The clock says that this deadline is due. The time passed to `decide` with it is the workflow's."""

    deadline: Deadline
    mail_down: timedelta = timedelta(0)
    """How long mail could not come in since the requester was reminded."""


def deadline_due(command: Meet, ticket: Ticket, now: datetime) -> Decision:
    """Carry out a deadline that the clock says is due. Closing waits while mail could not come in."""
    deadline = command.deadline
    # Not due any more, or already met: the clock ran on an older snapshot. There is nothing to do; this is no error.
    if deadline not in ticket.deadlines or now < deadline.due_at:
        return Decision(ticket)
    if deadline.kind is DeadlineKind.CLOSURE and command.mail_down > ticket.standing.mail_down:
        return _wait_for_mail(ticket, deadline, command.mail_down, now)
    return carried_out(ticket, deadline, CLOCK, now)


def carried_out(ticket: Ticket, deadline: Deadline, by: Actor, now: datetime) -> Decision:
    """The ticket after `by` (the clock, or a person who did not want to wait) did what is due at this deadline."""
    after, events = _act(ticket, deadline, by, now)
    line = evidence(ticket, after, deadline, now)
    return Decision(after, events, (Entry(line, by, public=deadline.kind in STEPS),))


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
    is_working = target is not None and target.counted is Counted.WORKING
    calendar_zone = policy.calendar.zone if is_working else None
    about = {
        "ticket": after.facts(),
        "by": CLOCK,
        "metric": metric,
        "breach_at": breach_at,
        "calendar_zone": calendar_zone,
    }
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
    line = Postponed(
        deadline=deadline.kind,
        due_at=deadline.due_at,
        until=until,
        reason="mail_down",
        down_seconds=round(down.total_seconds()),
    )
    return Decision(after, (event,), (Entry(line, CLOCK),))
