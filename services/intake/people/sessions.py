"""Logging in: passwords, sessions, service tokens, and links to choose a password."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contract.errors import NotAuthenticated, NotFound
from services.contract.events import Event, PasswordLinkRequested
from services.contract.vocabulary import Language, Role
from services.intake.people.people import Person, find_by_email, get_or_add_requester, get_person
from services.intake.tables.schema import SOURCE
from services.intake.tables.tables import outbox, person, service_token
from services.messaging.outbox import append_events
from services.platform.identity import PASSWORD_LINK, PASSWORD_LINK_LIFETIME, Caller, Signer
from services.platform.telemetry import correlation_id

SERVICE_TOKEN_LIFETIME = timedelta(days=3650)
LOGINS_MAX = 10
LOGIN_WINDOW_SECONDS = 300

PASSWORDS_AT_ONCE = 2
"""How many passwords are hashed at the same time: each takes 64 MiB and a core. Others wait."""

_hasher = PasswordHasher()
_hashing = ThreadPoolExecutor(PASSWORDS_AT_ONCE, thread_name_prefix="passwords")
_WRONG = "This e-mail address and password do not belong together."


@dataclass(frozen=True)
class Credentials:
    """The person with an address, if known and active, and the hash their password must match."""

    person: Person | None
    password_hash: str | None


async def hash_password(password: str) -> str:
    """The Argon2id hash of a password. Computed in a thread, because it takes tens of milliseconds on purpose."""
    return await asyncio.get_running_loop().run_in_executor(_hashing, _hasher.hash, password)


async def credentials(connection: AsyncConnection, email: str) -> Credentials:
    """The credentials for this address; empty if the person is unknown or inactive."""
    found = await find_by_email(connection, email)
    if found is None or not found.active:
        return Credentials(None, None)
    return Credentials(found, await _password_hash(connection, found.id))


async def log_in(known: Credentials, password: str) -> Person:
    """Check a password and return the person. Raises NotAuthenticated.

    A wrong address takes the same time and gives the same message as a wrong password, so addresses cannot be guessed.
    """
    kept = known.password_hash or _NOBODYS_HASH
    matches = await asyncio.get_running_loop().run_in_executor(_hashing, _verify, kept, password)
    if known.person is None or known.password_hash is None or not matches:
        raise NotAuthenticated(_WRONG)
    return known.person


async def who_calls(connection: AsyncConnection, caller: Caller) -> Person:
    """The person a token belongs to, as they are now.

    Raises NotAuthenticated where the session has ended or the person is gone, NotFound for a service's token.
    """
    if caller.person_id is None:
        raise NotFound("A service's token belongs to no person.")
    try:
        found = await get_person(connection, caller.person_id)
    except NotFound as error:
        raise NotAuthenticated("This account is gone.") from error
    if not found.active or str(found.session_epoch) != caller.token_id:
        raise NotAuthenticated("This session has ended; log in again.")
    return found


async def end_sessions(connection: AsyncConnection, person_id: UUID) -> None:
    """End every session of the person, on every device; unused password links become invalid too."""
    ended = update(person).where(person.c.id == person_id).values(session_epoch=person.c.session_epoch + 1)
    await connection.execute(ended)


async def request_password_link(
    connection: AsyncConnection, *, email: str, name: str | None, language: Language, now: datetime
) -> None:
    """Have notify mail a link to choose a password to this address.

    An unknown person is added as a requester; an inactive one gets no mail.
    """
    found = await get_or_add_requester(
        connection, name=name or email.partition("@")[0], email=email, language=language, now=now
    )
    if not found.active:
        return
    # Address the mail by the e-mail address, not by the name given: anybody may call this, and must not be able to
    # have text of their own mailed to others.
    addressed = found.contact().model_copy(update={"name": email})
    data = PasswordLinkRequested(person=addressed, about=_about(found))
    event = Event.of(data, id=uuid4(), source=SOURCE, time=now, correlation_id=correlation_id())
    await append_events(connection, outbox, [event])


def password_link(signer: Signer, of: Person, now: datetime) -> str:
    """The code of a link with which this person can choose a password, once."""
    return signer.link(PASSWORD_LINK, _about(of), now, PASSWORD_LINK_LIFETIME)


async def choose_password(connection: AsyncConnection, signer: Signer, code: str, password: str, now: datetime) -> None:
    """Set the password of the person a link's code belongs to, and end their sessions.

    Raises NotAuthenticated for a link that is forged, expired or used.
    """
    about = signer.linked(PASSWORD_LINK, code, now)
    try:
        found = await get_person(connection, UUID(about.partition(":")[0]))
    except (NotFound, ValueError) as error:
        raise NotAuthenticated("This link is not valid.") from error
    if about != _about(found) or not found.active:
        raise NotAuthenticated("This link was used already; ask for a new one.")
    hashed = await hash_password(password)
    await connection.execute(update(person).where(person.c.id == found.id).values(password_hash=hashed))
    await end_sessions(connection, found.id)


async def issue_service_token(connection: AsyncConnection, signer: Signer, name: str, now: datetime) -> str:
    """A token with which another service may do what an agent may. It is returned only here: only its id is stored."""
    token_id = uuid4()
    await connection.execute(service_token.insert().values(id=token_id, name=name, created_at=now))
    caller = Caller(person_id=None, role=Role.AGENT, name=name, token_id=str(token_id))
    return signer.token(caller, now, SERVICE_TOKEN_LIFETIME)


async def must_be_valid_service(connection: AsyncConnection, caller: Caller) -> None:
    """Check a service's token. Raises NotAuthenticated where it is unknown or revoked."""
    query = select(service_token.c.id).where(
        service_token.c.id == UUID(caller.token_id), service_token.c.revoked_at.is_(None)
    )
    if (await connection.execute(query)).first() is None:
        raise NotAuthenticated("This token has been revoked.")


async def _password_hash(connection: AsyncConnection, person_id: UUID) -> str | None:
    query = select(person.c.password_hash).where(person.c.id == person_id)
    return (await connection.execute(query)).scalar_one_or_none()


def _verify(kept: str, password: str) -> bool:
    try:
        return _hasher.verify(kept, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


def _about(of: Person) -> str:
    # The epoch rises when a password is chosen, so a link works only once.
    return f"{of.id}:{of.session_epoch}"


_NOBODYS_HASH = _hasher.hash(uuid4().hex)
