"""Undoing a bulk: for each command that can be undone, what to keep of a ticket, and the command that restores it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.contract.event_data import Contact
from services.contract.vocabulary import Language, Priority
from services.intake.bulk.actions import WordsIn, Work
from services.intake.people.teams import working_team
from services.intake.rules.commands import Assign, Command, HandOver, Prioritise, Tag, TakeBack
from services.intake.rules.ticket import TeamRef, Ticket
from services.intake.tickets.move_resources import AssignIn, NothingIn, PrioritiseIn, TagIn, TeamIn
from services.intake.tickets.use_cases import assignment
from services.promises.standing import Standing, support_replied

TAKEN_BACK = {
    Language.DUTCH: "De vorige wijziging was een vergissing.",
    Language.ITALIAN: "La modifica precedente era un errore.",
    Language.ENGLISH: "The last change was a mistake.",
}
"""The reason the requester reads when undoing a bulk gives the ticket its former priority back."""


class Former(BaseModel):
    """What is kept of a ticket before a bulk changes it, in order to undo that. JSON-ready."""

    model_config = ConfigDict(frozen=True)

    assignee: Contact | None = None
    team: TeamRef | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    priority: Priority | None = None
    standing: Standing | None = None
    snoozed_by: Contact | None = None


@dataclass(frozen=True)
class Inverse:
    """How a command is undone."""

    keep: Callable[[Any, Ticket, Ticket], Former]
    """Makes what to keep from the command's facts and the ticket before and after the command."""
    order: Callable[[Work, Former, Ticket], Awaitable[Command]]


def is_reversible(command: str) -> bool:
    """Whether the bulk command has an inverse."""
    return command in INVERSES


def former(command: str, facts: Any, before: Ticket, after: Ticket) -> dict[str, Any] | None:
    """What to keep of a ticket the bulk changed; None if the ticket did not change or the command has no inverse."""
    if command not in INVERSES or before == after:
        return None
    return INVERSES[command].keep(facts, before, after).model_dump(mode="json", exclude_defaults=True)


async def inverse(work: Work, kept: dict[str, Any], ticket: Ticket) -> Command:
    """The command that undoes what the bulk did to the ticket, from what was kept of it."""
    return await INVERSES[work.bulk.command].order(work, Former.model_validate(kept), ticket)


async def _assign_back(work: Work, kept: Former, _: Ticket) -> Assign:
    # Look the former assignee up again: they may have left since.
    return await assignment(work.connection, work.by, kept.assignee.person_id if kept.assignee else None)


async def _hand_back(work: Work, kept: Former, ticket: Ticket) -> Command:
    # Check both again: the team may be inactive, the former assignee may have left.
    team = await working_team(work.connection, kept.team.id) if kept.team else None
    to = await _assign_back(work, kept, ticket)
    return HandOver(work.by, TeamRef(id=team.id, name=team.name) if team else None, to.assignee)


async def _tag_back(work: Work, kept: Former, _: Ticket) -> Command:
    return Tag(work.by, add=kept.removed, remove=kept.added)


async def _prioritise_back(work: Work, kept: Former, ticket: Ticket) -> Command:
    return Prioritise(work.by, kept.priority or ticket.priority, TAKEN_BACK[ticket.language])


async def _take_back(work: Work, kept: Former, ticket: Ticket) -> Command:
    return TakeBack(work.by, kept.standing or ticket.standing, kept.assignee, kept.snoozed_by)


def _assignee(_: AssignIn, before: Ticket, __: Ticket) -> Former:
    return Former(assignee=before.assignee)


def _team(_: TeamIn, before: Ticket, __: Ticket) -> Former:
    return Former(team=before.team, assignee=before.assignee)


def _tags(_: TagIn, before: Ticket, after: Ticket) -> Former:
    had, has = set(before.tags), set(after.tags)
    return Former(added=tuple(sorted(has - had)), removed=tuple(sorted(had - has)))


def _priority(_: PrioritiseIn, before: Ticket, __: Ticket) -> Former:
    return Former(priority=before.priority)


def _end(facts: WordsIn | NothingIn, before: Ticket, after: Ticket) -> Former:
    stood = before.standing
    if isinstance(facts, WordsIn) and facts.text is not None:
        # The message sent with the solution stays, so the ticket counts as answered.
        stood = support_replied(stood, after.updated_at)
    return Former(standing=stood, assignee=before.assignee, snoozed_by=before.snoozed_by)


INVERSES = {
    "assign": Inverse(_assignee, _assign_back),
    "team": Inverse(_team, _hand_back),
    "tag": Inverse(_tags, _tag_back),
    "prioritise": Inverse(_priority, _prioritise_back),
    "solve": Inverse(_end, _take_back),
    "solve_incidents": Inverse(_end, _take_back),
    "spam": Inverse(_end, _take_back),
}
