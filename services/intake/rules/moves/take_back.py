"""Take back: undo a solution or a mark as spam that was a mistake. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from pydantic import field_serializer
from pydantic_core import to_jsonable_python

from services.contract.event_data import Contact
from services.contract.events import TicketStatusChanged
from services.contract.vocabulary import Status
from services.intake.history.stored import Stored
from services.intake.rules.decision import closes_at, moved_entry, next_version
from services.intake.rules.many import WordsKept
from services.intake.rules.move import NO_RESPONSE, PARKED, SOLVED, SPAM, Given, Move, Order, Undo, at
from services.intake.rules.ticket import Decision, Ticket
from services.promises import standing
from services.promises.standing import Standing, support_replied


@dataclass(frozen=True)
class TakeBack(Order):
    """Undo a solution or a mark as spam that was a mistake, before anybody else changed the ticket.

    The ticket gets its former standing, assignee and snooze back: the deadlines of an open question run on.
    """

    former: Standing
    assignee: Contact | None
    snoozed_by: Contact | None


def take_back(command: TakeBack, ticket: Ticket, now: datetime) -> Decision:
    """Undo a solution or a mark as spam. This is not counted as a reopening.

    A solution was announced to the requester, so its undoing is too; a mark as spam was not.
    """
    stands = standing.taken_back(ticket.standing, command.former, now)
    own = {"assignee": command.assignee, "snoozed_by": command.snoozed_by, "reopened": ticket.reopened}
    after = next_version(ticket, now, stands, **own)
    event = TicketStatusChanged(
        ticket=after.facts(),
        by=command.by,
        status_before=ticket.status,
        reopened=after.status in standing.AT_WORK,
        told=ticket.status is Status.CLOSED,
        closes_at=closes_at(after),
    )
    return Decision(after, (event,), moved_entry(ticket, after, command.by))


def _named(facts: dict[str, Any]) -> dict[str, Any]:
    """Version 1 had the standing's parts in their order, without names."""
    stood = facts.get("standing")
    return facts if stood is None else {**facts, "standing": dict(zip(_PARTS_OF_1, stood, strict=True))}


class StoodBefore(Stored):
    """How the ticket stood before it ended. None in rows that kept nothing."""

    VERSION: ClassVar[int] = 2
    UPCASTS: ClassVar = {1: _named}

    standing: Standing | None = None
    assignee: Contact | None = None
    snoozed_by: Contact | None = None

    @field_serializer("standing")
    def _by_name(self, stood: Standing | None) -> dict[str, Any] | None:
        return None if stood is None else to_jsonable_python(stood._asdict())


_PARTS_OF_1 = (
    *("number", "priority", "path", "closed_reason", "asked_at", "reminded_at", "surveyed_at", "replied_at"),
    *("waits_since", "alerts", "overrides", "mail_down", "snoozed_until"),
)


def _keep(facts: Stored, before: Ticket, after: Ticket) -> StoodBefore:
    # The message sent with the solution stays, so the ticket counts as answered.
    said = isinstance(facts, WordsKept) and facts.text is not None
    stood = support_replied(before.standing, after.updated_at) if said else before.standing
    return StoodBefore(standing=stood, assignee=before.assignee, snoozed_by=before.snoozed_by)


def _back(given: Given, former: StoodBefore, ticket: Ticket) -> TakeBack:
    return TakeBack(given.by, former.standing or ticket.standing, former.assignee, former.snoozed_by)


ENDING = Undo(StoodBefore, _keep, _back)
"""The ticket stands as before again, its open question and deadlines included."""

MOVE = Move(
    name="take_back",
    place=51,
    command=TakeBack,
    rule=take_back,
    staff=at(PARKED, SOLVED, NO_RESPONSE, SPAM),
    inward=True,
)
