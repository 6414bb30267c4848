"""What the HTTP API takes and gives about tickets; with examples, the source of its OpenAPI."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from services.contract.event_data import Contact
from services.contract.events import ArticleLink
from services.contract.limits import FIELDS_MAX, TAGS_MAX
from services.contract.temporal import Deadline
from services.contract.vocabulary import STEPS, Channel, ClosedReason, Effort, Kind, Language, Metric, Priority, Status
from services.intake.api.people_resources import OrganisationOut
from services.intake.rules.body import Files, Input, Subject, Text
from services.intake.rules.moves.change import FieldKey, FieldText
from services.intake.rules.moves.tag import TagName
from services.intake.rules.ticket import Parking, ProductRef, Rating, TeamRef, Ticket
from services.intake.tickets.access import Party
from services.intake.tickets.input import Email, Name
from services.promises.sla import Measure, PromiseState, measures, next_breach
from services.promises.working_time import Counted


class RequesterIn(Input):
    """For whom a ticket is logged; found by address, added where unknown."""

    name: Name = Field(examples=["Marieke de Vries"])
    email: Email | None = Field(default=None, examples=["marieke@devries.example"])
    language: Language = Language.ENGLISH


class TicketIn(Input):
    """A new ticket. `requester`, `channel`, `tags` and `team_id` are for staff and services."""

    subject: Subject = Field(examples=["The label printer prints nothing"])
    text: Text = Field(examples=["Since this morning the printer in the bakery stays silent."])
    kind: Kind = Kind.QUESTION
    priority: Priority = Priority.LOW
    language: Language | None = Field(default=None, description="The requester's where left out.")
    channel: Channel | None = Field(default=None, description="`web` for people, `api` for services where left out.")
    requester: RequesterIn | None = None
    attachment_ids: Files = Field(default_factory=list)
    product_id: UUID | None = Field(default=None, description="One of GET /api/v1/products/mine.")
    fields: dict[FieldKey, FieldText] = Field(
        default_factory=dict,
        max_length=FIELDS_MAX,
        examples=[{}],
        description="What the product's form asks, by key. `errors` of a refusal name each field and its problem.",
    )
    tags: list[TagName] = Field(default_factory=list, max_length=TAGS_MAX, description="For staff and services.")
    team_id: UUID | None = Field(default=None, description="For staff and services; its round robin finds an agent.")


class SurveyOut(BaseModel):
    """What the survey is about, and the answer so far."""

    number: int
    subject: str
    good: bool | None


class ParkingOut(BaseModel):
    """What the product director decides on. `note` is for those who see internal notes."""

    workaround: bool
    effort: Effort
    note: str | None
    at: datetime
    release: str | None


class NextBreachOut(BaseModel):
    """The promise that breaks first, or broke and is not kept yet."""

    metric: Metric
    breach_at: datetime
    remaining_seconds: int = Field(description="As the promise is counted; negative once it is broken.")


class PromiseOut(BaseModel):
    """A promise as it stands now. Seconds are of the time it is counted in."""

    metric: Metric
    target_seconds: int
    counted: Counted
    spent_seconds: int
    remaining_seconds: int
    breach_at: datetime | None = Field(description="When it breaks or broke; null once met, or while its clock stands.")
    state: PromiseState

    @classmethod
    def of(cls, measure: Measure) -> "PromiseOut":
        """The measure in seconds."""
        return cls(
            metric=measure.metric,
            target_seconds=_seconds(measure.target.length),
            counted=measure.target.counted,
            spent_seconds=_seconds(measure.spent),
            remaining_seconds=_seconds(measure.remaining),
            breach_at=measure.breach_at,
            state=measure.state,
        )


class _TicketFacts(BaseModel):
    number: int
    version: int
    subject: str
    status: Status
    closed_reason: ClosedReason | None
    kind: Kind
    priority: Priority
    asked_priority: Priority
    channel: Channel
    language: Language
    requester: Contact
    assignee: Contact | None
    organisation: OrganisationOut | None
    team: TeamRef | None
    product: ProductRef | None
    tags: list[str] = Field(description="For support only.")
    opened_at: datetime
    updated_at: datetime
    asked_at: datetime | None
    solved_at: datetime | None
    snoozed_until: datetime | None = Field(description="For support only.")
    next_breach: NextBreachOut | None = Field(description="For support only.")
    reopened: int
    follow_up_of: int | None


class TicketSummary(_TicketFacts):
    """A ticket in a list."""

    next_deadline: Deadline | None
    """What the clock does next, by the same function the clock runs on."""

    @classmethod
    def of(cls, ticket: Ticket, party: Party, organisation_name: str | None, now: datetime) -> "TicketSummary":
        """The ticket as a list shows it to this party at `now`."""
        coming = _deadlines(ticket, party)
        return cls(**_facts(ticket, party, organisation_name, now), next_deadline=coming[0] if coming else None)


@dataclass(frozen=True)
class Links:
    """What a ticket is connected with, besides what it says itself."""

    organisation_name: str | None
    follow_ups: list[int]
    merged: list[int]
    incidents: list[int]
    suggestions: list[ArticleLink]


class TicketOut(_TicketFacts):
    """A ticket. `deadlines` is what the clock will do, `moves` what this caller may do now."""

    follow_ups: list[int]
    merged_into: int | None
    merged: list[int] = Field(description="The tickets that go on as this one: what was said there belongs here.")
    problem: int | None = Field(description="The ticket of the problem behind this incident; for support only.")
    incidents: list[int] = Field(description="The tickets this one is the problem behind; for support only.")
    fields: dict[str, str] = Field(description="What the product's form asked, by the field's key.")
    parking: ParkingOut | None
    snoozed_by: Contact | None = Field(description="For support only.")
    lowered: int
    followers: list[Contact]
    colleagues: list[Contact] = Field(description="With whom it is shared; for those who see internal notes.")
    promises: list[PromiseOut] = Field(description="Every promise that has begun to count; for support only.")
    calendar_zone: str | None = Field(description="The time zone in which its working time counts; for support only.")
    deadlines: list[Deadline]
    moves: list[str]
    suggestions: list[ArticleLink]
    rating: Rating | None

    @classmethod
    def of(cls, ticket: Ticket, party: Party, links: Links, now: datetime) -> "TicketOut":
        """The ticket as this party sees it at `now`."""
        inside = party.sees_notes(ticket)
        promised = measures(ticket.standing, ticket.policy, now) if party.is_staff else ()
        return cls(
            **_facts(ticket, party, links.organisation_name, now),
            follow_ups=links.follow_ups,
            merged_into=ticket.merged_into,
            merged=links.merged,
            problem=ticket.problem if party.is_staff else None,
            incidents=links.incidents if party.is_staff else [],
            fields=ticket.fields,
            parking=_parking(ticket.parking, inside=inside) if ticket.parking else None,
            snoozed_by=ticket.snoozed_by if party.is_staff else None,
            lowered=ticket.lowered,
            followers=list(ticket.followers),
            colleagues=list(ticket.colleagues) if inside else [],
            promises=[PromiseOut.of(each) for each in promised],
            calendar_zone=ticket.policy.calendar.zone if party.is_staff else None,
            deadlines=_deadlines(ticket, party),
            moves=list(party.moves(ticket)),
            suggestions=links.suggestions,
            rating=ticket.rating,
        )


class TicketPage(BaseModel):
    """Tickets, in the order asked for. Ask again with `cursor=next_cursor` for more; null ends it."""

    items: list[TicketSummary]
    next_cursor: str | None


class ViewOut(BaseModel):
    """How many tickets a view holds; counting stops at 1000."""

    name: str
    count: int


class Views(BaseModel):
    """The desk's views."""

    items: list[ViewOut]


