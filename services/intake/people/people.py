"""People and organisations: reading, adding and changing them, and the event for each change of a person."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, Select, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import Conflict, Invalid, NotFound
from services.contract.event_data import Actor, Contact
from services.contract.events import Event, PersonChanged
from services.contract.vocabulary import STAFF, Language, Role
from services.intake.tables.schema import SOURCE
from services.intake.tables.tables import organisation, outbox, person
from services.messaging.outbox import append_events
from services.platform.identity import Caller
from services.platform.telemetry import correlation_id


@dataclass(frozen=True)
class Organisation:
    """A customer whose people see each other's tickets."""

    id: UUID
    name: str
    contract_id: UUID | None = None
    """The organisation's contract; None for the desk's standard promises."""


@dataclass(frozen=True)
class Person:
    """A person: a requester, or one of the staff. `email` is None for somebody who only phoned."""

    id: UUID
    name: str
    email: str | None
    language: Language
    role: Role
    organisation: Organisation | None
    active: bool
    session_epoch: int = 0
    zone: str | None = None
    """The time zone they chose; None: they read in the desk's."""

    def contact(self) -> Contact:
        """The person as events and tickets name them."""
        return Contact(person_id=self.id, name=self.name, email=self.email, language=self.language, zone=self.zone)

    def actor(self) -> Actor:
        """The person as the one who acts, for events and history."""
        return Actor(kind="person", name=self.name, person_id=self.id, staff=self.role in STAFF)

    def caller(self) -> Caller:
        """The person as their session's token names them."""
        return Caller(person_id=self.id, role=self.role, name=self.name, token_id=str(self.session_epoch))


def select_people() -> Select[Any]:
    """A query with every column that `read_person` needs."""
    columns = [column for column in person.c if column.name != "password_hash"]
    return select(*columns, organisation.c.name.label("organisation_name"), organisation.c.contract_id).outerjoin_from(
        person, organisation, organisation.c.id == person.c.organisation_id
    )


def read_person(row: Row[Any]) -> Person:
    """The person in a row of `select_people`."""
    theirs = Organisation(row.organisation_id, row.organisation_name, row.contract_id) if row.organisation_id else None
    return Person(
        id=row.id,
        name=row.name,
        email=row.email,
        language=Language(row.language),
        role=Role(row.role),
        organisation=theirs,
        active=row.active,
        session_epoch=row.session_epoch,
        zone=row.zone,
    )


async def get_person(connection: AsyncConnection, person_id: UUID) -> Person:
    """The person with this id. Raises NotFound."""
    row = (await connection.execute(select_people().where(person.c.id == person_id))).first()
    if row is None:
        raise NotFound("There is no such person.")
    return read_person(row)


async def find_by_email(connection: AsyncConnection, email: str) -> Person | None:
    """The person with this address, or None. Upper and lower case are the same."""
    row = (await connection.execute(select_people().where(func.lower(person.c.email) == email.lower()))).first()
    return read_person(row) if row else None


async def get_or_add_requester(
    connection: AsyncConnection, *, name: str, email: str | None, language: Language, now: datetime
) -> Person:
    """The person with this address, added as a requester where unknown; without an address always a new person.

    Raises Conflict in the rare case that the person was added at the same time and cannot be found.
    """
    if email and (known := await find_by_email(connection, email)):
        return known
    added = {
        "id": uuid4(),
        "name": name,
        "email": email,
        "language": language,
        "role": Role.REQUESTER,
        "created_at": now,
    }
    # Two mails of a new sender may arrive at once: the second finds the person the first one added.
    new = await connection.execute(insert(person).values(added).on_conflict_do_nothing().returning(person.c.id))
    if (row := new.first()) is None and email and (known := await find_by_email(connection, email)):
        return known
    if row is None:
        raise Conflict("This person was added at the same time; try again.")
    found = await get_person(connection, row.id)
    await tell_of(connection, found, now)
    return found


async def add_person(
    connection: AsyncConnection,
    *,
    name: str,
    email: str | None,
    language: Language,
    role: Role,
    organisation_id: UUID | None,
    password_hash: str | None,
    now: datetime,
    zone: str | None = None,
) -> Person:
    """Add a person and announce them. Raises Conflict where the address is taken, NotFound for the organisation."""
    values = {
        "id": uuid4(),
        "name": name,
        "email": email,
        "language": language,
        "role": role,
        "organisation_id": organisation_id,
        "password_hash": password_hash,
        "zone": zone,
        "created_at": now,
    }
    if organisation_id:
        await get_organisation(connection, organisation_id)
    try:
        await connection.execute(person.insert().values(values))
    except IntegrityError as error:
        raise Conflict(f"Somebody has the address {email} already.") from error
    added = await get_person(connection, values["id"])  # type: ignore[arg-type]  # it is the UUID made above
    await tell_of(connection, added, now)
    return added


