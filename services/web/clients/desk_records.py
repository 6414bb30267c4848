"""Records that the web reads from intake about agreements, releases and bulks. Unknown fields are ignored."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.contract.event_data import Actor
from services.contract.vocabulary import BULKS_AT_WORK, BulkState, FieldKind, Language
from services.web.clients.records import Named, Parking, Record, TicketSummary


class FormQuestion(Record):
    """A question of a product's form; `label` by language."""

    key: str
    label: dict[str, str]
    kind: FieldKind = FieldKind.TEXT
    required: bool = False
    choices: tuple[str, ...] = ()

    def asks(self, language: Language) -> str:
        """The label in this language, or else in any language it has."""
        return self.label.get(language) or next(iter(self.label.values()), self.key)


class Product(Named):
    """A product the desk supports, and the questions that its tickets must answer."""

    version: int = 1
    form: tuple[FormQuestion, ...] = ()
    active: bool = True


class Team(Named):
    """People in support who share work; with `round_robin`, its tickets are assigned to its members in turn."""

    version: int = 1
    round_robin: bool = False
    members: tuple[UUID, ...] = ()
    active: bool = True


class Calendar(Named):
    """The desk's working hours; `terms` as in `CalendarOut` of the API."""

    version: int = 1
    terms: dict[str, Any] = Field(default_factory=dict)


class Contract(Named):
    """What was promised to customers; `terms` as in `ContractOut` of the API."""

    version: int = 1
    terms: dict[str, Any] = Field(default_factory=dict)
    calendar_id: UUID | None = None
    product_ids: tuple[UUID, ...] = ()


class ReplanSample(Record):
    """An example of a ticket whose deadline would change."""

    number: int
    deadline: str
    before: AwareDatetime | None = None
    after: AwareDatetime | None = None


class Replanning(Record):
    """The effect of changed promises on the deadlines of running tickets."""

    tickets: int
    changed: int
    sooner: int = 0
    later: int = 0
    breaching: int = 0
    calendar_zones: tuple[str, ...] = ()
    sample: tuple[ReplanSample, ...] = ()


class Bulk(Record):
    """One command for many tickets, and its progress."""

    id: UUID
    command: str
    state: BulkState
    by: Actor
    created_at: AwareDatetime
    finished_at: AwareDatetime | None = None
    total: int
    done: int
    refused: int
    undone: int = 0
    kept: int = 0
    pending: int
    can_undo_until: AwareDatetime | None = None

    @property
    def is_moving(self) -> bool:
        """Whether its numbers are still changing: it runs, or is being undone."""
        return self.state in BULKS_AT_WORK


class BulkTicket(Record):
    """The result for one ticket of a bulk; `sentence` says why it was refused or not undone."""

    number: int
    subject: str | None = None
    state: str
    sentence: str | None = None


class Release(Record):
    """A version of the software that parked tickets were planned in."""

    name: str
    planned: int = 0
    shipped_at: AwareDatetime | None = None


class Parts(Record):
    """The parts of a parked ticket's score."""

    workaround: int
    reporters: int
    effort: int
    urgency: int


class Placed(Record):
    """A parked ticket on the board."""

    ticket: TicketSummary
    parking: Parking
    score: int
    parts: Parts
    reporters: int


class Country(Record):
    """A country whose public holidays are known, and its regions that have holidays of their own."""

    country: str
    regions: tuple[str, ...] = ()


class Holiday(Record):
    """A public holiday."""

    day: date
    name: str
