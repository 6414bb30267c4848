"""Reads the headers of a mail, also where they are malformed. Pure; never raises."""

import base64
import binascii
import quopri
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime

from services.contract.limits import EMAIL_CHARACTERS_MAX, NAME_CHARACTERS_MAX
from services.intake.mail.charset import clean, decode, one_line

HEADER_CHARACTERS_MAX = 20_000
"""How much of one header is read. No genuine header is longer."""
ADDRESSES_MAX = 200
MESSAGE_IDS_MAX = 100
LOCAL_PART_OCTETS_MAX = 64  # RFC 5321 §4.5.3.1.1

_ENCODED_WORD = re.compile(r"=\?([^?\s*]{1,60})(?:\*[^?\s]{0,40})?\?([bBqQ])\?([^?\r\n]*)\?=")
_ADDRESS = re.compile(r"[^\s<>()\[\]\\,;:\"@]{1,64}@[^\s<>()\[\]\\,;:\"'@]{1,250}")
_MESSAGE_ID = re.compile(r"<\s*([^<>\s]{1,250})\s*>")
_FOLD = re.compile(r"\r?\n(?=[ \t])|\r(?=[ \t])")


@dataclass(frozen=True)
class Address:
    """A mailbox. The domain of `email` is in lower case; `name` is empty where none was given."""

    name: str
    email: str


class Headers:
    """The decoded headers of a mail or of one part. If a header occurs twice, the first non-empty one counts."""

    def __init__(self, message: Message) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in message.raw_items():
            unfolded = _FOLD.sub("", str(value)[:HEADER_CHARACTERS_MAX]).strip()
            self._values.setdefault(name.lower(), []).append(_octets(unfolded))

    def raw(self, name: str) -> str:
        """The value with 8-bit characters decoded, but encoded words not; empty where there is none."""
        return next((value for value in self._values.get(name, ()) if value), "")

    def has(self, name: str) -> bool:
        """Whether the header is there, even if it is empty."""
        return name in self._values

    def text(self, name: str, characters_max: int = HEADER_CHARACTERS_MAX) -> str:
        """The value fully decoded, on one line; empty where there is none."""
        return one_line(decode_words(self.raw(name)), characters_max)

    def addresses(self, *names: str) -> tuple[Address, ...]:
        """The addresses in these headers, each once, in order."""
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
        """The instant in the Date header, in UTC; None where it is missing or not a valid date."""
        try:
            sent_at = parsedate_to_datetime(clean(self.raw("date")))
            return (sent_at if sent_at.tzinfo else sent_at.replace(tzinfo=UTC)).astimezone(UTC)
        except (TypeError, ValueError, OverflowError, IndexError):
            return None


def decode_words(value: str) -> str:
    """The value with its encoded words (RFC 2047) decoded; those that cannot be decoded stay as they are."""
    text, at, pending, charset = "", 0, b"", ""
    for word in _ENCODED_WORD.finditer(value):
        between = value[at : word.start()]
        # A character may be split over two encoded words, so join their bytes before decoding.
        if between.strip() or word[1].lower() != charset:
            text += decode(pending, charset)[0]
            pending = b""
        text += "" if at and not between.strip() else between
        pending, charset, at = pending + _word(word[2], word[3]), word[1].lower(), word.end()
    return text + decode(pending, charset)[0] + value[at:]


def _octets(value: str) -> str:
    """Decode the 8-bit characters that the parser left as surrogates: as UTF-8 (RFC 6532), else by a guess."""
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
    except RecursionError:  # deeply nested comments
        pairs = []
    found = [Address(_name(name, email), _email(email)) for name, email in pairs if is_address(_email(email))]
    return found or [Address("", _email(email)) for email in _ADDRESS.findall(decode_words(value)) if is_address(email)]


def _name(name: str, email: str) -> str:
    name = one_line(decode_words(name), NAME_CHARACTERS_MAX).strip("\"'")
    return "" if name.lower() == email.lower() else name


def _email(email: str) -> str:
    # Python 3.11.2 (Debian 12) leaves the quotes on an address that is given in quotes as the name.
    local, _, domain = email.strip(" \t'\"").rpartition("@")
    return f"{local}@{domain.lower().rstrip('.')}"


def is_address(email: str) -> bool:
    """Whether this is the form of an address that mail can be sent to."""
    local, _, domain = email.rpartition("@")
    return (
        0 < len(local.encode("utf-8", "replace")) <= LOCAL_PART_OCTETS_MAX
        and _ADDRESS.fullmatch(email) is not None
        and len(email) <= EMAIL_CHARACTERS_MAX
        and not domain.startswith((".", "-"))
        and clean(email) == email
    )
