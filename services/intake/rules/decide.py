"""`decide`: a ticket, a command and the time give the ticket's next state and what others must hear. Pure.

The rules are one function for each command, kept by what they are about: talking, the desk's own work, the product,
the clock.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import services.intake.rules.clock_rules as clock_rules
import services.intake.rules.commands as orders
import services.intake.rules.product_rules as product_rules
import services.intake.rules.talk_rules as talk_rules
import services.intake.rules.triage_rules as desk_rules
from services.contract.event_data import Actor
from services.contract.events import TicketAssigned, TicketSubmitted
from services.intake.rules.commands import Command, Submit
from services.intake.rules.ticket import CLOCK, Decision, Entry, Ticket
from services.promises import standing

RULES: dict[type, Callable[[Any, Ticket, datetime], Decision]] = {
    orders.Reply: talk_rules.reply,
    orders.Note: talk_rules.note,
    orders.Ask: talk_rules.ask,
    orders.Solve: talk_rules.solve,
    orders.ConfirmSolved: talk_rules.confirm_solved,
    orders.Reopen: talk_rules.reopen,
    orders.Rate: talk_rules.rate,
    orders.Assign: desk_rules.assign,
    orders.HandOver: desk_rules.hand_over,
    orders.Prioritise: desk_rules.prioritise,
    orders.Tag: desk_rules.tag,
    orders.Change: desk_rules.change,
    orders.LinkProblem: desk_rules.link_problem,
    orders.Merge: desk_rules.merge,
    orders.TakeIn: desk_rules.take_in,
    orders.MarkSpam: desk_rules.mark_spam,
    orders.TakeBack: desk_rules.take_back,
    orders.Share: desk_rules.share,
    orders.Park: product_rules.park,
    orders.Plan: product_rules.plan,
    orders.Decline: product_rules.decline,
    orders.Ship: product_rules.ship,
    orders.Meet: clock_rules.meet,
    orders.KeepOpen: clock_rules.keep_open,
    orders.Postpone: clock_rules.postpone,
    orders.Skip: clock_rules.skip,
    orders.DoNow: clock_rules.do_now,
    orders.Snooze: clock_rules.snooze,
    orders.Replan: clock_rules.replan,
}


def open_ticket(command: Submit, now: datetime) -> Decision:
    """A new ticket, version 1."""
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
    # The words are the requester's, whoever typed them in.
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
    # Nobody chose them but the team's round robin, and they have to hear of it.
    chosen = Entry("assigned", CLOCK, {"assignee": command.assignee.name})
    return Decision(ticket, (event, TicketAssigned(ticket=ticket.facts(), by=CLOCK)), (*history, chosen))


def decide(ticket: Ticket, command: Command, now: datetime) -> Decision:
    """What `command`, given at `now`, makes of the ticket.

    Raises errors.MoveRefused, which names the commands allowed, where its status does not allow it, and errors.Invalid.
    A command that changes nothing (a deadline met before, the same assignee) gives the same ticket back.
    """
    return RULES[type(command)](command, ticket, now)
