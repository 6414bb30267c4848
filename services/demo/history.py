"""A ticket's history, told anew: where it must leave the ticket, and which mails it calls for. Pure.

Worked out from the history alone and by the design's rules, not by intake's or notify's own code: an error there shows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from services.event_data import Actor, Contact, EventData
from services.events import (
    TicketAssigned,
    TicketRated,
    TicketReminderDue,
    TicketReplied,
    TicketStatusChanged,
    TicketSubmitted,
    TicketSurveyDue,
    event_id,
)
from services.intake.tickets import Ticket
from services.notify.notices import Template
from services.vocabulary import ClosedReason, DeadlineKind, Status


@dataclass(frozen=True)
class Line:
    """One line of a ticket's history."""

    version: int
    type: str
    actor: Actor
    public: bool
    facts: Mapping[str, Any]
    took_effect_at: datetime | None = None
    """When the transaction that wrote it began, by the database's clock; None where that is not known any more."""


@dataclass(frozen=True)
class History:
    """A ticket's row and all that happened to it, oldest first."""

    ticket: Ticket
    lines: tuple[Line, ...]
    by_machine: bool = False
    """Its first mail was a machine's: nobody is sent a confirmation."""
    came_with: Contact | None = None
    """Whom a follow-up was assigned to from the start."""


@dataclass(frozen=True)
class Due:
    """A mail that the history calls for."""

    id: UUID
    number: int
    template: Template
    to: str


class Told:
    """A ticket told from its history, version by version: where it stands at the end, and what people heard of."""

    def __init__(self, history: History, staff: tuple[Contact, ...]) -> None:
        self._ticket, self._by_machine, self._staff = history.ticket, history.by_machine, staff
        self.assignee = history.came_with
        self.status = Status.OPEN if history.came_with else Status.NEW
        self.closed_reason: ClosedReason | None = None
        self.reopened = 0
        self.due: list[Due] = []

    @classmethod
    def of(cls, history: History, staff: tuple[Contact, ...] = ()) -> "Told":
        """The history from its first line to its last."""
        told = cls(history, staff)
        for version, lines in groupby(history.lines, key=lambda line: line.version):
            told._happens(version, {line.type: line for line in lines})
        return told

    def _happens(self, version: int, act: Mapping[str, Line]) -> None:
        """One act: everything that one version of the ticket brought."""
        moved = act.get("status_changed")
        if moved:
            self.status, self.closed_reason = Status(moved.facts["to"]), None
            self.reopened += bool(moved.facts["reopened"])
            if self.status is Status.SOLVED and self.assignee is None:  # the solver becomes responsible
                self.assignee = next((one for one in self._staff if one.person_id == moved.actor.person_id), None)
        if assigned := act.get("assigned"):
            self.assignee = next((one for one in self._staff if one.name == assigned.facts["assignee"]), None)
        message = act.get("comment")
        if submitted := act.get("submitted"):
            self._submitted(version, submitted.actor)
        elif message and message.public:
            self._said(version, message.actor)
        elif moved:
            self._moved(version, moved)
        if assigned and self.assignee:
            self._tell(version, TicketAssigned, Template.ASSIGNED, [self.assignee], assigned.actor)
        if rated := act.get("rated"):
            self._rated(version, rated)
        if met := act.get("deadline_met"):
            self._met(version, met)

    def _submitted(self, version: int, by: Actor) -> None:
        if not self._by_machine:
            self._tell(version, TicketSubmitted, Template.CONFIRMATION, [self._ticket.requester])
        self._tell(version, TicketSubmitted, Template.NEW_TICKET, self._staff, by)

    def _said(self, version: int, by: Actor) -> None:
        if by.staff and by.person_id != self._ticket.requester.person_id:
            template = _BY_STATUS.get(self.status, Template.ANSWER)
            self._tell(version, TicketReplied, template, [self._ticket.requester], by)
        else:
            self._tell(version, TicketReplied, Template.REPLY, self._responsible(), by)

    def _moved(self, version: int, moved: Line) -> None:
        requester = [self._ticket.requester]
        if self.status is Status.SOLVED:
            self._tell(version, TicketStatusChanged, Template.SOLVED, requester, moved.actor)
        elif moved.facts["reopened"]:
            self._tell(version, TicketStatusChanged, Template.REOPENED, requester, moved.actor)

    def _rated(self, version: int, rated: Line) -> None:
        if not rated.facts["good"]:
            self._tell(version, TicketRated, Template.BAD_RATING, self._responsible(), rated.actor)

    def _met(self, version: int, met: Line) -> None:
        self.status = Status(met.facts["to"])
        self.closed_reason = ClosedReason(met.facts["closed_reason"]) if met.facts["closed_reason"] else None
        model, template = _OF_DEADLINE.get(met.facts["deadline"], (None, None))
        if model and template:
            self._tell(version, model, template, [self._ticket.requester])

    def _responsible(self) -> Iterable[Contact]:
        return [self.assignee] if self.assignee else self._staff

    def _tell(
        self,
        version: int,
        about: type[EventData],
        template: Template,
        people: Iterable[Contact],
        by: Actor | None = None,
    ) -> None:
        event = event_id("ticket", self._ticket.number, version, about.TYPE)
        for one in people:
            if one.email and (by is None or one.person_id != by.person_id):
                mail = event_id(event, one.person_id, template)
                self.due.append(Due(mail, self._ticket.number, template, one.email))


_BY_STATUS = {Status.PENDING: Template.QUESTION, Status.SOLVED: Template.SOLUTION}
_OF_DEADLINE: dict[str, tuple[type[EventData], Template]] = {
    DeadlineKind.REMINDER: (TicketReminderDue, Template.REMINDER),
    DeadlineKind.SURVEY: (TicketSurveyDue, Template.SURVEY),
    DeadlineKind.CLOSURE: (TicketStatusChanged, Template.CLOSED),
}
"""Finalisation is silent: the solution said when it would come."""
