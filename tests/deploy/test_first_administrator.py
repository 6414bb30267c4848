"""The way into a new desk: `balie admin` in the container, then the link it shows."""

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contract.errors import NotAuthenticated
from services.contract.vocabulary import Language, Role
from services.intake.people.administrators import appoint
from services.intake.people.people import Person, find_by_email, get_or_add_requester
from services.intake.people.sessions import choose_password, credentials, log_in
from services.platform.database import transaction
from services.platform.identity import PASSWORD_LINK_LIFETIME, Signer
from tests.moved_clock import MovedClock

SIGNER = Signer("a secret of thirty-two characters or more")
EMAIL = "jo@desk.example"
PASSWORD = "correct horse battery"


async def _appoint(connection: AsyncConnection, clock: MovedClock, email: str = EMAIL) -> str:
    return await appoint(connection, SIGNER, email=email, name="Jo", language=Language.DUTCH, now=clock())


async def _found(connection: AsyncConnection) -> Person:
    found = await find_by_email(connection, EMAIL)
    assert found is not None
    return found


async def test_somebody_new_becomes_an_administrator_and_logs_in_by_the_link(
    engine: AsyncEngine, clock: MovedClock
) -> None:
    async with transaction(engine) as connection:
        code = await _appoint(connection, clock)
        await choose_password(connection, SIGNER, code, PASSWORD, clock())
        logged_in = await log_in(await credentials(connection, EMAIL), PASSWORD)
    assert (logged_in.name, logged_in.language, logged_in.role) == ("Jo", Language.DUTCH, Role.ADMIN)


async def test_somebody_known_is_promoted_and_keeps_name_and_language(engine: AsyncEngine, clock: MovedClock) -> None:
    async with transaction(engine) as connection:
        known = await get_or_add_requester(
            connection, name="Josephine", email=EMAIL, language=Language.ITALIAN, now=clock()
        )
        await _appoint(connection, clock, email=EMAIL.upper())
        promoted = await _found(connection)
    assert (promoted.id, promoted.name, promoted.language, promoted.role) == (
        known.id,
        "Josephine",
        Language.ITALIAN,
        Role.ADMIN,
    )


async def test_the_link_is_good_once(engine: AsyncEngine, clock: MovedClock) -> None:
    async with transaction(engine) as connection:
        code = await _appoint(connection, clock)
        await choose_password(connection, SIGNER, code, PASSWORD, clock())
        with pytest.raises(NotAuthenticated):
            await choose_password(connection, SIGNER, code, "another password", clock())


async def test_the_link_expires(engine: AsyncEngine, clock: MovedClock) -> None:
    async with transaction(engine) as connection:
        code = await _appoint(connection, clock)
        clock.move(PASSWORD_LINK_LIFETIME * 2)
        with pytest.raises(NotAuthenticated):
            await choose_password(connection, SIGNER, code, PASSWORD, clock())
