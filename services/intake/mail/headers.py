"""The headers of a mail, read as forgivingly as they are written. Pure; never raises."""

import base64
import binascii
import quopri
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from services.intake.mail.charset import clean, decode, one_line

HEADER_CHARACTERS_MAX = 20_000
"""How much of one header is read; no honest one is longer."""
ADDRESSES_MAX = 200
MESSAGE_IDS_MAX = 100
NAME_CHARACTERS_MAX = 100
EMAIL_CHARACTERS_MAX = 254  # RFC 5321 §4.5.3.1.3, with the erratum: a path of 256 less its angle brackets
LOCAL_PART_OCTETS_MAX = 64  # RFC 5321 §4.5.3.1.1

_ENCODED_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?\r\n]*)\?=")
_ADDRESS = re.compile(r"[^\s<>()\[\]\\,;:\"@]{1,64}@[^\s<>()\[\]\\,;:\"'@]{1,250}")
_MESSAGE_ID = re.compile(r"<\s*([^<>\s]{1,250})\s*>")
_FOLD = re.compile(r"\r?\n(?=[ \t])|\r(?=[ \t])")


@dataclass(frozen=True)
class Address:
    """Somebody's mailbox. `email` has its domain in lower case; `name` is empty where none was given."""

    name: str
    email: str


class Headers:
    """The headers of a mail or of a part of one, decoded; the first that is not empty counts."""

    def __init__(self, message: Message) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in message.raw_items():
            unfolded = _FOLD.sub("", str(value)[:HEADER_CHARACTERS_MAX]).strip()
            self._values.setdefault(name.lower(), []).append(_octets(unfolded))

    def raw(self, name: str) -> str:
        """The value as it came, 8-bit characters decoded, encoded words not; empty where there is none."""
        return next((value for value in self._values.get(name, ()) if value), "")

    def has(self, name: str) -> bool:
        """Whether the header is there, be it empty."""
        return name in self._values

    def text(self, name: str, characters_max: int = HEADER_CHARACTERS_MAX) -> str:
        """The value as a person reads it."""
        return one_line(decode_words(self.raw(name)), characters_max)

    def addresses(self, *names: str) -> tuple[Address, ...]:
        """Everybody named in these headers, each once, in the order they stand there."""
        values = [value for name in names for value in self._values.get(name, ())]
        found: dict[str, Address] = {}
        for address in (address for value in values for address in _read(value)):
            found.setdefault(address.email.lower(), address)
        return tuple(found.values())[:ADDRESSES_MAX]

    def message_ids(self, *names: str) -> tuple[str, ...]:
        """The message ids in these headers, without their angle brackets, each once."""
        values = " ".join(value for name in names for value in self._values.get(name, ()))
        return tuple(dict.fromkeys(_MESSAGE_ID.findall(clean(values))))[:MESSAGE_IDS_MAX]

    def date(self) -> datetime | None:
        """When it says it was sent, in UTC; None where it says nothing a calendar knows."""
        try:
            sent_at = parsedate_to_datetime(clean(self.raw("date")))
            return (sent_at if sent_at.tzinfo else sent_at.replace(tzinfo=UTC)).astimezone(UTC)
        except (TypeError, ValueError, OverflowError, IndexError):
            return None


def decode_words(value: str) -> str:
    """Encoded words (RFC 2047) decoded, and left as they stand where they cannot be."""
    text, at, pending, charset = "", 0, b"", ""
    for word in _ENCODED_WORD.finditer(value):
        between = value[at : word.start()]
        # A character may be split over neighbouring words, so their bytes are joined before decoding.
        if between.strip() or word[1].lower() != charset:
            text += decode(pending, charset)[0]
            pending = b""
        text += "" if at and not between.strip() else between
        pending, charset, at = pending + _word(word[2], word[3]), word[1].lower(), word.end()
    return text + decode(pending, charset)[0] + value[at:]


def _octets(value: str) -> str:
    """Undo the parser's surrogates: 8-bit characters in headers are UTF-8 (RFC 6532), or a guess."""
    return decode(value.encode("utf-8", "surrogateescape"), None)[0] if not value.isascii() else value


def _word(encoding: str, encoded: str) -> bytes:
    raw = encoded.encode("utf-8", "replace")
    if encoding in "qQ":
        return quopri.decodestring(raw, header=True)
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except binascii.Error:
        return raw


def _read(value: str) -> list[Address]:
    try:
        pairs = getaddresses([value])[:ADDRESSES_MAX]
    except RecursionError:  # comments in comments in comments
        pairs = []
    found = [Address(_name(name, email), _email(email)) for name, email in pairs if is_address(_email(email))]
    return found or [Address("", _email(email)) for email in _ADDRESS.findall(decode_words(value)) if is_address(email)]


def _name(name: str, email: str) -> str:
    name = one_line(decode_words(name), NAME_CHARACTERS_MAX).strip("\"'")
    return "" if name.lower() == email.lower() else name


def _email(email: str) -> str:
    # Python 3.11.2, Debian 12's, takes the quotes around a name that is an address for a part of it.
    local, _, domain = email.strip(" \t'\"").rpartition("@")
    return f"{local}@{domain.lower().rstrip('.')}"


def is_address(email: str) -> bool:
    """Whether mail could be sent there, as far as its form says."""
    local, _, domain = email.rpartition("@")
    return (
        0 < len(local.encode("utf-8", "replace")) <= LOCAL_PART_OCTETS_MAX
        and _ADDRESS.fullmatch(email) is not None
        and len(email) <= EMAIL_CHARACTERS_MAX
        and not domain.startswith((".", "-"))
        and clean(email) == email
    )
