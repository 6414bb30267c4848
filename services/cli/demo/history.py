"""Replays a ticket's history: computes the status in which the ticket must be, and the mails that must be sent. Pure.

Worked out from the history alone and by the rules of `docs/design.md §4`, not by intake's or notify's own code: an
error there shows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from services.contract.event_data import Actor, Contact, EventData
from services.contract.events import (
    SlaBreached,
    SlaEscalated,
    SlaWarned,
    TicketAssigned,
    TicketMerged,
    TicketPlanned,
    TicketPostponed,
    TicketPriorityChanged,
    TicketRated,
    TicketReminderDue,
    TicketReplied,
    TicketShipped,
    TicketSnoozeEnded,
    TicketStatusChanged,
    TicketSubmitted,
    TicketSurveyDue,
    event_id,
)
from services.contract.vocabulary import AlertAudience as Whom
from services.contract.vocabulary import ClosedReason, DeadlineKind, Role, Status
from services.intake.rules.ticket import Ticket
from services.notify.rules.notices import Template


@dataclass(frozen=True)
class Line:
    """One line of a ticket's history."""

    version: int
    type: str
    actor: Actor
    public: bool
    facts: Mapping[str, Any]
    took_effect_at: datetime | None = None
    """When the transaction that wrote it began, by the database's clock; None if that is no longer known."""


@dataclass(frozen=True)
class History:
    """A ticket's row and all that happened to it, oldest first."""

    ticket: Ticket
    lines: tuple[Line, ...]
    by_machine: bool = False
    """A machine wrote its first mail: no confirmation is sent."""
    came_with: Contact | None = None
    """The assignee that a follow-up had from the start."""
    joined: Mapping[int, tuple[Contact, ...]] = field(default_factory=dict)
    """The requesters of each ticket that was merged into it, by its number."""


@dataclass(frozen=True)
class Due:
    """A mail that must be sent, according to the history."""

    id: UUID
    number: int
    template: Template
    to: str