async def change_person(connection: AsyncConnection, person_id: UUID, changes: dict[str, Any], now: datetime) -> Person:
    """Set these columns of a person and announce the change. Another role or `active` ends their sessions.

    Raises NotFound, for the organisation too, and Conflict where somebody else has the address.
    """
    if changes.get("organisation_id"):
        await get_organisation(connection, changes["organisation_id"])
    if {"active", "role"} & changes.keys():
        # Tokens issued before still carry the old role: end the person's sessions.
        changes = {**changes, "session_epoch": person.c.session_epoch + 1}
    if changes:
        try:
            await connection.execute(update(person).where(person.c.id == person_id).values(changes))
        except IntegrityError as error:
            raise Conflict("Somebody else has this address already.") from error
    changed = await get_person(connection, person_id)
    await tell_of(connection, changed, now)
    return changed


async def find_people(
    connection: AsyncConnection, *, q: str | None, role: Role | None, after: tuple[str, UUID] | None, limit: int
) -> list[Person]:
    """People by name, at most `limit`, beginning after the (lower-case name, id) given."""
    query = select_people().order_by(func.lower(person.c.name), person.c.id).limit(limit)
    if q:
        like = f"%{q.replace('%', '').replace('_', '')}%"
        query = query.where(or_(person.c.name.ilike(like), person.c.email.ilike(like)))
    if role:
        query = query.where(person.c.role == role)
    if after:
        name, person_id = after
        query = query.where(
            or_(func.lower(person.c.name) > name, (func.lower(person.c.name) == name) & (person.c.id > person_id))
        )
    return [read_person(row) for row in await connection.execute(query)]


async def get_organisation(connection: AsyncConnection, organisation_id: UUID) -> Organisation:
    """The organisation with this id. Raises NotFound."""
    row = (await connection.execute(select(organisation).where(organisation.c.id == organisation_id))).first()
    if row is None:
        raise NotFound("There is no such organisation.")
    return Organisation(row.id, row.name, row.contract_id)


async def add_organisation(connection: AsyncConnection, name: str, now: datetime) -> Organisation:
    """Add an organisation. Raises Conflict where the name is taken; upper and lower case are the same."""
    added = Organisation(uuid4(), name)
    try:
        await connection.execute(organisation.insert().values(id=added.id, name=name, created_at=now))
    except IntegrityError as error:
        raise Conflict(f"There is an organisation named {name} already.") from error
    return added


async def change_organisation(
    connection: AsyncConnection, organisation_id: UUID, changes: dict[str, Any]
) -> Organisation:
    """Set these columns. Raises NotFound, Conflict where the name is taken, Invalid for an unknown contract.

    Another contract does not change running tickets; re-planning does.
    """
    if changes:
        try:
            await connection.execute(update(organisation).where(organisation.c.id == organisation_id).values(changes))
        except IntegrityError as error:
            if "organisation_contract_id_fkey" in str(error.orig):
                raise Invalid("There is no such contract; null takes the desk's own promises.") from error
            raise Conflict(f"There is an organisation named {changes.get('name')} already.") from error
    return await get_organisation(connection, organisation_id)


async def find_organisations(
    connection: AsyncConnection, *, q: str | None, after: tuple[str, UUID] | None, limit: int
) -> list[Organisation]:
    """Organisations by name, at most `limit`, beginning after the (lower-case name, id) given."""
    query = select(organisation).order_by(func.lower(organisation.c.name), organisation.c.id).limit(limit)
    if q:
        query = query.where(organisation.c.name.ilike(f"%{q.replace('%', '').replace('_', '')}%"))
    if after:
        name, last = after
        lower = func.lower(organisation.c.name)
        query = query.where(or_(lower > name, (lower == name) & (organisation.c.id > last)))
    return [Organisation(row.id, row.name, row.contract_id) for row in await connection.execute(query)]


async def tell_of(connection: AsyncConnection, changed: Person, now: datetime) -> None:
    """Announce the person as they are now, with a PersonChanged event."""
    data = PersonChanged(person=changed.contact(), role=changed.role, active=changed.active)
    event = Event.of(data, id=uuid4(), source=SOURCE, time=now, correlation_id=correlation_id())
    await append_events(connection, outbox, [event])
