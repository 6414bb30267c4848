"""Every way to fail, as a class whose text says who must act. Mapped to HTTP in `http.py` only.

A `Temporary` failure is worth trying again as it is; a `Permanent` one is not, until somebody acts.
"""

from typing import Any, ClassVar

SENTENCE_CHARACTERS_MAX = 300


class BalieError(Exception):
    """An error a person can act on. `status` and `slug` are its HTTP face (RFC 9457)."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts
        """Further members of the problem document, JSON-ready."""


class Temporary(BalieError):
    """May succeed when tried again unchanged."""

    status, slug, title = 503, "temporarily-unavailable", "Try again in a moment"


class Permanent(BalieError):
    """Will fail again until somebody changes something."""

    status, slug, title = 422, "refused", "This cannot be done"


class NotFound(Permanent):
    """No such thing, or not for this caller: the two are not told apart on purpose."""

    status, slug, title = 404, "not-found", "Not found"


class NotAllowed(Permanent):
    """The caller is known but may not do this."""

    status, slug, title = 403, "not-allowed", "Not allowed"


class NotAuthenticated(Permanent):
    """No valid token came with the request."""

    status, slug, title = 401, "not-authenticated", "Log in first"


class MoveRefused(Permanent):
    """The ticket's status does not allow this command; `allowed` names the ones it does."""

    status, slug, title = 409, "move-refused", "The ticket does not allow that now"


class Conflict(Permanent):
    """Something with this key exists already, or an idempotency key was used for another request."""

    status, slug, title = 409, "conflict", "Conflicts with what is there"


class VersionMismatch(Permanent):
    """The ticket has changed since the caller read it."""

    status, slug, title = 412, "version-mismatch", "Changed since you read it"


class TooLarge(Permanent):
    """More than a named limit allows."""

    status, slug, title = 413, "too-large", "Too large"


class Invalid(Permanent):
    """The input is not of the form asked for."""

    status, slug, title = 422, "invalid", "The input needs mending"


class TooManyRequests(Temporary):
    """The caller is over its rate limit; `retry_after` is in seconds."""

    status, slug, title = 429, "too-many-requests", "Slow down"


def sentence(error: BaseException) -> str:
    """One line about an error for people to read where it is kept (a row, a dead letter): its class and its first
    line. The rest stays out: a database error's next lines quote the row."""
    first_line = (error.detail if isinstance(error, BalieError) else str(error)).strip().split("\n", 1)[0]
    return f"{type(error).__name__}: {first_line}"[:SENTENCE_CHARACTERS_MAX]
