"""Rules of the conversation: replying, asking, solving, reopening, rating. Pure."""

from datetime import datetime

from services.contract.events import TicketNoted, TicketRated
from services.intake.rules.commands import Ask, ConfirmSolved, Note, Rate, Reopen, Reply, Solve
from services.intake.rules.decision import next_version, with_message
from services.intake.rules.moves import must_allow
from services.intake.rules.ticket import Decision, Entry, Rating, Ticket
from services.promises import standing


def reply(command: Reply, ticket: Ticket, now: datetime) -> Decision:
    """A public message of either side. The requester's side ends waiting and snoozing, and reopens an ended ticket."""
    of_requester = ticket.is_requesters(command.by)
    must_allow(ticket, "reply", staff=not of_requester)
    after = (standing.requester_replied if of_requester else standing.support_replied)(ticket.standing, now)
    snoozed = {"snoozed_by": None} if of_requester else {}
    return with_message(ticket, next_version(ticket, now, after, **snoozed), command.by, command.message)


def note(command: Note, ticket: Ticket, now: datetime) -> Decision:
    """An internal note. The requester's side never sees it, so it does not count as a reply."""
    must_allow(ticket, "note", staff=True)
    after = next_version(ticket, now)
    event = TicketNoted(ticket=after.facts(), by=command.by, comment_id=command.message.comment_id)
    return Decision(after, (event,), (Entry("comment", command.by, message=command.message, public=False),))


def ask(command: Ask, ticket: Ticket, now: datetime) -> Decision:
    """Ask the requester: the ticket waits for their answer. Reminder and closing count from the last question."""
    must_allow(ticket, "ask", staff=True)
    after = next_version(ticket, now, standing.asked(ticket.standing, now))
    return with_message(ticket, after, command.by, command.message, asks=True)


def solve(command: Solve, ticket: Ticket, now: datetime) -> Decision:
    """Solve the ticket, with or without a message. `solver` becomes the assignee if there is none."""
    must_allow(ticket, "solve", staff=True)
    answered = standing.support_replied(ticket.standing, now) if command.message else ticket.standing
    after = next_version(
        ticket, now, standing.solved(answered, now), assignee=ticket.assignee or command.solver, snoozed_by=None
    )
    because = (Entry("solved_by_problem", command.by, {"problem": command.problem}),) if command.problem else ()
    return with_message(ticket, after, command.by, command.message, entries=because)


def confirm_solved(command: ConfirmSolved, ticket: Ticket, now: datetime) -> Decision:
    """The requester says that it is solved. They get no mail about it, because they did it themselves."""
    must_allow(ticket, "confirm_solved", staff=False)
    after = next_version(ticket, now, standing.solved(ticket.standing, now), snoozed_by=None)
    return with_message(ticket, after, command.by, None, entries=(Entry("confirmed_solved", command.by),))


def reopen(command: Reopen, ticket: Ticket, now: datetime) -> Decision:
    """Support reopens a ticket that ended too early, or a parked one that needs no change of the software after all."""
    must_allow(ticket, "reopen", staff=True)
    after = standing.reopened(ticket.standing, now)
    if command.message:
        after = standing.support_replied(after, now)
    return with_message(ticket, next_version(ticket, now, after), command.by, command.message)


def rate(command: Rate, ticket: Ticket, now: datetime) -> Decision:
    """The requester's answer to the survey. A later answer replaces an earlier one."""
    must_allow(ticket, "rate", staff=False)
    if ticket.rating and (ticket.rating.good, ticket.rating.comment) == (command.good, command.comment):
        return Decision(ticket)
    after = next_version(ticket, now, rating=Rating(good=command.good, comment=command.comment, at=now))
    event = TicketRated(ticket=after.facts(), by=command.by, good=command.good, comment=command.comment)
    return Decision(after, (event,), (Entry("rated", command.by, {"good": command.good, "comment": command.comment}),))
