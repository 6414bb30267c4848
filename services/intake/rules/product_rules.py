"""Rules of tickets that need a change of the software: parking, planning, declining, shipping. Pure."""

from datetime import datetime

from services.contract.events import TicketPlanned, TicketShipped
from services.intake.rules.commands import Decline, Park, Plan, Ship
from services.intake.rules.decision import closes_at, next_version, with_message
from services.intake.rules.moves import must_allow
from services.intake.rules.ticket import Decision, Entry, Parking, Ticket
from services.promises import standing


def park(command: Park, ticket: Ticket, now: datetime) -> Decision:
    """Park the ticket on the product director's board, with or without a message to the requester."""
    must_allow(ticket, "park", staff=True)
    parking = Parking(workaround=command.workaround, effort=command.effort, note=command.note, at=now)
    answered = standing.support_replied(ticket.standing, now) if command.message else ticket.standing
    after = next_version(ticket, now, standing.parked(answered, now), parking=parking)
    facts = {"workaround": command.workaround, "effort": command.effort, "note": command.note}
    return with_message(
        ticket, after, command.by, command.message, entries=(Entry("parked", command.by, facts, public=False),)
    )


def plan(command: Plan, ticket: Ticket, now: datetime) -> Decision:
    """Plan a parked ticket in a release, or move it to another release."""
    must_allow(ticket, "plan", staff=True)
    if ticket.parking is None or ticket.parking.release == command.release:
        return Decision(ticket)
    parking = ticket.parking.model_copy(update={"release": command.release})
    after = next_version(ticket, now, parking=parking)
    event = TicketPlanned(ticket=after.facts(), by=command.by, release=command.release)
    return Decision(after, (event,), (Entry("planned", command.by, {"release": command.release}),))


def decline(command: Decline, ticket: Ticket, now: datetime) -> Decision:
    """Decide against the change: the message with the reason is a public reply, and solves the ticket."""
    must_allow(ticket, "decline", staff=True)
    answered = standing.support_replied(ticket.standing, now)
    after = next_version(ticket, now, standing.solved(answered, now), snoozed_by=None)
    return with_message(ticket, after, command.by, command.message, entries=(Entry("declined", command.by),))


def ship(command: Ship, ticket: Ticket, now: datetime) -> Decision:
    """Solve the ticket by a release. TicketShipped notifies the requester, so the status event is marked as told."""
    must_allow(ticket, "ship", staff=True)
    answered = standing.support_replied(ticket.standing, now)
    after = next_version(ticket, now, standing.solved(answered, now), snoozed_by=None)
    event = TicketShipped(
        ticket=after.facts(), by=command.by, release=command.release, note=command.note, closes_at=closes_at(after)
    )
    entry = Entry("shipped", command.by, {"release": command.release, "note": command.note})
    return with_message(ticket, after, command.by, None, also=(event,), entries=(entry,), announced=True)
