"""What the HTTP API takes and gives about people and organisations; with examples, the source of its OpenAPI."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from services.contract.vocabulary import Language, Role
from services.contract.zones import ZoneName
from services.intake.people.people import Organisation, Person
from services.intake.rules.body import Input
from services.intake.tickets.input import AnyPassword, Code, Email, Name, Password

_ZONE = "The IANA time zone they read in; null: the desk's."


class OrganisationOut(BaseModel):
    """A customer whose people see each other's tickets."""

    id: UUID
    name: str


class Customer(OrganisationOut):
    """An organisation with what it was promised; null: the desk's standard promises."""

    contract_id: UUID | None

    @classmethod
    def of(cls, organisation: Organisation) -> "Customer":
        """The organisation as it is kept."""
        return cls(id=organisation.id, name=organisation.name, contract_id=organisation.contract_id)


class OrganisationIn(Input):
    """A new organisation."""

    name: Name = Field(examples=["Bakkerij De Vries"])


class OrganisationChanges(Input):
    """What to change; what is left out stays. Only an admin may change the contract."""

    name: Name | None = Field(default=None, examples=["Bakkerij De Vries"])
    contract_id: UUID | None = None


class PersonOut(BaseModel):
    """Somebody who asks or answers."""

    id: UUID
    name: str
    email: str | None
    language: Language
    role: Role
    organisation: OrganisationOut | None
    active: bool
    zone: str | None = Field(description=_ZONE)

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
            zone=person.zone,
        )


class PersonIn(Input):
    """A new person. Only an admin may add staff."""

    name: Name = Field(examples=["Marieke de Vries"])
    email: Email | None = Field(default=None, examples=["marieke@devries.example"])
    language: Language = Language.ENGLISH
    role: Role = Role.REQUESTER
    organisation_id: UUID | None = None
    password: Password | None = None
    zone: ZoneName | None = Field(default=None, examples=["America/New_York"], description=_ZONE)


class PersonChanges(Input):
    """What to change; what is left out stays."""

    name: Name | None = None
    email: Email | None = None
    language: Language | None = None
    role: Role | None = None
    organisation_id: UUID | None = None
    active: bool | None = None
    zone: ZoneName | None = Field(default=None, examples=["America/New_York"], description=_ZONE)


class OwnChanges(Input):
    """What people change of themselves; what is left out stays."""

    name: Name | None = None
    language: Language | None = None
    zone: ZoneName | None = Field(default=None, examples=["America/New_York"], description=_ZONE)


class LogIn(Input):
    """An address and its password."""

    email: AnyPassword = Field(examples=["marieke@devries.example"])
    password: AnyPassword = Field(examples=["correct horse battery"])


class SessionOut(BaseModel):
    """Send `token` as `Authorization: Bearer …` until `expires_at`."""

    token: str
    expires_at: datetime
    person: PersonOut


class PasswordLinkIn(Input):
    """Whom to mail a link to choose a password."""

    email: Email = Field(examples=["marieke@devries.example"])
    name: Name | None = None
    language: Language = Language.ENGLISH


class PasswordIn(Input):
    """The code of the link, and the password chosen."""

    code: Code
    password: Password = Field(examples=["correct horse battery"])


class PeoplePage(BaseModel):
    """People by name."""

    items: list[PersonOut]
    next_cursor: str | None


class OrganisationPage(BaseModel):
    """Organisations by name."""

    items: list[Customer]
    next_cursor: str | None
