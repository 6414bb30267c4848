"""The routes to log in and out, to choose a password, and to read one's own account."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.contract.errors import NotAllowed
from services.intake.api.deps import TheDesk
from services.intake.api.people_resources import LogIn, OwnChanges, PasswordIn, PasswordLinkIn, PersonOut, SessionOut
from services.intake.people.people import change_person
from services.intake.people.sessions import (
    LOGIN_WINDOW_SECONDS,
    LOGINS_MAX,
    choose_password,
    credentials,
    end_sessions,
    log_in,
    request_password_link,
    who_calls,
)
from services.platform.database import transaction
from services.platform.http import KnownCaller, RateLimit, place
from services.platform.identity import SESSION_LIFETIME

router = APIRouter(prefix="/api/v1", tags=["sessions"])

LINKS_MAX = 5
"""Most links mailed to one address in an hour."""
LINKS_FROM_ONE_PLACE_MAX = 30
LINK_WINDOW_SECONDS = 3600
LOGINS_FROM_ONE_PLACE_MAX = 100


class Throttles:
    """Limits per e-mail address and per place a caller comes from, against guessing passwords and flooding mailboxes.

    Each process counts for itself.
    """

    def __init__(self) -> None:
        self.logins = RateLimit(LOGINS_MAX, LOGIN_WINDOW_SECONDS)
        self.logins_from = RateLimit(LOGINS_FROM_ONE_PLACE_MAX, LOGIN_WINDOW_SECONDS)
        self.links = RateLimit(LINKS_MAX, LINK_WINDOW_SECONDS)
        self.links_from = RateLimit(LINKS_FROM_ONE_PLACE_MAX, LINK_WINDOW_SECONDS)


def _throttles(request: Request) -> Throttles:
    throttles: Throttles = request.app.state.throttles
    return throttles


TheThrottles = Annotated[Throttles, Depends(_throttles)]


@router.post("/sessions", status_code=201, summary="Log in")
async def create_session(log_in_with: LogIn, desk: TheDesk, throttles: TheThrottles, request: Request) -> SessionOut:
    """Anybody may try, ten times in five minutes per address, a hundred times from one place."""
    now = desk.now()
    throttles.logins_from.count(place(request), now.timestamp())
    throttles.logins.count(log_in_with.email.lower(), now.timestamp())
    async with desk.engine.connect() as connection:
        known = await credentials(connection, log_in_with.email)
    # The connection is returned to the pool before the slow part: many log-ins at once must not block the database.
    person = await log_in(known, log_in_with.password)
    token = desk.signer.token(person.caller(), now)
    return SessionOut(token=token, expires_at=now + SESSION_LIFETIME, person=PersonOut.of(person))


@router.delete("/sessions", status_code=204, summary="Log out everywhere")
async def delete_sessions(caller: KnownCaller, desk: TheDesk) -> Response:
    """People, for themselves: every session they have ends, on every device."""
    async with transaction(desk.engine) as connection:
        person = await who_calls(connection, caller)
        await end_sessions(connection, person.id)
    return Response(status_code=204)


@router.post("/password-links", status_code=202, summary="Ask for a link to choose a password")
async def create_password_link(
    asked: PasswordLinkIn, desk: TheDesk, throttles: TheThrottles, request: Request
) -> Response:
    """Anybody may ask, five times in an hour per address, thirty times from one place.

    The answer never tells whether the address is known here.
    """
    now = desk.now()
    throttles.links_from.count(place(request), now.timestamp())
    throttles.links.count(asked.email.lower(), now.timestamp())
    async with transaction(desk.engine) as connection:
        await request_password_link(connection, email=asked.email, name=asked.name, language=asked.language, now=now)
    return Response(status_code=202)


@router.post("/passwords", status_code=204, summary="Choose a password")
async def create_password(chosen: PasswordIn, desk: TheDesk) -> Response:
    """Whoever has the link from the mail, once. Sessions under the old password end."""
    async with transaction(desk.engine) as connection:
        await choose_password(connection, desk.signer, chosen.code, chosen.password, desk.now())
    return Response(status_code=204)


@router.get("/me", summary="Who I am")
async def read_me(caller: KnownCaller, desk: TheDesk) -> PersonOut:
    """Any logged-in person."""
    async with desk.engine.connect() as connection:
        return PersonOut.of(await who_calls(connection, caller))


@router.patch("/me", summary="Change my name, language or time zone")
async def change_me(changes: OwnChanges, caller: KnownCaller, desk: TheDesk) -> PersonOut:
    """Any logged-in person, for themselves."""
    if caller.person_id is None:
        raise NotAllowed("A service has no name, language or time zone to change.")
    async with transaction(desk.engine) as connection:
        person = await who_calls(connection, caller)
        given = changes.model_dump(exclude_unset=True)
        # For the zone null is a choice, the desk's; nobody can be without a name or a language.
        wanted = {name: value for name, value in given.items() if value is not None or name == "zone"}
        return PersonOut.of(await change_person(connection, person.id, wanted, desk.now()))