class RetoldTicket:
    """Replays a ticket's history, version by version; then has the ticket's status and the mails that must be sent."""

    def __init__(self, history: History, staff: tuple[Contact, ...], roles: Mapping[UUID, Role]) -> None:
        self._ticket, self._history, self._staff, self._roles = history.ticket, history, staff, roles
        self.assignee = history.came_with
        self._asking = [history.ticket.requester]
        self._snoozed_by: Contact | None = None
        self._closing_told = False
        self._heard: set[tuple[UUID, UUID]] = set()
        self.status = Status.OPEN if history.came_with else Status.NEW
        self.closed_reason: ClosedReason | None = None
        self.reopened = 0
        self.due: list[Due] = []

    @classmethod
    def of(
        cls, history: History, staff: tuple[Contact, ...] = (), roles: Mapping[UUID, Role] | None = None
    ) -> "RetoldTicket":
        """Replays the whole history, at a desk without teams."""
        told = cls(history, staff, roles or {})
        for version, lines in groupby(history.lines, key=lambda line: line.version):
            told._happens(version, {line.type: line for line in lines})
        return told

    def _happens(self, version: int, act: Mapping[str, Line]) -> None:
        """Replays one act: all lines with the same version of the ticket."""
        moved = act.get("status_changed")
        if moved:
            self._stands(moved, merged="merged" in act)
        if assigned := act.get("assigned"):
            self.assignee = self._of_staff(assigned.facts["assignee"])
        self._talks(version, act)
        if moved and self.status is Status.PARKED:
            self._tell(version, TicketStatusChanged, Template.DECISION_NEEDED, self._deciding(), moved.actor)
        if assigned and self.assignee:
            self._tell(version, TicketAssigned, Template.ASSIGNED, [self.assignee], assigned.actor)
        for type in act.keys() & _TOLD_OTHERWISE.keys():
            self._tell(version, *_TOLD_OTHERWISE[type], self._asking, act[type].actor)
        self._closing_moves(version, act)
        self._keeps_in_mind(act)
        if met := act.get("deadline_met"):
            self._met(version, met)

    def _talks(self, version: int, act: Mapping[str, Line]) -> None:
        moved, message = act.get("status_changed"), act.get("comment")
        if submitted := act.get("submitted"):
            self._submitted(version, submitted.actor)
        elif message and message.public:
            self._said(version, message.actor)
        elif moved and not act.keys() & _TOLD_OTHERWISE.keys():
            self._moved(version, moved)
        if rated := act.get("rated"):
            self._rated(version, rated)

    def _stands(self, moved: Line, *, merged: bool) -> None:
        self.status, self.closed_reason = Status(moved.facts["to"]), None
        if self.status is Status.CLOSED:
            self.closed_reason = ClosedReason.MERGED if merged else ClosedReason.SPAM
        self.reopened += bool(moved.facts["reopened"])
        if self.status is Status.SOLVED and self.assignee is None and moved.actor.staff:  # the solver is responsible
            self.assignee = next((one for one in self._staff if one.person_id == moved.actor.person_id), None)

    def _submitted(self, version: int, by: Actor) -> None:
        if not self._history.by_machine:
            self._tell(version, TicketSubmitted, Template.CONFIRMATION, [self._ticket.requester])
        self._tell(version, TicketSubmitted, Template.NEW_TICKET, self._staff, by)

    def _said(self, version: int, by: Actor) -> None:
        if self._is_requesters(by):
            self._tell(version, TicketReplied, Template.REPLY, self._responsible(), by)
        else:
            template = _BY_STATUS.get(self.status, Template.ANSWER)
            self._tell(version, TicketReplied, template, self._asking, by)

    def _moved(self, version: int, moved: Line) -> None:
        if self.status is Status.SOLVED:
            self._tell(version, TicketStatusChanged, Template.SOLVED, self._asking, moved.actor)
            if self._is_requesters(moved.actor):
                self._tell(version, TicketStatusChanged, Template.SAYS_SOLVED, self._responsible(), moved.actor)
        elif self.status is Status.PARKED:
            self._tell(version, TicketStatusChanged, Template.PARKED, self._asking, moved.actor)
        elif moved.facts["reopened"] or (moved.facts["from"] == Status.PARKED and self.status is Status.OPEN):
            self._tell(version, TicketStatusChanged, Template.REOPENED, self._asking, moved.actor)

    def _rated(self, version: int, rated: Line) -> None:
        if not rated.facts["good"]:
            self._tell(version, TicketRated, Template.BAD_RATING, self._responsible(), rated.actor)

    def _closing_moves(self, version: int, act: Mapping[str, Line]) -> None:
        """If a reminder announced the closing date and it is not the requester's side that moves it, a mail is due."""
        moved = act.get("postponed") or act.get("kept_open") or act.get("replanned")
        if moved is None or not self._closing_told or not _is_of_closing(moved):
            return
        if not self._is_requesters(moved.actor):
            self._tell(version, TicketPostponed, Template.POSTPONED, self._asking, moved.actor)
        elif moved.type == "kept_open":
            self._closing_told = False

    def _keeps_in_mind(self, act: Mapping[str, Line]) -> None:
        """Remembers what later acts depend on."""
        message = act.get("comment")
        if "status_changed" in act or (message and message.public):
            self._closing_told = False
        if snoozed := act.get("snoozed"):
            self._snoozed_by = self._of_staff(snoozed.facts["who"])
        if took_in := act.get("took_in"):
            self._asking += self._history.joined.get(took_in.facts["merged"], ())

    def _met(self, version: int, met: Line) -> None:
        self.status = Status(met.facts["to"])
        self.closed_reason = ClosedReason(met.facts["closed_reason"]) if met.facts["closed_reason"] else None
        kind = DeadlineKind(met.facts["deadline"])
        if kind is DeadlineKind.SURVEY:
            self._tell(version, TicketSurveyDue, Template.SURVEY, [self._ticket.requester], met.actor)
        elif kind in _OF_DEADLINE:
            self._closing_told = kind is DeadlineKind.REMINDER
            self._tell(version, *_OF_DEADLINE[kind], self._asking, met.actor)
        elif kind is DeadlineKind.SNOOZE:
            who = self._snoozed_by or self.assignee
            self._tell(version, TicketSnoozeEnded, Template.SNOOZE_ENDED, [who] if who else [])
        elif kind in _OF_PROMISE and not self._comes_after_the_breach(met):
            model, template = _OF_PROMISE[kind]
            steps = self._ticket.policy.escalations
            tell = steps[met.facts["point"] if kind is DeadlineKind.ESCALATION else 0].tell if steps else ()
            for whom in tell:
                self._tell(version, model, template, self._named(whom))

    def _comes_after_the_breach(self, met: Line) -> bool:
        """Whether it is a warning that was met when its breach was already due: then only the breach is mailed."""
        return met.facts["deadline"] == DeadlineKind.WARNING and any(
            line.type == "deadline_met"
            and (line.facts["deadline"], line.facts["metric"]) == (DeadlineKind.BREACH, met.facts["metric"])
            and datetime.fromisoformat(line.facts["due_at"]) <= datetime.fromisoformat(met.facts["met_at"])
            for line in self._history.lines
        )

    def _named(self, whom: Whom) -> Iterable[Contact]:
        if whom is Whom.ASSIGNEE and self.assignee:
            return [self.assignee]
        admins = self._of_role(Role.ADMIN) if whom is Whom.ADMINS else []
        return admins or self._of_role(Role.AGENT) or self._staff

    def _deciding(self) -> Iterable[Contact]:
        return self._of_role(Role.DIRECTOR) or self._of_role(Role.ADMIN)

    def _of_role(self, role: Role) -> list[Contact]:
        return [one for one in self._staff if self._roles.get(one.person_id) is role]

    def _of_staff(self, name: str | None) -> Contact | None:
        return next((one for one in self._staff if one.name == name), None)

    def _responsible(self) -> Iterable[Contact]:
        return [self.assignee] if self.assignee else self._staff

    def _is_requesters(self, by: Actor) -> bool:
        # Not `Actor.speaks_for`: intake and notify decide by that, and an error in it must show here.
        return by.kind != "clock" and (not by.staff or by.person_id == self._ticket.requester.person_id)

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
            is_own = by is not None and one.person_id == by.person_id
            if one.email and not is_own and (event, one.person_id) not in self._heard:
                self._heard.add((event, one.person_id))
                mail = event_id(event, one.person_id, template)
                self.due.append(Due(mail, self._ticket.number, template, one.email))