_NOT_AS_IT_IS = frozenset({"organisation", "tags", "snoozed_until", "next_breach"})


def _facts(ticket: Ticket, party: Party, organisation_name: str | None, now: datetime) -> dict[str, Any]:
    own = {name: getattr(ticket, name) for name in _TicketFacts.model_fields if name not in _NOT_AS_IT_IS}
    organisation = (
        OrganisationOut(id=ticket.organisation_id, name=organisation_name or "") if ticket.organisation_id else None
    )
    desks: dict[str, Any] = {"tags": [], "snoozed_until": None, "next_breach": None}
    if party.is_staff:
        desks = {
            "tags": list(ticket.tags),
            "snoozed_until": ticket.standing.snoozed_until,
            "next_breach": _next_breach(ticket, now),
        }
    return {**own, **desks, "organisation": organisation}


def _next_breach(ticket: Ticket, now: datetime) -> NextBreachOut | None:
    found = next_breach(ticket.standing, ticket.policy)
    if found is None:
        return None
    metric, breach_at = found
    measure = next(each for each in measures(ticket.standing, ticket.policy, now) if each.metric is metric)
    return NextBreachOut(metric=metric, breach_at=breach_at, remaining_seconds=_seconds(measure.remaining))


def _deadlines(ticket: Ticket, party: Party) -> list[Deadline]:
    """Requesters are shown the steps that come to them: neither promises nor what reminds support."""
    return [each for each in ticket.deadlines if party.is_staff or each.kind in STEPS]


def _parking(parking: Parking, *, inside: bool) -> ParkingOut:
    shown = parking.model_dump(exclude={"note"})
    return ParkingOut(**shown, note=parking.note if inside else None)


def _seconds(length: timedelta) -> int:
    return round(length.total_seconds())
