"""One-click answers from a reminder mail: a person with the link acts as the requester, for this one question only.

Only the mail to the requester has these links. Followers answer on the ticket's page, under their own name.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Conflict, Invalid, NotAuthenticated
from services.contract.event_data import Actor
from services.contract.limits import POSTPONED_BY_LINK_MAX
from services.contract.vocabulary import DeadlineKind
from services.intake.people.people import get_person
from services.intake.rules.move import Given, Move, Order
from services.intake.rules.registry import MOVES, allowed
from services.intake.rules.ticket import Ticket
from services.intake.tickets.store import load, lock
from services.intake.tickets.use_cases import decide_and_save
from services.platform.identity import REMINDER_LINK, Signer, questioned

ACTS = tuple(move.name for move in MOVES.values() if move.by_link)


def _known(act: str) -> str:
    if act not in ACTS:
        raise ValueError(f"a link can do: {', '.join(ACTS)}")
    return act


Act = Annotated[str, AfterValidator(_known), WithJsonSchema({"type": "string", "title": "Act", "enum": list(ACTS)})]
"""What a reminder's link can do; each is the move of its name."""


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
    command = _command(MOVES[act], Given(actor, requester.contact()), ticket, until, now)
    return await decide_and_save(connection, ticket, command, now)


def acts(ticket: Ticket) -> list[Act]:
    """The acts that the ticket allows the link now."""
    return [move.name for move in allowed(ticket, staff=False) if move.by_link]


def _command(move: Move, given: Given, ticket: Ticket, until: datetime | None, now: datetime) -> Order:
    if move.body is None or move.order is None:
        raise ValueError(f"a link cannot do {move.name}")
    takes = move.body.model_fields.keys()
    if "until" in takes and (until is None or until > now + POSTPONED_BY_LINK_MAX):
        raise Invalid(f"Say until when, at most {POSTPONED_BY_LINK_MAX.days} days from now.")
    sent = {"step": DeadlineKind.CLOSURE, "until": until}
    body = move.body.model_validate({name: value for name, value in sent.items() if name in takes})
    return move.order(given, body, ticket)
