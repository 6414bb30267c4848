"""`decide`: a ticket, a command and the time give the ticket's next state and what others must hear. Pure."""

from datetime import datetime
from functools import singledispatch

from services.contract import Deadline
from services.deadlines import deadlines
from services.events import (
    Actor,
    EventData,
    TicketAssigned,
    TicketNoted,
    TicketRated,
    TicketReminderDue,
    TicketReplied,
    TicketStatusChanged,
    TicketSubmitted,
    TicketSurveyDue,
)
from services.intake.moves import must_allow
from services.intake.tickets import (
    CLOCK,
    Ask,
    Assign,
    Command,
    Decision,
    Entry,
    Meet,
    Message,
    Note,
    Rate,
    Rating,
    Reopen,
    Reply,
    Solve,
    Submit,
    Ticket,
)
from services.vocabulary import ClosedReason, DeadlineKind, Status

_ENDED = frozenset({Status.SOLVED, Status.CLOSED})


def open_ticket(command: Submit, now: datetime) -> Decision:
    """A new ticket, version 1."""
    ticket = Ticket(
        number=command.number,
        version=1,
        subject=command.subject,
        status=Status.OPEN if command.assignee else Status.NEW,
        kind=command.kind,
        priority=command.priority,
        channel=command.message.channel,
        language=command.language,
        requester=command.requester,
        assignee=command.assignee,
        organisation_id=command.organisation_id,
        opened_at=now,
        updated_at=now,
        follow_up_of=command.follow_up_of,
        policy=command.policy,
    )
    # The words are the requester's, whoever typed them in.
    author = Actor(kind="person", name=command.requester.name, person_id=command.requester.person_id)
    event = TicketSubmitted(
        ticket=ticket.facts(),
        by=command.by,
        comment=command.message.facts(author),
        auto_generated=command.message.auto_generated,
    )
    opened = Entry("submitted", command.by, {"channel": ticket.channel, "follow_up_of": ticket.follow_up_of})
    return Decision(ticket, (event,), (opened, Entry("comment", author, message=command.message)))


def decide(ticket: Ticket, command: Command, now: datetime) -> Decision:
    """What `command`, given at `now`, makes of the ticket.

    Raises errors.MoveRefused, which names the commands allowed, where its status does not allow it.
    A command that changes nothing (a deadline met before, the same assignee) gives the same ticket back.
    """
    return _decide(command, ticket, now)


@singledispatch
def _decide(command: object, _ticket: Ticket, _now: datetime) -> Decision:
    raise TypeError(f"no rule for {type(command).__name__}")


@_decide.register
def _assign(command: Assign, ticket: Ticket, now: datetime) -> Decision:
    must_allow(ticket, "assign", staff=True)
    if _id(ticket.assignee) == _id(command.assignee):
        return Decision(ticket)
    taken_up = ticket.status is Status.NEW and command.assignee is not None
    after = _next(ticket, now, assignee=command.assignee, status=Status.OPEN if taken_up else ticket.status)
    entry = Entry("assigned", command.by, {"assignee": command.assignee.name if command.assignee else None})
    event = TicketAssigned(ticket=after.facts(), by=command.by)
    return Decision(
        after, (event, *_moved(ticket, after, command.by)), (entry, *_moves_entry(ticket, after, command.by))
    )


@_decide.register
def _reply(command: Reply, ticket: Ticket, now: datetime) -> Decision:
    if ticket.is_requesters(command.by):
        must_allow(ticket, "reply", staff=False)
        after = _answered(ticket, now)
    else:
        must_allow(ticket, "reply", staff=True)
        after = _next(ticket, now, status=Status.OPEN if ticket.status is Status.NEW else ticket.status)
    return _told(ticket, after, command.by, command.message)


@_decide.register
def _note(command: Note, ticket: Ticket, now: datetime) -> Decision:
    must_allow(ticket, "note", staff=True)
    after = _next(ticket, now)
    event = TicketNoted(ticket=after.facts(), by=command.by, comment_id=command.message.comment_id)
    return Decision(after, (event,), (Entry("comment", command.by, message=command.message, public=False),))


@_decide.register
def _ask(command: Ask, ticket: Ticket, now: datetime) -> Decision:
    must_allow(ticket, "ask", staff=True)
    # Pending time counts from the last question: asking again starts the promise anew.
    after = _next(ticket, now, status=Status.PENDING, asked_at=now, reminded_at=None)
    return _told(ticket, after, command.by, command.message)


@_decide.register
def _solve(command: Solve, ticket: Ticket, now: datetime) -> Decision:
    must_allow(ticket, "solve", staff=True)
    after = _next(
        ticket,
        now,
        status=Status.SOLVED,
        solved_at=now,
        asked_at=None,
        reminded_at=None,
        assignee=ticket.assignee or command.solver,
    )
    return _told(ticket, after, command.by, command.message)


@_decide.register
def _reopen(command: Reopen, ticket: Ticket, now: datetime) -> Decision:
    must_allow(ticket, "reopen", staff=True)
    return _told(ticket, _reopened(ticket, now), command.by, command.message)


@_decide.register
def _rate(command: Rate, ticket: Ticket, now: datetime) -> Decision:
    must_allow(ticket, "rate", staff=False)
    if ticket.rating and (ticket.rating.good, ticket.rating.comment) == (command.good, command.comment):
        return Decision(ticket)
    after = _next(ticket, now, rating=Rating(good=command.good, comment=command.comment, at=now))
    event = TicketRated(ticket=after.facts(), by=command.by, good=command.good, comment=command.comment)
    return Decision(after, (event,), (Entry("rated", command.by, {"good": command.good, "comment": command.comment}),))


