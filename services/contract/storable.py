"""Checks that PostgreSQL and UTF-8 can store a text, before the text is accepted."""

from pydantic import AfterValidator


def storable(text: str) -> str:
    """The text itself. Raises ValueError for NUL characters and lone surrogates."""
    if "\x00" in text:
        raise ValueError("must not hold the NUL character")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError("must be valid Unicode, without lone surrogates") from error
    return text


Storable = AfterValidator(storable)
"""For `Annotated[str, …, Storable]` in the input models of an API."""
