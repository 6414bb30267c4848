"""Balie's error classes. An error's text says who must do what. Only `http.py` turns them into HTTP answers.

Retrying a `Temporary` error unchanged may succeed. A `Permanent` one fails again until somebody changes something.
"""

from typing import Any, ClassVar

SENTENCE_CHARACTERS_MAX = 300


class BalieError(Exception):
    """An error that a person can act on. Over HTTP, `status`, `slug` and `title` go into the answer (RFC 9457)."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal"
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str, **facts: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts
        """Further members of the HTTP problem document; values must be JSON-serialisable."""


class Temporary(BalieError):
    """May succeed when tried again unchanged."""

    status, slug, title = 503, "temporarily-unavailable", "Try again in a moment"


class Permanent(BalieError):
    """Will fail again until somebody changes something."""

    status, slug, title = 422, "refused", "This cannot be done"


class NotFound(Permanent):
    """The thing does not exist, or this caller may not see it. The answer is the same for both, on purpose."""

    status, slug, title = 404, "not-found", "Not found"


class NotAllowed(Permanent):
    """The caller is known but may not do this."""

    status, slug, title = 403, "not-allowed", "Not allowed"


class NotAuthenticated(Permanent):
    """No valid token came with the request."""

    status, slug, title = 401, "not-authenticated", "Log in first"


class MoveRefused(Permanent):
    """The ticket's status does not allow this command; the fact `allowed` lists the commands that it allows."""

    status, slug, title = 409, "move-refused", "The ticket does not allow that now"


class Conflict(Permanent):
    """Something with this key exists already, or an idempotency key was used for another request."""

    status, slug, title = 409, "conflict", "Conflicts with what is there"


class VersionMismatch(Permanent):
    """The ticket has changed since the caller read it."""

    status, slug, title = 412, "version-mismatch", "Changed since you read it"


class TooLarge(Permanent):
    """The input is larger than a limit allows."""

    status, slug, title = 413, "too-large", "Too large"


class Invalid(Permanent):
    """The input does not have the required form."""

    status, slug, title = 422, "invalid", "The input needs mending"


class TooManyRequests(Temporary):
    """The caller is over its rate limit; `retry_after` is in seconds."""

    status, slug, title = 429, "too-many-requests", "Slow down"


def sentence(error: BaseException) -> str:
    """One line about an error, to store with a row or a dead letter: its class and the first line of its text.

    Further lines are left out, because in a database error they quote the row's contents.
    """
    first_line = (error.detail if isinstance(error, BalieError) else str(error)).strip().split("\n", 1)[0]
    return f"{type(error).__name__}: {first_line}"[:SENTENCE_CHARACTERS_MAX]
