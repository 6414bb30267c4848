"""Makes the command of a move: from what was sent, or from what a bulk keeps. Looks up what the command needs.

Most moves make their command themselves (`rules/moves/`). Here are those that need the database for it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Invalid, MoveRefused, NotFound
from services.contract.event_data import Actor, Contact
from services.contract.vocabulary import STAFF, Channel, Status
from services.intake.agreements.products import corrected
from services.intake.agreements.promises import terms_of
from services.intake.people.people import get_person
from services.intake.people.teams import handover, working_team
from services.intake.rules.body import Input, MessageIn, OptionalMessageIn
from services.intake.rules.contracts import Terms
from services.intake.rules.many import WordsKept
from services.intake.rules.move import Given, Many, Move, Order
from services.intake.rules.moves.assign import Assign, AssigneeBefore, AssignIn, AssignKept
from services.intake.rules.moves.change import Change, ChangeIn
from services.intake.rules.moves.link_problem import LinkProblem, LinkProblemIn
from services.intake.rules.moves.replan import BecauseKept, Replan
from services.intake.rules.moves.share import Share, ShareIn
from services.intake.rules.moves.team import HandOver, TeamBefore, TeamIn, TeamKept
from services.intake.rules.ticket import Message, TeamRef, Ticket
from services.intake.tickets.access import COLLEAGUES, Party
from services.intake.tickets.messages import Draft, message_of
from services.intake.tickets.store import load
from services.promises.standing import ENDED


@dataclass(frozen=True)
class Making:
    """What is needed to make a command for a locked ticket, in the transaction that carries it out."""

    connection: AsyncConnection
    by: Actor
    who: Contact | None
    """The person who gives it; None for another service."""
    standard: Terms
    """The terms for customers without a contract."""
    now: datetime


async def asked(making: Making, party: Party, move: Move, body: Input, ticket: Ticket) -> Order:
    """The command of a move, from what was sent for this ticket.

    Raises Invalid for a body that cannot be carried out, NotFound for an unknown person or team.
    """
    if maker := _FROM_BODY.get(move.name):
        return await maker(making, body, ticket)
    if move.order is None:
        raise ValueError(f"nothing makes the command of {move.name}")
    message = await _message(making.connection, party, body)
    return move.order(Given(making.by, making.who, message), body, ticket)


async def of_many(making: Making, bulk_id: UUID, many: Many, facts: Any, ticket: Ticket) -> Order:
    """The command of a bulk for this ticket, from what the bulk's row keeps. Raises MoveRefused, Invalid, NotFound."""
    if maker := _FROM_FACTS.get(many.name):
        return await maker(making, facts, ticket)
    if many.order is None:
        raise ValueError(f"nothing makes the command of the bulk {many.name}")
    return many.order(Given(making.by, making.who, _words_of_many(making, bulk_id, facts, ticket)), facts, ticket)


async def undoing(making: Making, many: Many, kept: Mapping[str, Any], ticket: Ticket) -> Order:
    """The command that undoes what a bulk did to this ticket, from what was kept of it. Raises Invalid, NotFound."""
    if many.undo is None:
        raise ValueError(f"the bulk {many.name} cannot be undone")
    former = many.undo.former.read(kept)
    if maker := _BACK.get(many.name):
        return await maker(making, former, ticket)
    if many.undo.order is None:
        raise ValueError(f"nothing undoes the bulk {many.name}")
    return many.undo.order(Given(making.by, making.who), former, ticket)


async def must_make_sense(connection: AsyncConnection, by: Actor, many: Many, facts: Any) -> None:
    """Check a bulk's facts once, before it starts, instead of refusing every ticket.

    Raises Invalid or NotFound for a person or team that cannot be given tickets, and what the move's own check raises.
    """
    if many.check is not None:
        many.check(facts)
    if isinstance(facts, AssignKept):
        await _assignment(connection, by, facts.assignee_id)
    if isinstance(facts, TeamKept) and facts.team_id is not None:
        await working_team(connection, facts.team_id)


async def _message(connection: AsyncConnection, party: Party, body: Input) -> Message | None:
    if not isinstance(body, MessageIn | OptionalMessageIn):
        return None
    if body.text is None:
        if body.attachment_ids:
            raise Invalid("Say something with the files you send.")
        return None
    return await message_of(connection, draft_of(party, body), party.uploader)


