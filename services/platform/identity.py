"""Signed tokens that name a caller (issued by intake, verified by every service), and signed one-click links."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import BaseModel, ConfigDict

from services.contract.errors import NotAllowed, NotAuthenticated
from services.contract.vocabulary import STAFF, Role

ALGORITHM = "HS256"
SESSION_LIFETIME = timedelta(hours=12)
LINK_LIFETIME = timedelta(days=60)
SURVEY_LINK = "survey"
"""Purpose of the link in a survey mail; its subject is a ticket number."""
REMINDER_LINK = "reminder"
"""Purpose of the links in a reminder; their subject is one question of a ticket, as `question` writes it."""
PASSWORD_LINK = "password"  # noqa: S105 - a purpose, no secret
PASSWORD_LINK_LIFETIME = timedelta(hours=2)

CLOCK_CALL = "clock"
"""Purpose of the code with which the workflow worker asks intake to meet a deadline; its subject is a ticket number."""
CLOCK_CALL_LIFETIME = timedelta(minutes=2)
"""Longer than the clocks of two machines may differ."""


def question(number: int, asked_at: datetime) -> str:
    """The subject of a reminder's links: one question of a ticket. A later question on it has another subject."""
    return f"{number}:{asked_at.astimezone(UTC).isoformat()}"


def questioned(about: str) -> tuple[int, datetime]:
    """The inverse of `question`: the ticket's number, and when its requester was asked.

    Raises ValueError if `about` was not written by `question`.
    """
    number, _, asked_at = about.partition(":")
    return int(number), datetime.fromisoformat(asked_at)


class Caller(BaseModel):
    """The caller named by a token. Another service has no `person_id`, and may do what an agent may."""

    model_config = ConfigDict(frozen=True)

    person_id: UUID | None
    role: Role
    name: str
    token_id: str = ""

    @property
    def is_staff(self) -> bool:
        """Whether they may see internal notes and other people's tickets."""
        return self.role in STAFF

    def must_be_staff(self) -> None:
        """Raises NotAllowed for a requester or a colleague of another department."""
        if not self.is_staff:
            raise NotAllowed("Only support staff may do this.")


class Signer:
    """Signs and reads tokens with the secret all services share."""

    def __init__(self, secret: str) -> None:
        self._key = OctKey.import_key(secret)

    def token(self, caller: Caller, now: datetime, lifetime: timedelta = SESSION_LIFETIME) -> str:
        """A bearer token that names the caller until `now + lifetime`."""
        return self._sign("token", caller.model_dump(mode="json"), now, lifetime)

    def caller(self, token: str, now: datetime) -> Caller:
        """The caller that the token names. Raises NotAuthenticated if it is forged, expired or not a token."""
        return Caller.model_validate(self._read("token", token, now))

    def link(self, purpose: str, about: str, now: datetime, lifetime: timedelta = LINK_LIFETIME) -> str:
        """A code for a one-click link about something (a ticket number, a person), for one purpose only."""
        return self._sign(f"link:{purpose}", {"about": about}, now, lifetime)

    def linked(self, purpose: str, code: str, now: datetime) -> str:
        """What the link is about. Raises NotAuthenticated if it is forged, expired or for another purpose."""
        return str(self._read(f"link:{purpose}", code, now)["about"])

    def _sign(self, use: str, facts: dict[str, Any], now: datetime, lifetime: timedelta) -> str:
        claims = {"use": use, "exp": int((now + lifetime).timestamp()), "facts": facts}
        return jwt.encode({"alg": ALGORITHM}, claims, self._key)

    def _read(self, use: str, signed: str, now: datetime) -> dict[str, Any]:
        try:
            claims = jwt.decode(signed, self._key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError) as error:
            raise NotAuthenticated("This token or link is not valid.") from error
        if claims.get("use") != use or claims.get("exp", 0) < now.timestamp():
            raise NotAuthenticated("This token or link is not valid any more.")
        facts: dict[str, Any] = claims["facts"]
        return facts
