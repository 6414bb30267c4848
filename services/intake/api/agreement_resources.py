"""What the HTTP API takes and gives about what a desk agrees on; with examples, the source of its OpenAPI."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.contract.limits import CONTRACT_PRODUCTS_MAX, TEAM_MEMBERS_MAX
from services.intake.agreements.agreements import Agreement, KeptCalendar, KeptContract
from services.intake.agreements.products import Product
from services.intake.people.teams import Team, TeamFacts
from services.intake.rules.body import Input
from services.intake.rules.contracts import CalendarTerms, ContractTerms, Terms
from services.intake.rules.forms import Fields, FormField
from services.intake.tickets.input import Name
from services.platform.idempotency import JsonAnswer


class Kept(BaseModel):
    """Something with a name and a version, which is its ETag."""

    id: UUID
    name: str
    version: int

    def answer(self, status: int = 200, **headers: str) -> JsonAnswer:
        """With its ETag."""
        return JsonAnswer(status, self.model_dump(mode="json"), {"ETag": f'"{self.version}"', **headers})


class CalendarIn(Input):
    """When the desk works for somebody."""

    name: Name = Field(examples=["Kantooruren Nederland"])
    terms: CalendarTerms = CalendarTerms()


class CalendarOut(Kept):
    """A calendar."""

    terms: CalendarTerms

    @classmethod
    def of(cls, kept: KeptCalendar) -> "CalendarOut":
        """The calendar as it is kept."""
        return cls(id=kept.id, name=kept.name, version=kept.version, terms=kept.terms)


class ContractIn(Input):
    """What was promised to one or more organisations. Durations are ISO 8601, as in PT4H or P14D."""

    name: Name = Field(examples=["Bakkers 2027"])
    terms: ContractTerms = Field(
        default=ContractTerms(),
        examples=[
            {
                "targets": [
                    {"metric": "first_reply", "within": {"length": "PT4H", "counted": "working"}, "priority": "high"},
                    {"metric": "resolution", "within": {"length": "PT48H", "counted": "working"}},
                ],
                "warn_at": [50, 75],
                "escalations": [{"after": "PT0S", "tell": ["assignee"]}, {"after": "PT4H", "tell": ["admins"]}],
            }
        ],
    )
    calendar_id: UUID | None = Field(default=None, description="Null for the desk's own calendar.")
    product_ids: list[UUID] = Field(
        default_factory=list,
        max_length=CONTRACT_PRODUCTS_MAX,
        description="What may be asked about; none: whatever is supported.",
    )

    def agreed(self) -> Agreement:
        """As it is kept."""
        return Agreement(
            name=self.name, terms=self.terms, calendar_id=self.calendar_id, product_ids=tuple(self.product_ids)
        )


class ContractOut(Kept):
    """A contract. Changing it changes nothing for tickets that run: re-planning them does."""

    terms: ContractTerms
    calendar_id: UUID | None
    product_ids: list[UUID]

    @classmethod
    def of(cls, kept: KeptContract) -> "ContractOut":
        """The contract as it is kept."""
        return cls(
            id=kept.id,
            name=kept.name,
            version=kept.version,
            terms=kept.terms,
            calendar_id=kept.calendar_id,
            product_ids=list(kept.product_ids),
        )


class ProductIn(Input):
    """Something the desk supports; one that is not active is not chosen any more."""

    name: Name = Field(examples=["Kassa 4"])
    form: Fields = Field(
        default=(),
        examples=[
            [
                {
                    "key": "browser",
                    "label": {"nl": "Browser", "it": "Browser", "en": "Browser"},
                    "kind": "choice",
                    "required": True,
                    "choices": ["Firefox", "Chrome", "Safari"],
                }
            ]
        ],
    )
    active: bool = True


class ProductOut(Kept):
    """A product, with what a ticket about it is asked for."""

    form: tuple[FormField, ...]
    active: bool

    @classmethod
    def of(cls, product: Product) -> "ProductOut":
        """The product as it is kept."""
        return cls(
            id=product.id,
            name=product.name,
            version=product.version,
            form=product.form.fields,
            active=product.active,
        )


class TeamSettings(Input):
    """People of support who share work. With `round_robin` a ticket given to them finds the one with least to do."""

    name: Name = Field(examples=["Tweede lijn"])
    members: list[UUID] = Field(
        default_factory=list, max_length=TEAM_MEMBERS_MAX, description="Ids of people of support."
    )
    round_robin: bool = False
    active: bool = True

    def facts(self) -> TeamFacts:
        """As it is kept."""
        members = tuple(dict.fromkeys(self.members))
        return TeamFacts(name=self.name, members=members, round_robin=self.round_robin, active=self.active)


class TeamOut(Kept):
    """A team; one that is not active is given no more tickets."""

    members: list[UUID]
    round_robin: bool
    active: bool

    @classmethod
    def of(cls, team: Team) -> "TeamOut":
        """The team as it is kept."""
        return cls(
            id=team.id,
            name=team.name,
            version=team.version,
            members=list(team.members),
            round_robin=team.round_robin,
            active=team.active,
        )


class PromisesOut(BaseModel):
    """What is promised to those without a contract: the operator's `BALIE_STANDARD`."""

    name: str
    terms: ContractTerms
    calendar: CalendarTerms

    @classmethod
    def of(cls, standard: Terms) -> "PromisesOut":
        """The desk's own promises."""
        return cls(name=standard.name, terms=standard.contract, calendar=standard.calendar)


class CalendarPage(BaseModel):
    """Calendars by name."""

    items: list[CalendarOut]
    next_cursor: str | None


class ContractPage(BaseModel):
    """Contracts by name."""

    items: list[ContractOut]
    next_cursor: str | None


class ProductPage(BaseModel):
    """Products by name."""

    items: list[ProductOut]
    next_cursor: str | None


class TeamPage(BaseModel):
    """Teams by name."""

    items: list[TeamOut]
    next_cursor: str | None


class Choosable(BaseModel):
    """The products a requester may ask about, by name."""

    items: list[ProductOut]


class HolidayOut(BaseModel):
    """A public holiday, as its country calls it."""

    day: date
    name: str


class Holidays(BaseModel):
    """A year's public holidays, earliest first."""

    items: list[HolidayOut]


class CountryOut(BaseModel):
    """A country whose public holidays are known, and its parts that have some of their own."""

    country: str
    regions: list[str]


class Countries(BaseModel):
    """In order of the alphabet."""

    items: list[CountryOut]


class ChangedDeadline(BaseModel):
    """A ticket's first deadline that changes. `before` is null where there was none, `after` where none remains."""

    number: int
    deadline: str = Field(examples=["breach resolution"])
    before: datetime | None
    after: datetime | None


class ReplanPreview(BaseModel):
    """What re-planning would do to the tickets that run. Each changed one counts as sooner or later, by its first
    deadline that changes; `breaching` are those of which a promise would be broken at once."""

    tickets: int
    changed: int
    sooner: int
    later: int
    breaching: int
    calendar_zones: list[str] = Field(description="The time zones of the calendars that count the changed deadlines.")
    sample: list[ChangedDeadline]