def _is_of_closing(line: Line) -> bool:
    if line.type == "replanned":
        return any(change["deadline"] == DeadlineKind.CLOSURE for change in line.facts["changes"])
    return line.type == "kept_open" or line.facts["deadline"] == DeadlineKind.CLOSURE


_BY_STATUS = {Status.PENDING: Template.QUESTION, Status.SOLVED: Template.SOLUTION}
_TOLD_OTHERWISE: dict[str, tuple[type[EventData], Template]] = {
    "shipped": (TicketShipped, Template.SHIPPED),
    "merged": (TicketMerged, Template.MERGED),
    "planned": (TicketPlanned, Template.PLANNED),
    "prioritised": (TicketPriorityChanged, Template.PRIORITY_CHANGED),
}
"""Acts with an event of their own, which also reports the change of status that they make."""
_OF_DEADLINE: dict[DeadlineKind, tuple[type[EventData], Template]] = {
    DeadlineKind.REMINDER: (TicketReminderDue, Template.REMINDER),
    DeadlineKind.CLOSURE: (TicketStatusChanged, Template.CLOSED),
}
"""Mailed to the requester's side. Finalisation is not mailed: the mail with the solution announced it."""
_OF_PROMISE: dict[DeadlineKind, tuple[type[EventData], Template]] = {
    DeadlineKind.WARNING: (SlaWarned, Template.SLA_WARNED),
    DeadlineKind.BREACH: (SlaBreached, Template.SLA_BREACHED),
    DeadlineKind.ESCALATION: (SlaEscalated, Template.SLA_ESCALATED),
}
"""Mailed to support."""
