"""`decide`: from a ticket, a command and the time to the ticket's next state, its events and its history. Pure.

Each command has one function, in a file by subject: talking, the desk's own work, the product, the clock.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from services.contract.event_data import Actor
from services.contract.events import TicketAssigned, TicketSubmitted
from services.intake.rules import clock_rules, commands, product_rules, talk_rules, triage_rules
from services.intake.rules.commands import Command, Submit
from services.intake.rules.ticket import CLOCK, Decision, Entry, Ticket
from services.promises import standing

RULES: dict[type, Callable[[Any, Ticket, datetime], Decision]] = {
    commands.Reply: talk_rules.reply,
    commands.Note: talk_rules.note,
    commands.Ask: talk_rules.ask,
    commands.Solve: talk_rules.solve,
    commands.ConfirmSolved: talk_rules.confirm_solved,
    commands.Reopen: talk_rules.reopen,
    commands.Rate: talk_rules.rate,
    commands.Assign: triage_rules.assign,
    commands.HandOver: triage_rules.hand_over,
    commands.Prioritise: triage_rules.prioritise,
    commands.Tag: triage_rules.tag,
    commands.Change: triage_rules.change,
    commands.LinkProblem: triage_rules.link_problem,
    commands.Merge: triage_rules.merge,
    commands.TakeIn: triage_rules.take_in,
    commands.MarkSpam: triage_rules.mark_spam,
    commands.TakeBack: triage_rules.take_back,
    commands.Share: triage_rules.share,
    commands.Park: product_rules.park,
    commands.Plan: product_rules.plan,
    commands.Decline: product_rules.decline,
    commands.Ship: product_rules.ship,
    commands.Meet: clock_rules.deadline_due,
    commands.KeepOpen: clock_rules.keep_open,
    commands.Postpone: clock_rules.postpone,
    commands.Skip: clock_rules.skip,
    commands.DoNow: clock_rules.do_now,
    commands.Snooze: clock_rules.snooze,
    commands.Replan: clock_rules.replan,
}


def open_ticket(command: Submit, now: datetime) -> Decision:
    """A new ticket, version 1, with its events and history."""
    ticket = Ticket(
        version=1,
        standing=standing.opened(command.number, command.priority, now, taken_up=command.assignee is not None),
        subject=command.subject,
        kind=command.kind,
        asked_priority=command.asked_priority,
        channel=command.message.channel,
        language=command.language,
        requester=command.requester,
        assignee=command.assignee,
        team=command.team,
        organisation_id=command.organisation_id,
        product=command.product,
        fields=command.fields,
        tags=command.tags,
        updated_at=now,
        follow_up_of=command.follow_up_of,
        policy=command.policy,
    )
    # The requester is the author of the message, also where an agent typed it in.
    author = Actor(kind="person", name=command.requester.name, person_id=command.requester.person_id)
    event = TicketSubmitted(
        ticket=ticket.facts(),
        by=command.by,
        comment=command.message.facts(author),
        auto_generated=command.message.auto_generated,
    )
    opened = Entry("submitted", command.by, {"channel": ticket.channel, "follow_up_of": ticket.follow_up_of})
    history = opened, Entry("comment", author, message=command.message)
    if command.team is None or command.assignee is None or command.follow_up_of is not None:
        return Decision(ticket, (event,), history)
    # The team's round robin chose the assignee: tell them.
    chosen = Entry("assigned", CLOCK, {"assignee": command.assignee.name})
    return Decision(ticket, (event, TicketAssigned(ticket=ticket.facts(), by=CLOCK)), (*history, chosen))


def decide(ticket: Ticket, command: Command, now: datetime) -> Decision:
    """What `command`, given at `now`, makes of the ticket.

    Raises errors.MoveRefused where the ticket's status does not allow the command (it names those allowed), and
    errors.Invalid. If the command changes nothing (a deadline met before, the same assignee), the decision has the
    same ticket, and no events.
    """
    return RULES[type(command)](command, ticket, now)
