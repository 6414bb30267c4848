"""Appoints a desk's first administrator. Only an administrator can make others staff, and a new desk has none."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.vocabulary import Language, Role
from services.intake.people.people import Person, add_person, change_person, find_by_email
from services.intake.people.sessions import password_link
from services.platform.identity import Signer


async def appoint(
    connection: AsyncConnection, signer: Signer, *, email: str, name: str, language: Language, now: datetime
) -> str:
    """Make the person with this address an administrator, and active; returns the code of a link to choose a password.

    An unknown address is added as a new person, with `name` and `language`.
    """
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
