"""The parts of a mail: which are its message, which are attachments. Pure; never raises."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32

from services.intake.mail_charset import decode, one_line
from services.intake.mail_headers import Headers

PARTS_MAX = 200
"""How many parts are looked at; the rest is in the original, which is kept then."""
ATTACHMENTS_MAX = 50
ATTACHMENT_NAME_CHARACTERS_MAX = 120

_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")
_KNOWN_HEADER = re.compile(
    rb"(from|to|cc|subject|date|message-id|received|reply-to|return-path|mime-version|content-type|delivered-to)[ \t]*:",
    re.IGNORECASE,
)
_LOOSE_COLON = re.compile(rb"([!-9;-~]+)[ \t]+:")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r|$)")
_ONLY_LOOKS = frozenset({"text/enriched", "text/richtext", "text/x-amp-html", "text/watch-html"})
_FOREIGN_PATH = re.compile(r"[/\\:]")
_UNFIT_FOR_NAMES = re.compile(r'[<>"|?*\x00-\x1f]')
_WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Attachment:
    """A file that came with the mail. `name` is safe to show and to save under."""

    name: str
    content_type: str
    content: bytes
    inline: bool = False
    """Meant to be shown in the message, as pictures in it are."""


@dataclass
class Parts:
    """What a mail is made of; several texts follow one another."""

    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    """Delivery reports (RFC 3464), as text."""
    returned: list[Headers] = field(default_factory=list)
    """The headers of mails that are attached or returned."""
    defects: list[str] = field(default_factory=list)


def parse(raw: bytes) -> tuple[Message, list[str]]:
    """The mail's structure, and what was wrong with it, in sentences."""
    mended, defects = _mended(raw)
    try:
        return BytesParser(policy=compat32).parsebytes(mended), defects
    except RecursionError:
        # Mails inside mails, hundreds deep: nobody reads those, so it is one text.
        defects.append("It is nested too deeply to be taken apart; the original is attached.")
        return BytesHeaderParser(policy=compat32).parsebytes(mended), defects


def take_apart(message: Message) -> Parts:
    """The mail's texts and attachments."""
    parts = Parts()
    for count, (part, inside) in enumerate(_leaves(message)):
        if count == PARTS_MAX:
            parts.defects.append(f"It has more than {PARTS_MAX} parts; the others are in the original, attached.")
            break
        _take(part, inside, parts)
    if len(parts.attachments) > ATTACHMENTS_MAX:
        parts.defects.append(f"It has more than {ATTACHMENTS_MAX} attachments; the others are in the original.")
        del parts.attachments[ATTACHMENTS_MAX:]
    return parts


def file_name(name: str) -> str:
    """`name` without path, control characters and what file systems choke on; empty where nothing is left."""
    last = _FOREIGN_PATH.split(one_line(name, 10 * ATTACHMENT_NAME_CHARACTERS_MAX))[-1]
    fit = _UNFIT_FOR_NAMES.sub("_", last).strip(". ")
    if _WINDOWS_DEVICE.match(fit):
        fit = f"_{fit}"
    if len(fit) <= ATTACHMENT_NAME_CHARACTERS_MAX:
        return fit
    stem, dot, ending = fit.rpartition(".")
    keep = ATTACHMENT_NAME_CHARACTERS_MAX - len(dot + ending)
    return f"{stem[:keep]}{dot}{ending}" if stem and keep > 0 else fit[:ATTACHMENT_NAME_CHARACTERS_MAX]


def _mended(raw: bytes) -> tuple[bytes, list[str]]:
    """Headers as RFC 822 allowed (`From  :`) made plain, and lines among them that are none left out."""
    kept: list[bytes] = []
    defects: list[str] = []
    at = 0
    block = list(_header_lines(raw))
    last_known = max((n for n, line in enumerate(block) if _KNOWN_HEADER.match(line)), default=-1)
    for number, line in enumerate(block):
        at += len(line)
        if line[:1] in b" \t" or _HEADER.match(line) or (number == 0 and line.startswith((b"From ", b">From "))):
            kept.append(_LOOSE_COLON.sub(rb"\1:", line, count=1) if line[:1] not in b" \t" else line)
        elif number < last_known:
            defects.append("A line among the headers was none and was left out.")
        else:  # the message begins here, without the empty line that should announce it
            kept += [b"\r\n", line]
            break
    return b"".join(kept) + raw[at:], defects


def _header_lines(raw: bytes) -> Iterator[bytes]:
    for line in _LINE.finditer(raw):
        if not line[0].strip(b"\r\n"):
            return
        yield line[0]


def _leaves(message: Message) -> Iterator[tuple[Message, str]]:
    """The parts without parts of their own, in order, each with the type it stands in."""
    waiting: list[tuple[Message, str]] = [(message, "")]
    while waiting:
        part, inside = waiting.pop()
        kind = part.get_content_type()
        payload = part.get_payload()
        if kind.startswith("multipart/") and isinstance(payload, list):
            waiting += [(child, kind) for child in reversed(payload) if isinstance(child, Message)]
        else:
            yield part, inside


def _take(part: Message, inside: str, parts: Parts) -> None:
    kind = part.get_content_type()
    name = _file_name(part)
    if kind == "message/delivery-status":
        parts.reports.append(_report(part))
    elif kind.startswith("message/") and isinstance(part.get_payload(), list):
        _take_mail(part, name, parts)
    elif _is_text(part, kind, name):
        _take_text(part, kind, inside, parts)
    elif not (inside == "multipart/alternative" and kind in _ONLY_LOOKS):
        _attach(part, kind, name, parts)


def _is_text(part: Message, kind: str, name: str) -> bool:
    if _disposition(part) == "attachment" or (name and kind != "text/html"):
        return False
    # A multipart whose parts were not found is one text: better all of it than nothing.
    return kind in ("text/plain", "text/html") or kind.startswith("multipart/")


def _take_text(part: Message, kind: str, inside: str, parts: Parts) -> None:
    content, whole = _content(part)
    text, sure = decode(content, _parameter(part, "charset"))
    if not whole:
        parts.defects.append("A part of the text was damaged on its way; what could be read is here.")
    if not sure:
        parts.defects.append(
            "The text does not say, or does not keep to, its character set; some characters may be wrong."
        )
    if kind == "text/html":
        parts.html.append(text)
    else:
        parts.plain.append(_unflowed(part, text))
    del inside
