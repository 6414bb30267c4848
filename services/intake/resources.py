"""What the HTTP API takes and gives, as pydantic models with examples: the source of its OpenAPI."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field, StringConstraints

from services.contract import Deadline
from services.deadlines import deadlines, next_deadline
from services.events import Actor, ArticleLink, Contact
from services.intake.attachments import ATTACHMENTS_MAX, FILE_NAME_CHARACTERS_MAX
from services.intake.moves import moves
from services.intake.people import EMAIL_CHARACTERS_MAX, NAME_CHARACTERS_MAX, Person
from services.intake.sessions import PASSWORD_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN
from services.intake.tickets import SUBJECT_CHARACTERS_MAX, TEXT_CHARACTERS_MAX, Rating, Ticket
from services.vocabulary import Channel, ClosedReason, Kind, Language, Priority, Role, Status


def storable(text: str) -> str:
    """Raises ValueError for what PostgreSQL and UTF-8 cannot keep: NUL and lone surrogates."""
    if "\x00" in text:
        raise ValueError("must not hold the NUL character")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("must be valid Unicode, without lone surrogates") from error
    return text


_Storable = AfterValidator(storable)
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_CHARACTERS_MAX), _Storable]
Subject = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=SUBJECT_CHARACTERS_MAX), _Storable
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TEXT_CHARACTERS_MAX), _Storable]
Email = Annotated[EmailStr, StringConstraints(max_length=EMAIL_CHARACTERS_MAX), _Storable]
Password = Annotated[
    str, StringConstraints(min_length=PASSWORD_CHARACTERS_MIN, max_length=PASSWORD_CHARACTERS_MAX), _Storable
]
AnyPassword = Annotated[str, StringConstraints(max_length=PASSWORD_CHARACTERS_MAX), _Storable]
Search = Annotated[str, StringConstraints(max_length=200), _Storable]
Code = Annotated[str, StringConstraints(max_length=2000), _Storable]
Files = Annotated[list[UUID], Field(max_length=ATTACHMENTS_MAX, description="Ids from POST /api/v1/attachments.")]
SURVEY_COMMENT_CHARACTERS_MAX = 5000


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OrganisationOut(BaseModel):
    """A customer whose people see each other's tickets."""

    id: UUID
    name: str


class OrganisationIn(_In):
    """A new or renamed organisation."""

    name: Name = Field(examples=["Bakkerij De Vries"])


class PersonOut(BaseModel):
    """Somebody who asks or answers."""

    id: UUID
    name: str
    email: str | None
    language: Language
    role: Role
    organisation: OrganisationOut | None
    active: bool

    @classmethod
    def of(cls, person: Person) -> "PersonOut":
        """The person without what only intake needs to know."""
        of = person.organisation
        return cls(
            id=person.id,
            name=person.name,
            email=person.email,
            language=person.language,
            role=person.role,
            organisation=OrganisationOut(id=of.id, name=of.name) if of else None,
            active=person.active,
        )


class PersonIn(_In):
    """A new person. Only an admin may add staff."""

    name: Name = Field(examples=["Marieke de Vries"])
    email: Email | None = Field(default=None, examples=["marieke@devries.example"])
    language: Language = Language.ENGLISH
    role: Role = Role.REQUESTER
    organisation_id: UUID | None = None
    password: Password | None = None


class PersonChanges(_In):
    """What to change; what is left out stays."""

    name: Name | None = None
    email: Email | None = None
    language: Language | None = None
    role: Role | None = None
    organisation_id: UUID | None = None
    active: bool | None = None


class OwnChanges(_In):
    """What people change of themselves."""

    name: Name | None = None
    language: Language | None = None


class LogIn(_In):
    """An address and its password."""

    email: AnyPassword = Field(examples=["marieke@devries.example"])
    password: AnyPassword = Field(examples=["correct horse battery"])


class SessionOut(BaseModel):
    """Send `token` as `Authorization: Bearer …` until `expires_at`."""

    token: str
    expires_at: datetime
    person: PersonOut


class PasswordLinkIn(_In):
    """Whom to mail a link to choose a password."""

    email: Email = Field(examples=["marieke@devries.example"])
    name: Name | None = None
    language: Language = Language.ENGLISH


class PasswordIn(_In):
    """The code of the link, and the password chosen."""

    code: Code
    password: Password = Field(examples=["correct horse battery"])


class RequesterIn(_In):
    """For whom a ticket is logged; found by address, added where unknown."""

    name: Name = Field(examples=["Marieke de Vries"])
    email: Email | None = Field(default=None, examples=["marieke@devries.example"])
    language: Language = Language.ENGLISH


class TicketIn(_In):
    """A new ticket. `requester` and `channel` are for staff and services, who log it for somebody."""

    subject: Subject = Field(examples=["The label printer prints nothing"])
    text: Text = Field(examples=["Since this morning the printer in the bakery stays silent."])
    kind: Kind = Kind.QUESTION
    priority: Priority = Priority.LOW
    language: Language | None = Field(default=None, description="The requester's where left out.")
    channel: Channel | None = Field(default=None, description="`web` for people, `api` for services where left out.")
    requester: RequesterIn | None = None
    attachment_ids: Files = []


class MessageIn(_In):
    """Something to say."""

    text: Text = Field(examples=["Is the printer's lamp green?"])
    attachment_ids: Files = []


class OptionalMessageIn(_In):
    """Something to say, or nothing."""

    text: Text | None = Field(default=None, examples=["Update 4.2 mends this; it is installed for you."])
    attachment_ids: Files = []


class AssignIn(_In):
    """Whom to make responsible; null for nobody."""

    assignee_id: UUID | None


class SurveyIn(_In):
    """The answer to the survey, with the code of the link in the mail."""

    code: Code
    good: bool
    comment: Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=SURVEY_COMMENT_CHARACTERS_MAX), _Storable
    ] = ""


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


class TicketSummary(BaseModel):
    """A ticket in a list."""

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
    next_deadline: Deadline | None
    """What the clock does next, by the same function the clock runs on."""

    @classmethod
    def of(cls, ticket: Ticket, organisation_name: str | None) -> "TicketSummary":
        """The ticket as a list shows it."""
        return cls(**_summary(ticket, organisation_name), next_deadline=next_deadline(ticket.snapshot()))


class TicketOut(BaseModel):
    """A ticket. `deadlines` is what the clock will do, `moves` what this caller may do now."""

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
            **_summary(ticket, organisation_name),
            follow_ups=follow_ups,
            deadlines=list(deadlines(ticket.snapshot())),
            moves=list(moves(ticket, staff=staff)),
            suggestions=suggestions,
            rating=ticket.rating,
        )


class TicketPage(BaseModel):
    """Tickets, newest change first. Ask again with `cursor=next_cursor` for more; null ends it."""

    items: list[TicketSummary]
    next_cursor: str | None


class PeoplePage(BaseModel):
    """People by name."""

    items: list[PersonOut]
    next_cursor: str | None


class OrganisationPage(BaseModel):
    """Organisations by name."""

    items: list[OrganisationOut]
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


def _summary(ticket: Ticket, organisation_name: str | None) -> dict[str, Any]:
    own = {name: getattr(ticket, name) for name in TicketSummary.model_fields if name in Ticket.model_fields}
    organisation = (
        OrganisationOut(id=ticket.organisation_id, name=organisation_name or "") if ticket.organisation_id else None
    )
    return {**own, "organisation": organisation}
