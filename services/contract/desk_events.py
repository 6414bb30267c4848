"""Events of what a desk does besides talking: priorities, releases, merging, sharing, and what it promised. Pure."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from services.contract.event_data import Contact, EventData, TicketEventData
from services.contract.vocabulary import DeadlineKind, Metric, Priority, Told


class TicketPriorityChanged(TicketEventData):
    """Support gave the ticket another priority than was asked for; the reason is for the requester to read."""

    TYPE = "ticket.priority_changed.v1"
    priority_before: Priority
    reason: str


class TicketPlanned(TicketEventData):
    """The product director put a parked ticket into a release."""

    TYPE = "ticket.planned.v1"
    release: str


class TicketShipped(TicketEventData):
    """The release a ticket was planned in is there, and the ticket is solved by it."""

    TYPE = "ticket.shipped.v1"
    release: str
    note: str = ""
    """What the release brings, as the product director wrote it; may be empty."""
    closes_at: AwareDatetime | None = None


class TicketMerged(TicketEventData):
    """The ticket goes on as another one, `into`; `ticket` is the one that ended."""

    TYPE = "ticket.merged.v1"
    into: int


class TicketShared(TicketEventData):
    """A colleague of another department was asked to look at the ticket, or is not any more."""

    TYPE = "ticket.shared.v1"
    colleague: Contact
    shared: bool


class TicketSnoozeEnded(TicketEventData):
    """The time an agent wanted to be reminded of the ticket has come."""

    TYPE = "ticket.snooze_ended.v1"
    snoozed_by: Contact


class TicketPostponed(TicketEventData):
    """An automatic step comes at another time than was told, or not at all (`until` None)."""

    TYPE = "ticket.postponed.v1"
    step: DeadlineKind
    until: AwareDatetime | None
    reason: Literal["asked", "kept_open", "skipped", "mail_down", "replanned"]


class TicketChanged(TicketEventData):
    """Tags, kind, product, fields, team, problem: `changed` names what did; read the ticket for the values."""

    TYPE = "ticket.changed.v1"
    changed: tuple[str, ...]


class TeamChanged(EventData):
    """A team was added or changed; one without members may have been dissolved."""

    TYPE = "team.changed.v1"
    team_id: UUID
    name: str
    members: tuple[UUID, ...]


class SlaAlert(TicketEventData):
    """What the alerts about a promise have in common."""

    metric: Metric
    breach_at: AwareDatetime
    """When the promise breaks, or broke."""
    tell: tuple[Told, ...]


class SlaWarned(SlaAlert):
    """A promise is about to be broken: `percent` of the time is spent."""

    TYPE = "sla.warned.v1"
    percent: int


class SlaBreached(SlaAlert):
    """A promise is broken."""

    TYPE = "sla.breached.v1"


class SlaEscalated(SlaAlert):
    """A promise has been broken for long enough to tell others; `step` counts from 1."""

    TYPE = "sla.escalated.v1"
    step: int
