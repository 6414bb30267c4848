"""People of the demonstration, to try the desk with. Adding them again changes nothing."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contract.vocabulary import Language, Role
from services.intake.people.people import add_organisation, add_person, find_by_email
from services.intake.people.sessions import hash_password
from services.intake.tables.tables import organisation
from services.platform.clock import Clock
from services.platform.database import transaction


@dataclass(frozen=True)
class Somebody:
    """A person of the demonstration."""

    name: str
    email: str
    language: Language
    role: Role
    organisation: str | None = None


PEOPLE = (
    Somebody("Anna Bakker", "admin@balie.example", Language.DUTCH, Role.ADMIN),
    Somebody("Daan Visser", "daan@balie.example", Language.DUTCH, Role.AGENT),
    Somebody("Giulia Conti", "giulia@balie.example", Language.ITALIAN, Role.AGENT),
    Somebody("Sofie Jansen", "sofie@balie.example", Language.DUTCH, Role.DIRECTOR),
    Somebody("Thomas Reed", "thomas@balie.example", Language.ENGLISH, Role.COLLEAGUE),
    Somebody("Marieke de Vries", "marieke@devries.example", Language.DUTCH, Role.REQUESTER, "Bakkerij De Vries"),
    Somebody("Pieter de Vries", "pieter@devries.example", Language.DUTCH, Role.REQUESTER, "Bakkerij De Vries"),
    Somebody("Luca Ferrari", "luca@ferrari.example", Language.ITALIAN, Role.REQUESTER, "Officine Ferrari"),
    Somebody("Emma Clarke", "emma@ferrari.example", Language.ENGLISH, Role.REQUESTER, "Officine Ferrari"),
)


async def add_demonstration_people(engine: AsyncEngine, password: str, clock: Clock) -> tuple[Somebody, ...]:
    """Add those of `PEOPLE` that are not there yet, each with this password. Returns all of `PEOPLE`."""
    return await add_people_of_demonstration(engine, await hash_password(password), clock)


async def add_people_of_demonstration(engine: AsyncEngine, hashed: str, clock: Clock) -> tuple[Somebody, ...]:
    """Like add_demonstration_people, with the password hashed already."""
    now = clock()
    async with transaction(engine) as connection:
        for somebody in PEOPLE:
            if await find_by_email(connection, somebody.email) is None:
                await add_person(
                    connection,
                    name=somebody.name,
                    email=somebody.email,
                    language=somebody.language,
                    role=somebody.role,
                    organisation_id=await _organisation(connection, somebody.organisation, now),
                    password_hash=hashed,
                    now=now,
                )
    return PEOPLE


async def _organisation(connection: AsyncConnection, name: str | None, now: datetime) -> UUID | None:
    if name is None:
        return None
    known = select(organisation.c.id).where(func.lower(organisation.c.name) == name.lower())
    found = (await connection.execute(known)).scalar_one_or_none()
    return found or (await add_organisation(connection, name, now)).id
