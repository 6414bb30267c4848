"""`decide`: from a ticket, a command and the time to the ticket's next state, its events and its history. Pure.

Each command that people give has its file in `moves/`; what the clock does is in `deadline_due.py`.
"""

from datetime import datetime

from services.contract.event_data import Actor
from services.contract.events import TicketAssigned, TicketSubmitted
from services.intake.history.shared_lines import Said, Submitted
from services.intake.rules.deadline_due import Meet, deadline_due
from services.intake.rules.move import Order
from services.intake.rules.moves.assign import Assigned
from services.intake.rules.registry import decided
from services.intake.rules.submit import Submit
from services.intake.rules.ticket import CLOCK, Decision, Entry, Ticket
from services.promises import standing

Command = Order | Meet
"""What `decide` takes. `Submit` is for `open_ticket`."""


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
    opened = Entry(Submitted(channel=ticket.channel, follow_up_of=ticket.follow_up_of), command.by)
    history = opened, Entry(Said(), author, command.message)
    if command.team is None or command.assignee is None or command.follow_up_of is not None:
        return Decision(ticket, (event,), history)
    # The team's round robin chose the assignee: tell them.
    chosen = Entry(Assigned(assignee=command.assignee.name), CLOCK)
    return Decision(ticket, (event, TicketAssigned(ticket=ticket.facts(), by=CLOCK)), (*history, chosen))


def decide(ticket: Ticket, command: Command, now: datetime) -> Decision:
    """What `command`, given at `now`, makes of the ticket.

    Raises errors.MoveRefused where the ticket's status does not allow the command (it names those allowed), and
    errors.Invalid. If the command changes nothing (a deadline met before, the same assignee), the decision has the
    same ticket, and no events.
    """
    return deadline_due(command, ticket, now) if isinstance(command, Meet) else decided(ticket, command, now)
