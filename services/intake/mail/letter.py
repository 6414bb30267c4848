"""Reads a mail from its bytes. `read_mail` accepts any bytes and never raises. Pure.

`defects` describes in sentences what could not be read. A mail is refused if there is nothing to keep, or if it is too
large.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.contract.limits import (
    MAIL_BYTES_MAX,
    SUBJECT_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
    TICKET_NUMBER_DIGITS_MAX,
)
from services.contract.vocabulary import Language
from services.intake.mail.charset import clean
from services.intake.mail.headers import Address, Headers
from services.intake.mail.html import html_to_text, text_as_html
from services.intake.mail.machine import Bounce, bounce, written_by_machine
from services.intake.mail.parts import Attachment, Parts, Words, take_apart
from services.intake.mail.source import parse
from services.intake.mail.text import split

FUTURE_MAX = timedelta(days=1)
"""A date further in the future than this is ignored: no time zone explains it, so the sender's clock is wrong."""
DEFECTS_MAX = 20

_LEADING_BLANK_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")
_NUMBER = rf"(\d{{1,{TICKET_NUMBER_DIGITS_MAX}}})"
_TICKET_IN_SUBJECT = re.compile(rf"\[balie\s*#\s*{_NUMBER}\]", re.IGNORECASE)
_TICKET_IN_ID = re.compile(rf"ticket-{_NUMBER}(?:[-.+][^@]*)?@.+", re.IGNORECASE)


@dataclass(frozen=True)
class RefusedMail:
    """A mail of which nothing can be kept; `reason` is a sentence."""

    reason: str


@dataclass(frozen=True)
class IncomingMail:
    """What was read from a mail."""

    sender: Address | None
    """The address in From, or in the header that comes closest to it. None where no header has an address."""
    recipients: tuple[Address, ...]
    subject: str
    text: str
    """What the sender wrote now: without the signature and without an earlier message quoted below."""
    signature: str
    quoted: str
    whole: str
    """All of the text."""
    html: str | None
    """All of the text as HTML that is safe to show; None for plain text."""
    sent_at: datetime
    """The mail's date, in UTC; the time it was received where it has no valid date."""
    is_dated: bool
    """Whether `sent_at` is the mail's own date."""
    message_id: str | None
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]
    """The ids of earlier mails, oldest first, those of `in_reply_to` included."""
    ticket_number: int | None
    """The ticket that the mail names. Whether its sender may write there is checked elsewhere."""
    attachments: tuple[Attachment, ...]
    original: bytes | None
    """The mail's bytes, if something could not be read: the agent can look there."""
    written_by_machine: str | None
    """Why the mail counts as written by a machine and gets no automatic answer; None for a mail by a person."""
    bounce: Bounce | None
    language: Language | None
    defects: tuple[str, ...]


def read_mail(raw: bytes, received_at: datetime) -> IncomingMail | RefusedMail:
    """Read a mail from the bytes received. `received_at` is an aware datetime."""
    if not raw.strip():
        return RefusedMail("The mail is empty.")
    if len(raw) > MAIL_BYTES_MAX:
        return RefusedMail(f"The mail has {len(raw)} bytes; at most {MAIL_BYTES_MAX} are taken.")
    message, defects = parse(raw)
    headers = Headers(message)
    if not message.keys() and b"\x00" in raw:
        return RefusedMail("It is no mail: it has no headers, and what it holds is no text.")
    return _read(raw, received_at, headers, take_apart(message), defects)


def _read(
    raw: bytes, received_at: datetime, headers: Headers, parts: Parts, mended: list[str]
) -> IncomingMail | RefusedMail:
    sender, sender_defects = _sender(headers)
    sent_at, date_defects = _sent_at(headers, received_at)
    subject = headers.text("subject", SUBJECT_CHARACTERS_MAX)
    whole, cut = _whole(parts)
    if sender is None and not (subject or whole or parts.attachments):
        return RefusedMail("It names no sender and holds neither a subject, nor a text, nor a file.")
    lost = [*mended, *parts.defects, *cut]
    pieces = split(whole)
    references = headers.message_ids("references", "in-reply-to")
    return IncomingMail(
        sender=sender,
        recipients=headers.addresses("to", "cc", "delivered-to", "x-original-to"),
        subject=subject,
        text=pieces.new,
        signature=pieces.signature,
        quoted=pieces.quoted,
        whole=whole,
        html=_html(parts.words),
        sent_at=sent_at,
        is_dated=not date_defects,
        message_id=next(iter(headers.message_ids("message-id")), None),
        in_reply_to=headers.message_ids("in-reply-to"),
        references=references,
        ticket_number=_ticket_number(subject, references, parts),
        attachments=tuple(parts.attachments),
        original=raw if lost else None,
        written_by_machine=written_by_machine(headers, sender),
        bounce=bounce(headers, sender, parts),
        language=_language(headers),
        defects=tuple(dict.fromkeys([*sender_defects, *date_defects, *lost]))[:DEFECTS_MAX],
    )


def _sender(headers: Headers) -> tuple[Address | None, list[str]]:
    for name in ("from", "sender", "reply-to", "resent-from", "return-path"):
        if found := headers.addresses(name):
            defects = [] if name == "from" else [f"No sender can be read in From; the one in {name.title()} is taken."]
            if len(found) > 1 and name == "from":
                defects = ["It names several senders; the first is taken."]
            return found[0], defects
    return None, ["It does not say who sent it."]


def _sent_at(headers: Headers, received_at: datetime) -> tuple[datetime, list[str]]:
    sent_at = headers.date()
    if sent_at is not None and sent_at <= received_at + FUTURE_MAX:
        return sent_at, []
    reason = "lies in the future" if sent_at else "cannot be read" if headers.raw("date") else "is missing"
    return received_at, [f"Its date {reason}; the time it was received is taken."]


def _whole(parts: Parts) -> tuple[str, list[str]]:
    texts = [*filter(None, map(_words, parts.words))] or [*filter(None, parts.reports)]
    text = "\n\n".join(texts)
    if len(text) <= TEXT_CHARACTERS_MAX:
        return text, []
    return text[:TEXT_CHARACTERS_MAX], [f"The text is longer than {TEXT_CHARACTERS_MAX} characters and was cut there."]


def _words(words: Words) -> str:
    plain = _LEADING_BLANK_LINES.sub("", "\n".join(words.plain)).rstrip()
    return plain or clean("\n\n".join(map(html_to_text, words.html))).strip()


def _html(words: list[Words]) -> str | None:
    if not any(form.html for form in words):
        return None
    stretches = ["\n".join(form.html) if form.html else text_as_html("\n".join(form.plain)) for form in words]
    return "\n".join(filter(None, stretches)) or None


def _ticket_number(subject: str, references: tuple[str, ...], parts: Parts) -> int | None:
    """The ticket number in the mail's message ids or subject.

    The last one counts: in a thread that went through several tickets, it is the newest.
    """
    returned = (id for mail in parts.returned for id in mail.message_ids("message-id", "references"))
    named = [found for id in (*returned, *references) if (found := _TICKET_IN_ID.fullmatch(id))]
    found = named[-1] if named else _TICKET_IN_SUBJECT.search(subject)
    return int(found[1]) if found else None


def _language(headers: Headers) -> Language | None:
    named = headers.text("content-language").lower().replace("_", "-")
    codes = [code.strip().partition("-")[0] for code in named.split(",")]
    return next((language for language in Language if codes and codes[0] == language.value), None)
