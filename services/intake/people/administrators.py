"""The way in for a desk's first administrator: only an administrator makes others staff, and a new desk has none."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.vocabulary import Language, Role
from services.intake.people.people import Person, add_person, change_person, find_by_email
from services.intake.people.sessions import password_link
from services.platform.identity import Signer


async def appoint(
    connection: AsyncConnection, signer: Signer, *, email: str, name: str, language: Language, now: datetime
) -> str:
    """Make whoever has this address an administrator, adding them where unknown (`name` and `language` are for that);
    the code of a link with which they choose a password."""
    appointed = await _administrator(connection, email, name, language, now)
    return password_link(signer, appointed, now)


async def _administrator(
    connection: AsyncConnection, email: str, name: str, language: Language, now: datetime
) -> Person:
    known = await find_by_email(connection, email)
    if known is not None:
        return await change_person(connection, known.id, {"role": Role.ADMIN, "active": True}, now)
    return await add_person(
        connection,
        name=name,
        email=email,
        language=language,
        role=Role.ADMIN,
        organisation_id=None,
        password_hash=None,
        now=now,
    )
