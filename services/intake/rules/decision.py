"""What every rule needs to build a decision: the ticket's next version, its events, its lines of history. Pure."""

from collections.abc import Iterable
from datetime import datetime

from services.contract.event_data import Actor, EventData
from services.contract.events import TicketChanged, TicketReplied, TicketStatusChanged
from services.contract.vocabulary import ClosedReason, DeadlineKind
from services.intake.history.shared_lines import Changed, Said, StatusChanged
from services.intake.rules.ticket import Decision, Entry, Message, Ticket
from services.promises.standing import ENDED, Standing


def next_version(ticket: Ticket, now: datetime, standing: Standing | None = None, **changes: object) -> Ticket:
    """The ticket at its next version, with this standing and these changes. Reopenings are counted here."""
    standing = standing or ticket.standing
    reopened = ticket.status in ENDED and standing.status not in ENDED
    counted = {"reopened": ticket.reopened + 1} if reopened else {}
    known = {"standing": standing, "version": ticket.version + 1, "updated_at": now}
    return ticket.model_copy(update={**known, **counted, **changes})


def with_message(
    ticket: Ticket,
    after: Ticket,
    by: Actor,
    message: Message | None,
    *,
    also: Iterable[EventData] = (),
    entries: Iterable[Entry] = (),
    announced: bool = False,
    asks: bool = False,
) -> Decision:
    """The decision of an act, with or without a message.

    People are notified once for each act: by the message if there is one, otherwise by the change of status.
    `also` are further events of the act, `entries` its further lines of history. `announced`: one of `also` notifies
    people already, or nobody is to be notified. `asks`: the message is a question; history keeps that, because asking
    again leaves the status as it is but starts the wait anew.
    """
    events: list[EventData] = [*also]
    history: list[Entry] = []
    if message is not None:
        events.append(_replied(ticket, after, by, message))
        history.append(Entry(Said(asks=True) if asks else Said(), by, message))
    events += moved(ticket, after, by, announced=message is not None or announced)
    return Decision(after, tuple(events), (*history, *entries, *moved_entry(ticket, after, by)))


def moved(ticket: Ticket, after: Ticket, by: Actor, *, announced: bool = False) -> tuple[EventData, ...]:
    """The event of a change of status, if it changed. `announced`: another event of the act notifies people."""
    if ticket.status == after.status:
        return ()
    return (
        TicketStatusChanged(
            ticket=after.facts(),
            by=by,
            status_before=ticket.status,
            reopened=after.reopened > ticket.reopened,
            told=announced,
            closes_at=closes_at(after),
        ),
    )


def moved_entry(ticket: Ticket, after: Ticket, by: Actor) -> tuple[Entry, ...]:
    """The line of history of a change of status, if it changed."""
    if ticket.status == after.status:
        return ()
    spam = {"spam": True} if after.closed_reason is ClosedReason.SPAM else {}
    line = StatusChanged(before=ticket.status, after=after.status, reopened=after.reopened > ticket.reopened, **spam)
    return (Entry(line, by),)


def changed(after: Ticket, by: Actor, what: tuple[str, ...], line: Changed) -> Decision:
    """The decision of a correction of what the ticket is about; `what` names the fields for the event."""
    event = TicketChanged(ticket=after.facts(), by=by, changed=what)
    return Decision(after, (event,), (Entry(line, by, public=False),))


def due(ticket: Ticket, kind: DeadlineKind) -> datetime | None:
    """When the ticket's next deadline of this kind is due; None if none is coming."""
    return next((deadline.due_at for deadline in ticket.deadlines if deadline.kind is kind), None)


def closes_at(ticket: Ticket) -> datetime | None:
    """When the clock will close the ticket if nothing else happens."""
    return due(ticket, DeadlineKind.CLOSURE) or due(ticket, DeadlineKind.FINALISATION)


def _replied(ticket: Ticket, after: Ticket, by: Actor, message: Message) -> TicketReplied:
    return TicketReplied(
        ticket=after.facts(),
        by=by,
        comment=message.facts(by),
        status_before=ticket.status,
        reminder_at=due(after, DeadlineKind.REMINDER),
        closes_at=closes_at(after),
        auto_generated=message.auto_generated,
    )
