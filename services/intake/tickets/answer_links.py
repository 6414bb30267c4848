"""One-click answers from a reminder mail: a person with the link acts as the requester, for this one question only.

Only the mail to the requester has these links. Followers answer on the ticket's page, under their own name.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Conflict, Invalid, NotAuthenticated
from services.contract.event_data import Actor
from services.contract.limits import POSTPONED_BY_LINK_MAX
from services.contract.vocabulary import DeadlineKind
from services.intake.people.people import get_person
from services.intake.rules.commands import Command, ConfirmSolved, KeepOpen, Postpone
from services.intake.rules.moves import moves
from services.intake.rules.ticket import Ticket
from services.intake.tickets.access import Party
from services.intake.tickets.store import load, lock
from services.intake.tickets.use_cases import carry_out
from services.platform.identity import REMINDER_LINK, Signer, questioned


class Act(StrEnum):
    """What a reminder's link can do; each is the move of its name."""

    KEEP_OPEN = "keep_open"
    CONFIRM_SOLVED = "confirm_solved"
    POSTPONE = "postpone"


@dataclass(frozen=True)
class LinkedQuestion:
    """The question a link is about."""

    number: int
    asked_at: datetime

    @classmethod
    def linked(cls, signer: Signer, code: str, now: datetime) -> "LinkedQuestion":
        """The question that a link's code is about. Raises NotAuthenticated for a forged, expired or other link."""
        try:
            return cls(*questioned(signer.linked(REMINDER_LINK, code, now)))
        except ValueError as error:
            raise NotAuthenticated("This link is not valid.") from error

    def must_be_asked_by(self, ticket: Ticket) -> None:
        """Check that the ticket still waits for an answer to this question. Raises Conflict."""
        if ticket.asked_at != self.asked_at:
            raise Conflict(
                f"This link is about an earlier question on ticket {self.number}, which has been dealt with since.",
                status_now=ticket.status.value,
                number=self.number,
            )


async def read_question(connection: AsyncConnection, question: LinkedQuestion) -> Ticket:
    """The ticket of the question. Raises NotFound, and Conflict where the question is not open any more."""
    ticket = await load(connection, question.number)
    question.must_be_asked_by(ticket)
    return ticket


async def answer(
    connection: AsyncConnection, question: LinkedQuestion, act: Act, until: datetime | None, now: datetime
) -> Ticket:
    """Carry out `act` as the requester; `until` is for postponing.

    Raises NotFound, Conflict where the question is not open any more, Invalid for a wrong `until`, and MoveRefused.
    """
    ticket = await lock(connection, question.number)
    question.must_be_asked_by(ticket)
    requester = await get_person(connection, ticket.requester.person_id)
    # Never as staff, even if the requester is an agent: a link in a mail is no log-in.
    actor = Actor(kind="person", name=requester.name, person_id=requester.id)
    command = _command(act, actor, until, now)
    return await carry_out(connection, Party(actor, requester), question.number, command, now)


def acts(ticket: Ticket) -> list[Act]:
    """The acts that the ticket allows the link now."""
    allowed = moves(ticket, staff=False)
    return [act for act in Act if act in allowed]


def _command(act: Act, actor: Actor, until: datetime | None, now: datetime) -> Command:
    if act is Act.KEEP_OPEN:
        return KeepOpen(actor)
    if act is Act.CONFIRM_SOLVED:
        return ConfirmSolved(actor)
    if until is None or until > now + POSTPONED_BY_LINK_MAX:
        raise Invalid(f"Say until when, at most {POSTPONED_BY_LINK_MAX.days} days from now.")
    return Postpone(actor, DeadlineKind.CLOSURE, until)
