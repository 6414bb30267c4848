"""What the HTTP API takes and gives about tickets; with examples, the source of its OpenAPI."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.contract import Deadline
from services.deadlines import next_deadline
from services.event_data import Actor, Contact
from services.events import ArticleLink
from services.intake.attachments import ATTACHMENTS_MAX, FILE_NAME_CHARACTERS_MAX
from services.intake.input import Code, Email, Input, Name, Subject, SurveyComment, Text
from services.intake.moves import moves
from services.intake.people_resources import OrganisationOut
from services.intake.tickets import Rating, Ticket
from services.vocabulary import Channel, ClosedReason, Kind, Language, Priority, Status

Files = Annotated[list[UUID], Field(max_length=ATTACHMENTS_MAX, description="Ids from POST /api/v1/attachments.")]


class RequesterIn(Input):
    """For whom a ticket is logged; found by address, added where unknown."""

    name: Name = Field(examples=["Marieke de Vries"])
    email: Email | None = Field(default=None, examples=["marieke@devries.example"])
    language: Language = Language.ENGLISH


class TicketIn(Input):
    """A new ticket. `requester` and `channel` are for staff and services, who log it for somebody."""

    subject: Subject = Field(examples=["The label printer prints nothing"])
    text: Text = Field(examples=["Since this morning the printer in the bakery stays silent."])
    kind: Kind = Kind.QUESTION
    priority: Priority = Priority.LOW
    language: Language | None = Field(default=None, description="The requester's where left out.")
    channel: Channel | None = Field(default=None, description="`web` for people, `api` for services where left out.")
    requester: RequesterIn | None = None
    attachment_ids: Files = Field(default_factory=list)


class MessageIn(Input):
    """Something to say."""

    text: Text = Field(examples=["Is the printer's lamp green?"])
    attachment_ids: Files = Field(default_factory=list)


class OptionalMessageIn(Input):
    """Something to say, or nothing."""

    text: Text | None = Field(default=None, examples=["Update 4.2 mends this; it is installed for you."])
    attachment_ids: Files = Field(default_factory=list)


class AssignIn(Input):
    """Whom to make responsible; null for nobody."""

    assignee_id: UUID | None


class SurveyIn(Input):
    """The answer to the survey, with the code of the link in the mail."""

    code: Code
    good: bool
    comment: SurveyComment = ""


class SurveyOut(BaseModel):
    """What the survey is about, and the answer so far."""

    number: int
    subject: str
    good: bool | None


class AttachmentOut(BaseModel):
    """A file. `size` is in bytes."""

    id: UUID
    name: str = Field(max_length=FILE_NAME_CHARACTERS_MAX)
    content_type: str
    size: int


class _TicketFacts(BaseModel):
    number: int
    version: int
    subject: str
    status: Status
    closed_reason: ClosedReason | None
    kind: Kind
    priority: Priority
    channel: Channel
    language: Language
    requester: Contact
    assignee: Contact | None
    organisation: OrganisationOut | None
    opened_at: datetime
    updated_at: datetime
    asked_at: datetime | None
    solved_at: datetime | None
    reopened: int
    follow_up_of: int | None


class TicketSummary(_TicketFacts):
    """A ticket in a list."""

    next_deadline: Deadline | None
    """What the clock does next, by the same function the clock runs on."""

    @classmethod
    def of(cls, ticket: Ticket, organisation_name: str | None) -> "TicketSummary":
        """The ticket as a list shows it."""
        return cls(**_facts(ticket, organisation_name), next_deadline=next_deadline(ticket.standing, ticket.policy))


class TicketOut(_TicketFacts):
    """A ticket. `deadlines` is what the clock will do, `moves` what this caller may do now."""

    follow_ups: list[int]
    deadlines: list[Deadline]
    moves: list[str]
    suggestions: list[ArticleLink]
    rating: Rating | None

    @classmethod
    def of(
        cls,
        ticket: Ticket,
        *,
        staff: bool,
        organisation_name: str | None,
        follow_ups: list[int],
        suggestions: list[ArticleLink],
    ) -> "TicketOut":
        """The ticket as one of this side sees it."""
        return cls(
            **_facts(ticket, organisation_name),
            follow_ups=follow_ups,
            deadlines=list(ticket.deadlines),
            moves=list(moves(ticket, staff=staff)),
            suggestions=suggestions,
            rating=ticket.rating,
        )


class TicketPage(BaseModel):
    """Tickets, newest change first. Ask again with `cursor=next_cursor` for more; null ends it."""

    items: list[TicketSummary]
    next_cursor: str | None


class ViewOut(BaseModel):
    """How many tickets a view holds; counting stops at 1000."""

    name: str
    count: int


class Views(BaseModel):
    """The desk's views."""

    items: list[ViewOut]


class CommentOut(BaseModel):
    """What somebody said. `html` is sanitised, and null for plain text."""

    id: UUID
    public: bool
    text: str
    html: str | None
    channel: Channel
    attachments: list[AttachmentOut]


class HappeningOut(BaseModel):
    """What happened other than words: `facts` depend on `type` (deadline_met: due_at, met_at, policy, …)."""

    type: str
    facts: dict[str, Any]


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


def _facts(ticket: Ticket, organisation_name: str | None) -> dict[str, Any]:
    own = {name: getattr(ticket, name) for name in _TicketFacts.model_fields if name != "organisation"}
    organisation = (
        OrganisationOut(id=ticket.organisation_id, name=organisation_name or "") if ticket.organisation_id else None
    )
    return {**own, "organisation": organisation}
