"""Chooses one of the desk's languages by the `Accept-Language` header of an HTTP request. Pure."""

from services.contract.vocabulary import Language

ACCEPT_LANGUAGE_CHARACTERS_MAX = 1_000


def accepted(header: str | None) -> Language | None:
    """The language of ours that an `Accept-Language` header (RFC 9110) prefers; None if it names none of ours."""
    wishes = []
    for part in (header or "").split(","):
        tag, _, quality = part.strip().partition(";q=")
        code = tag.split("-")[0].lower()
        if code in list(Language) and (wanted := _quality(quality)) > 0:
            wishes.append((Language(code), wanted))
    return max(wishes, key=lambda wish: wish[1])[0] if wishes else None


def _quality(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
