"""What the HTTP API gives of a ticket's history; a source of its OpenAPI."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.contract.event_data import Actor
from services.contract.limits import FILE_NAME_CHARACTERS_MAX
from services.contract.vocabulary import Channel


class AttachmentOut(BaseModel):
    """A file. `size` is in bytes."""

    id: UUID
    name: str = Field(max_length=FILE_NAME_CHARACTERS_MAX)
    content_type: str
    size: int


class CommentOut(BaseModel):
    """What somebody said. `html` is sanitised, and null for plain text."""

    id: UUID
    public: bool
    text: str
    html: str | None
    channel: Channel
    attachments: list[AttachmentOut]


class HappeningOut(BaseModel):
    """What happened other than words, in the language of the caller (`Accept-Language`, or else the person's), with
    instants in the page's `zone`.

    `facts` depend on `type` (deadline_met: due_at, met_at; for support also policy, because; …).
    """

    type: str
    facts: dict[str, Any]
    sentence: str
    evidence: str = Field(description="Why the clock did it when it did; for support only, empty for what people did.")


class TimelineEntry(BaseModel):
    """A line of the ticket's history."""

    id: int
    at: datetime
    type: str = Field(description="`comment` or `event`", examples=["comment"])
    actor: Actor
    comment: CommentOut | None = None
    event: HappeningOut | None = None


class TimelinePage(BaseModel):
    """The history, oldest first."""

    items: list[TimelineEntry]
    next_cursor: str | None
    zone: str = Field(description="The time zone in which the sentences tell instants.", examples=["Europe/Amsterdam"])
