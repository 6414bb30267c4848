"""What the HTTP API takes and gives about bulks; with examples, a source of its OpenAPI."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, WithJsonSchema, model_validator

from services.contract.event_data import Actor
from services.contract.limits import BULK_TICKETS_MAX
from services.contract.vocabulary import BulkState, TaskState
from services.intake.bulk.bulks import is_reversible
from services.intake.rules.body import Input, TicketNumber
from services.intake.rules.bulk import PER_SECOND, PER_SECOND_MAX, Bulk, can_undo_until
from services.intake.rules.registry import ASKED_FOR
from services.intake.tickets.ticket_filter import TicketFilter

AskedFor = Annotated[str, WithJsonSchema({"type": "string", "enum": list(ASKED_FOR)})]
"""The commands anybody of support may give; any other is refused, naming these (`bulks.sent_facts`)."""


class BulkIn(Input):
    """A command for many tickets: those named, or those the filter finds when it is given."""

    command: AskedFor
    facts: dict[str, Any] = Field(
        default_factory=dict,
        max_length=10,
        examples=[{"add": ["printer"]}],
        description="What the same move on one ticket takes: assign {assignee_id}, team {team_id}, tag {add, remove}, "
        "prioritise {priority, reason}, solve {text}; close, spam and reopen take nothing.",
    )
    numbers: list[TicketNumber] | None = Field(default=None, min_length=1, max_length=BULK_TICKETS_MAX)
    filter: TicketFilter | None = None
    per_second: Annotated[int, Field(ge=1, le=PER_SECOND_MAX)] = PER_SECOND

    @model_validator(mode="after")
    def _say_which(self) -> Self:
        if (self.numbers is None) == (self.filter is None):
            raise ValueError("give either numbers or a filter")
        if self.filter is not None and not self.filter.model_dump(exclude_defaults=True):
            # An empty filter is every ticket there is, and more likely a mistake than a wish.
            raise ValueError("give the filter at least one condition: without any it finds every ticket")
        return self


class BulkOut(BaseModel):
    """A bulk. `done`, `refused`, `undone`, `kept` and `pending` add up to `total`."""

    id: UUID
    command: str
    facts: dict[str, Any]
    state: BulkState
    by: Actor
    undone_by: Actor | None
    created_at: datetime
    finished_at: datetime | None
    total: int
    done: int
    refused: int
    undone: int
    kept: int = Field(description="Done, and not undone with the others: the ticket was changed since.")
    pending: int
    per_second: int
    can_undo_until: datetime | None

    @classmethod
    def of(cls, bulk: Bulk) -> "BulkOut":
        """The bulk as it stands."""
        until = can_undo_until(bulk, reversible=is_reversible(bulk.command))
        own = {name: getattr(bulk, name) for name in cls.model_fields if name != "can_undo_until"}
        return cls(**own, can_undo_until=until)


class BulkPage(BaseModel):
    """Bulks, newest first. Ask again with `cursor=next_cursor` for more; null ends it."""

    items: list[BulkOut]
    next_cursor: str | None


class BulkTicketOut(BaseModel):
    """What became of the command on one ticket."""

    number: int
    subject: str | None = Field(description="null where there is no such ticket")
    state: TaskState
    sentence: str | None = Field(description="Why it was refused, or not undone.")
    version: int | None = Field(description="The ticket's, as the bulk left it.")
    at: datetime | None


class BulkTicketPage(BaseModel):
    """A bulk's tickets, in the order of their numbers."""

    items: list[BulkTicketOut]
    next_cursor: str | None