@_decide.register
def _meet(command: Meet, ticket: Ticket, now: datetime) -> Decision:
    deadline = command.deadline
    # Not due any more, or met before: the clock ran on an older snapshot. Nothing to do, and no error.
    if deadline not in deadlines(ticket.snapshot()) or now < deadline.due_at:
        return Decision(ticket)
    after, events = _MEET[deadline.kind](ticket, now)
    return Decision(after, events, (Entry("deadline_met", CLOCK, _evidence(ticket, after, deadline, now)),))


def _remind(ticket: Ticket, met_at: datetime) -> tuple[Ticket, tuple[EventData, ...]]:
    after = _next(ticket, met_at, reminded_at=met_at)
    asked_at, closes_at = after.asked_at, _due(after, DeadlineKind.CLOSURE)
    if asked_at is None or closes_at is None:
        raise ValueError(f"ticket {ticket.number} has a reminder but no question")
    event = TicketReminderDue(ticket=after.facts(), by=CLOCK, asked_at=asked_at, closes_at=closes_at)
    return after, (event,)


def _survey(ticket: Ticket, met_at: datetime) -> tuple[Ticket, tuple[EventData, ...]]:
    after = _next(ticket, met_at, surveyed_at=met_at)
    if after.solved_at is None:
        raise ValueError(f"ticket {ticket.number} has a survey but no solution")
    return after, (TicketSurveyDue(ticket=after.facts(), by=CLOCK, solved_at=after.solved_at),)


def _close_unanswered(ticket: Ticket, met_at: datetime) -> tuple[Ticket, tuple[EventData, ...]]:
    return _close(ticket, met_at, ClosedReason.NO_RESPONSE)


def _finalise(ticket: Ticket, met_at: datetime) -> tuple[Ticket, tuple[EventData, ...]]:
    return _close(ticket, met_at, ClosedReason.FINALISED)


_MEET = {
    DeadlineKind.REMINDER: _remind,
    DeadlineKind.CLOSURE: _close_unanswered,
    DeadlineKind.SURVEY: _survey,
    DeadlineKind.FINALISATION: _finalise,
}


def _close(ticket: Ticket, now: datetime, reason: ClosedReason) -> tuple[Ticket, tuple[EventData, ...]]:
    after = _next(ticket, now, status=Status.CLOSED, closed_reason=reason, asked_at=None, reminded_at=None)
    return after, _moved(ticket, after, CLOCK)


def _answered(ticket: Ticket, now: datetime) -> Ticket:
    if ticket.status in _ENDED:
        return _reopened(ticket, now)
    status = Status.OPEN if ticket.status is Status.PENDING else ticket.status
    return _next(ticket, now, status=status, asked_at=None, reminded_at=None)


def _reopened(ticket: Ticket, now: datetime) -> Ticket:
    return _next(
        ticket,
        now,
        status=Status.OPEN,
        closed_reason=None,
        solved_at=None,
        asked_at=None,
        reminded_at=None,
        reopened=ticket.reopened + 1,
    )


def _told(ticket: Ticket, after: Ticket, by: Actor, message: Message | None) -> Decision:
    """One act, one thing to tell: a message that moves the ticket is announced once, by the message."""
    events: list[EventData] = []
    history: list[Entry] = []
    if message is not None:
        events.append(_replied(ticket, after, by, message))
        history.append(Entry("comment", by, message=message))
    events += _moved(ticket, after, by, told=message is not None)
    return Decision(after, tuple(events), (*history, *_moves_entry(ticket, after, by)))


def _replied(ticket: Ticket, after: Ticket, by: Actor, message: Message) -> TicketReplied:
    return TicketReplied(
        ticket=after.facts(),
        by=by,
        comment=message.facts(by),
        status_before=ticket.status,
        reminder_at=_due(after, DeadlineKind.REMINDER),
        closes_at=_closes_at(after),
        auto_generated=message.auto_generated,
    )


def _moved(ticket: Ticket, after: Ticket, by: Actor, *, told: bool = False) -> tuple[EventData, ...]:
    if ticket.status == after.status:
        return ()
    return (
        TicketStatusChanged(
            ticket=after.facts(),
            by=by,
            status_before=ticket.status,
            reopened=after.reopened > ticket.reopened,
            told=told,
            closes_at=_closes_at(after),
        ),
    )


def _moves_entry(ticket: Ticket, after: Ticket, by: Actor) -> tuple[Entry, ...]:
    if ticket.status == after.status:
        return ()
    facts = {"from": ticket.status, "to": after.status, "reopened": after.reopened > ticket.reopened}
    return (Entry("status_changed", by, facts),)


def _evidence(ticket: Ticket, after: Ticket, deadline: Deadline, met_at: datetime) -> dict[str, str | None]:
    return {
        "deadline": deadline.kind,
        "policy": ticket.policy.version,
        "due_at": deadline.due_at.isoformat(),
        "met_at": met_at.isoformat(),
        "from": ticket.status,
        "to": after.status,
        "closed_reason": after.closed_reason,
    }


def _next(ticket: Ticket, now: datetime, **changes: object) -> Ticket:
    return ticket.model_copy(update={**changes, "version": ticket.version + 1, "updated_at": now})


def _due(ticket: Ticket, kind: DeadlineKind) -> datetime | None:
    return next((deadline.due_at for deadline in deadlines(ticket.snapshot()) if deadline.kind is kind), None)


def _closes_at(ticket: Ticket) -> datetime | None:
    return _due(ticket, DeadlineKind.CLOSURE) or _due(ticket, DeadlineKind.FINALISATION)


def _id(contact: object) -> object:
    return getattr(contact, "person_id", None)
