"""Tag: add and remove tags. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from services.contract.errors import Invalid
from services.contract.limits import TAG_CHARACTERS_MAX, TAGS_MAX
from services.contract.moves import Shown
from services.contract.storable import Storable
from services.intake.history.shared_lines import Changed
from services.intake.history.stored import Stored
from services.intake.rules.body import Input
from services.intake.rules.decision import changed, next_version
from services.intake.rules.move import ABOUT, FINALISED, MERGED, Given, Many, Move, Order, Undo
from services.intake.rules.ticket import Decision, Ticket

TagName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=TAG_CHARACTERS_MAX),
    Storable,
]


@dataclass(frozen=True)
class Tag(Order):
    """Add and remove tags."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class TagIn(Input):
    """Tags to add and to remove."""

    add: list[TagName] = Field(default_factory=list, max_length=TAGS_MAX, examples=[["printer"]])
    remove: list[TagName] = Field(default_factory=list, max_length=TAGS_MAX)


class TagKept(Stored):
    """Tags to add and to remove."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()


class TagsBefore(Stored):
    """The tags that the ticket got, and those it lost."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def tag(command: Tag, ticket: Ticket, now: datetime) -> Decision:
    """Add and remove tags. Tags are lower-case and kept sorted. Raises Invalid above `TAGS_MAX`."""
    wanted = {each.strip().lower() for each in command.add} - {""}
    gone = {each.strip().lower() for each in command.remove}
    tags = tuple(sorted((set(ticket.tags) | wanted) - gone))
    if len(tags) > TAGS_MAX:
        raise Invalid(f"A ticket has at most {TAGS_MAX} tags.")
    if tags == ticket.tags:
        return Decision(ticket)
    had, has = set(ticket.tags), set(tags)
    line = Changed(added=tuple(sorted(has - had)), removed=tuple(sorted(had - has)))
    return changed(next_version(ticket, now, tags=tags), command.by, ("tags",), line)


def _of_many(given: Given, facts: TagKept, _ticket: Ticket) -> Tag:
    return Tag(given.by, facts.add, facts.remove)


def _must_do_something(facts: TagKept) -> None:
    if not facts.add and not facts.remove:
        raise Invalid("Name a tag to add or to remove.")


def _keep(_facts: TagKept, before: Ticket, after: Ticket) -> TagsBefore:
    had, has = set(before.tags), set(after.tags)
    return TagsBefore(added=tuple(sorted(has - had)), removed=tuple(sorted(had - has)))


def _back(given: Given, former: TagsBefore, _ticket: Ticket) -> Tag:
    return Tag(given.by, add=former.removed, remove=former.added)


MOVE = Move(
    name="tag",
    place=90,
    summary="Add and remove tags",
    description="Support staff and services. What is in both lists is removed.",
    command=Tag,
    rule=tag,
    staff=ABOUT | {FINALISED, MERGED},
    body=TagIn,
    order=lambda given, body, _: Tag(given.by, tuple(body.add), tuple(body.remove)),
    many=(Many("tag", TagKept, _of_many, body=TagIn, check=_must_do_something, undo=Undo(TagsBefore, _keep, _back)),),
    shown=Shown.ACTION,
    key="t",
)