def draft_of(party: Party, body: MessageIn | OptionalMessageIn) -> Draft:
    """The message in the body as a draft, with channel web for a person and API for a service."""
    channel = Channel.WEB if party.person else Channel.API
    return Draft(body.text or "", attachment_ids=tuple(body.attachment_ids), channel=channel)


def _words_of_many(making: Making, bulk_id: UUID, facts: Any, ticket: Ticket) -> Message | None:
    if not isinstance(facts, WordsKept) or facts.text is None:
        return None
    channel = Channel.WEB if making.by.person_id else Channel.API
    return Message(comment_id=uuid5(bulk_id, str(ticket.number)), text=facts.text, channel=channel)


async def _assignment(connection: AsyncConnection, by: Actor, assignee_id: UUID | None) -> Assign:
    if assignee_id is None:
        return Assign(by, None)
    assignee = await get_person(connection, assignee_id)
    if assignee.role not in STAFF or not assignee.active:
        raise Invalid(f"{assignee.name} is not of support (any more); choose an agent.")
    return Assign(by, assignee.contact())


async def _assign(making: Making, body: AssignIn | AssignKept, _: Ticket) -> Assign:
    return await _assignment(making.connection, making.by, body.assignee_id)


async def _assign_back(making: Making, former: AssigneeBefore, _: Ticket) -> Assign:
    # Look the former assignee up again: they may have left since.
    return await _assignment(making.connection, making.by, former.assignee.person_id if former.assignee else None)


async def _hand_over(making: Making, body: TeamIn | TeamKept, ticket: Ticket) -> HandOver:
    return await handover(making.connection, making.by, body.team_id, making.now, ticket.team)


async def _hand_back(making: Making, former: TeamBefore, ticket: Ticket) -> HandOver:
    # Check both again: the team may be inactive, the former assignee may have left.
    team = await working_team(making.connection, former.team.id) if former.team else None
    to = await _assign_back(making, AssigneeBefore(assignee=former.assignee), ticket)
    return HandOver(making.by, TeamRef(id=team.id, name=team.name) if team else None, to.assignee)


async def _change(making: Making, body: ChangeIn, ticket: Ticket) -> Change:
    product, fields = await corrected(making.connection, ticket.product, body.product_id, body.fields)
    return Change(making.by, body.subject, body.kind, product, fields)


async def _link_problem(making: Making, body: LinkProblemIn, _: Ticket) -> LinkProblem:
    """Chains and circles of problems are not allowed: a problem is at work, and no incident itself."""
    if body.problem is not None:
        try:
            found = await load(making.connection, body.problem)
        except NotFound as error:
            raise Invalid(f"{error.detail} Name the ticket of the problem.") from error
        if found.status in ENDED:
            raise Invalid(f"Ticket {body.problem} is {found.status}: a problem with incidents is one still at work.")
        if found.problem is not None:
            raise Invalid(f"Ticket {body.problem} is an incident of {found.problem} itself; name that one.")
    return LinkProblem(making.by, body.problem)


async def _share(making: Making, body: ShareIn, _: Ticket) -> Share:
    colleague = await get_person(making.connection, body.person_id)
    if body.shared and (colleague.role not in COLLEAGUES or not colleague.active):
        raise Invalid(f"{colleague.name} is no colleague (any more): a ticket with its notes stays in the house.")
    return Share(making.by, colleague.contact(), body.shared)


async def _replan(making: Making, facts: BecauseKept, ticket: Ticket) -> Replan:
    if ticket.status is Status.CLOSED:
        raise MoveRefused(f"Ticket {ticket.number} is closed: nothing is promised about it any more.")
    terms = await terms_of(making.connection, ticket.organisation_id, making.standard)
    return Replan(making.by, terms.policy(making.now), facts.because)


_Maker = Callable[[Making, Any, Ticket], Awaitable[Order]]
_FROM_BODY: Mapping[str, _Maker] = {
    "assign": _assign,
    "team": _hand_over,
    "change": _change,
    "link_problem": _link_problem,
    "share": _share,
}
"""By move."""
_FROM_FACTS: Mapping[str, _Maker] = {"assign": _assign, "team": _hand_over, "replan": _replan}
"""By the bulk's command."""
_BACK: Mapping[str, _Maker] = {"assign": _assign_back, "team": _hand_back}
"""By the bulk's command."""
