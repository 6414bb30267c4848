"""The commands a bulk can carry out: for each, its facts, and how the order for one ticket is made from them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid5

from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Invalid, MoveRefused
from services.contract.event_data import Actor
from services.contract.vocabulary import Channel, DeadlineKind, Status
from services.intake.agreements.promises import terms_of
from services.intake.people.people import get_person
from services.intake.people.teams import handover, working_team
from services.intake.rules.bulk import Bulk
from services.intake.rules.commands import Command, DoNow, MarkSpam, Prioritise, Reopen, Replan, Ship, Solve, Tag
from services.intake.rules.contracts import Terms
from services.intake.rules.ticket import Message, Ticket
from services.intake.tickets.input import NUMBER_MAX, Input, Text
from services.intake.tickets.move_resources import (
    AssignIn,
    Note,
    NothingIn,
    PrioritiseIn,
    ReleaseName,
    Sentence,
    TagIn,
    TeamIn,
)
from services.intake.tickets.use_cases import assignment

CLOSING_STEP = {Status.PENDING: DeadlineKind.CLOSURE, Status.SOLVED: DeadlineKind.FINALISATION}
"""The automatic step that closes a ticket, by status. The bulk command `close` carries out this step now."""


class WordsIn(Input):
    """The message to send on every ticket, or none."""

    text: Text | None = None


class IncidentsIn(WordsIn):
    """The problem (a ticket number) whose incidents are solved, and the message to send on each."""

    problem: Annotated[int, Field(ge=1, le=NUMBER_MAX)]


class ReleaseIn(Input):
    """The release that is out, and a note about what it brings."""

    release: ReleaseName
    note: Note = ""


class BecauseIn(Input):
    """Why tickets are re-planned, as one sentence."""

    because: Sentence


@dataclass(frozen=True)
class Work:
    """What is needed to make the command for a ticket, in the transaction that carries it out."""

    connection: AsyncConnection
    bulk: Bulk
    standard: Terms
    """The terms for customers without a contract."""
    now: datetime

    @property
    def by(self) -> Actor:
        """In whose name the bulk changes tickets."""
        return self.bulk.acts_for


@dataclass(frozen=True)
class BulkCommand:
    """A command of bulks: the facts it takes, and the function that makes the order for a ticket from them."""

    facts: type[BaseModel]
    order: Callable[[Work, Any, Ticket], Awaitable[Command]]
    may_be_asked_for: bool = True
    """Whether support may start it as a bulk; if not, another act starts it, such as shipping a release."""


def known_facts(command: str, facts: dict[str, Any]) -> Any:
    """The facts as the model of this command. Raises Invalid for an unknown command, or naming the wrong facts."""
    if command not in COMMANDS:
        raise Invalid(f"There is no bulk command '{command}'; there are: {', '.join(sorted(COMMANDS))}.")
    try:
        return COMMANDS[command].facts.model_validate(facts)
    except ValidationError as error:
        wrong = [(".".join(("facts", *map(str, each["loc"]))), each["msg"]) for each in error.errors()]
        fields = [{"field": field, "message": message} for field, message in wrong]
        raise Invalid(f"Mend these and send it again: {', '.join(name for name, _ in wrong)}.", fields=fields) from None


async def must_make_sense(connection: AsyncConnection, by: Actor, facts: Any) -> None:
    """Check a bulk's facts once, before it starts, instead of refusing every ticket.

    Raises Invalid for a person or team that cannot be given tickets, and for no tag to add or remove.
    """
    if isinstance(facts, AssignIn):
        await assignment(connection, by, facts.assignee_id)
    if isinstance(facts, TeamIn) and facts.team_id is not None:
        await working_team(connection, facts.team_id)
    if isinstance(facts, TagIn) and not facts.add and not facts.remove:
        raise Invalid("Name a tag to add or to remove.")


async def _assign(work: Work, facts: AssignIn, _: Ticket) -> Command:
    return await assignment(work.connection, work.by, facts.assignee_id)


async def _hand_over(work: Work, facts: TeamIn, ticket: Ticket) -> Command:
    return await handover(work.connection, work.by, facts.team_id, work.now, ticket.team)


async def _tag(work: Work, facts: TagIn, _: Ticket) -> Command:
    return Tag(work.by, tuple(facts.add), tuple(facts.remove))


async def _prioritise(work: Work, facts: PrioritiseIn, _: Ticket) -> Command:
    return Prioritise(work.by, facts.priority, facts.reason)


async def _solve(work: Work, facts: WordsIn, ticket: Ticket) -> Command:
    problem = facts.problem if isinstance(facts, IncidentsIn) else None
    if problem is not None and ticket.problem != problem:
        raise MoveRefused(f"Ticket {ticket.number} is no incident of ticket {problem} any more.")
    person_id = work.by.person_id
    solver = (await get_person(work.connection, person_id)).contact() if person_id else None
    return Solve(work.by, solver, _message(work, facts, ticket), problem)


async def _close(work: Work, _: NothingIn, ticket: Ticket) -> Command:
    step = CLOSING_STEP.get(ticket.status)
    if step is None:
        raise MoveRefused(
            f"Ticket {ticket.number} is {ticket.status}: only a pending or a solved one can be closed; solve it first."
        )
    return DoNow(work.by, step)


async def _mark_spam(work: Work, _: NothingIn, __: Ticket) -> Command:
    return MarkSpam(work.by)


async def _reopen(work: Work, _: NothingIn, __: Ticket) -> Command:
    return Reopen(work.by)


async def _ship(work: Work, facts: ReleaseIn, ticket: Ticket) -> Command:
    if ticket.parking is None or ticket.parking.release != facts.release:
        raise MoveRefused(f"Ticket {ticket.number} is not planned in release {facts.release} any more.")
    return Ship(work.by, facts.release, facts.note)


async def _replan(work: Work, facts: BecauseIn, ticket: Ticket) -> Command:
    if ticket.status is Status.CLOSED:
        raise MoveRefused(f"Ticket {ticket.number} is closed: nothing is promised about it any more.")
    terms = await terms_of(work.connection, ticket.organisation_id, work.standard)
    return Replan(work.by, terms.policy(work.now), facts.because)


def _message(work: Work, facts: WordsIn, ticket: Ticket) -> Message | None:
    if facts.text is None:
        return None
    channel = Channel.WEB if work.by.person_id else Channel.API
    return Message(comment_id=uuid5(work.bulk.id, str(ticket.number)), text=facts.text, channel=channel)


COMMANDS = {
    "assign": BulkCommand(AssignIn, _assign),
    "team": BulkCommand(TeamIn, _hand_over),
    "tag": BulkCommand(TagIn, _tag),
    "prioritise": BulkCommand(PrioritiseIn, _prioritise),
    "solve": BulkCommand(WordsIn, _solve),
    "close": BulkCommand(NothingIn, _close),
    "spam": BulkCommand(NothingIn, _mark_spam),
    "reopen": BulkCommand(NothingIn, _reopen),
    "ship": BulkCommand(ReleaseIn, _ship, may_be_asked_for=False),
    "solve_incidents": BulkCommand(IncidentsIn, _solve, may_be_asked_for=False),
    "replan": BulkCommand(BecauseIn, _replan, may_be_asked_for=False),
}
"""Bulk commands by their name in the API and in table `bulk`."""
