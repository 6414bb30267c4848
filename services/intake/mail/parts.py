"""Sorts the parts of a mail into texts, attachments and delivery reports. Pure; never raises."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

from services.contract.limits import MAILED_ATTACHMENTS_MAX
from services.intake.mail.charset import clean, decode
from services.intake.mail.content import Part, content_type, named_for, payload, safe_file_name
from services.intake.mail.headers import Headers
from services.intake.mail.html import safe_html
from services.intake.mail.source import parse
from services.intake.mail.text import unflow

PARTS_MAX = 200
"""How many parts are read. A mail with more is an attempt to overload the reader."""
TEXT_BYTES_MAX = 1_000_000
"""How much of one text part is read, before decoding."""
INLINE_TEXT_BYTES_MAX = 10_000
"""A text part with a file name and disposition "inline" counts as text up to this size; a larger one is a file."""

_ALTERNATIVE = "multipart/alternative"
_ONLY_LOOKS = frozenset({"text/enriched", "text/richtext", "text/x-amp-html", "text/watch-html"})
"""Types of alternatives that repeat the plain text or HTML, so they are left out."""


@dataclass(frozen=True)
class Attachment:
    """A file that came with the mail. `name` is safe to show and to save under."""

    name: str
    content_type: str
    content: bytes
    inline: bool = False
    """Whether it is a picture to be shown inside the text."""


@dataclass
class Words:
    """One section of the text, in its alternative forms: plain text, HTML, or both."""

    plain: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    """Sanitised: safe to show."""


@dataclass
class Parts:
    """The contents of a mail, sorted."""

    words: list[Words] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    """Delivery reports (RFC 3464) as text."""
    returned: list[Headers] = field(default_factory=list)
    """The headers of the mails that were attached or returned."""
    defects: list[str] = field(default_factory=list)
    """What could not be read properly, in sentences."""


@dataclass(frozen=True)
class _Leaf:
    message: Message
    root: bool
    alternative: int | None
    """The number of the multipart/alternative it is in, if any."""


def take_apart(mail: Message) -> Parts:
    """Sort the mail's parts into texts, attachments and reports."""
    parts = Parts()
    choices: dict[int, Words] = {}
    for count, leaf in enumerate(_leaves(mail)):
        if count == PARTS_MAX:
            parts.defects.append(f"It has more than {PARTS_MAX} parts; what the others hold was not read.")
            break
        _take(leaf, parts, choices)
    if len(parts.attachments) > MAILED_ATTACHMENTS_MAX:
        parts.defects.append(f"It has more than {MAILED_ATTACHMENTS_MAX} attachments; the others were left out.")
        del parts.attachments[MAILED_ATTACHMENTS_MAX:]
    return parts


def _leaves(mail: Message) -> Iterator[_Leaf]:
    """The parts that have no parts of their own, in order."""
    waiting = [_Leaf(mail, root=True, alternative=None)]
    choices = 0
    while waiting:
        leaf = waiting.pop()
        inner, kind = _inner(leaf.message), leaf.message.get_content_type()
        if not kind.startswith("multipart/") or not isinstance(inner, list):
            yield leaf
            continue
        choice = leaf.alternative
        if kind == _ALTERNATIVE and choice is None:
            choices += 1
            choice = choices
        children = (_Leaf(child, root=False, alternative=choice) for child in inner if isinstance(child, Message))
        waiting += reversed(list(children))


def _take(leaf: _Leaf, parts: Parts, choices: dict[int, Words]) -> None:
    kind = content_type(leaf.message)
    if kind == "message/delivery-status":
        parts.reports.append(_report(leaf.message))
    elif kind == "message/rfc822":
        _take_mail(Part(leaf.message), parts)
    elif _is_text(Part(leaf.message), leaf):
        _take_words(Part(leaf.message), leaf, parts, choices)
    elif leaf.alternative is None or kind not in _ONLY_LOOKS:
        _take_file(Part(leaf.message), parts)


def _is_text(part: Part, leaf: _Leaf) -> bool:
    # A multipart whose parts could not be found is read as one text, so that nothing is lost.
    if part.kind not in ("text/plain", "text/html") and not part.kind.startswith("multipart/"):
        return False
    if part.disposition == "attachment":
        return False
    if leaf.root or leaf.alternative is not None or not part.file_name():
        return True
    return part.disposition == "inline" and len(payload(leaf.message)) <= INLINE_TEXT_BYTES_MAX


def _take_words(part: Part, leaf: _Leaf, parts: Parts, choices: dict[int, Words]) -> None:
    words = choices.get(leaf.alternative) if leaf.alternative is not None else None
    if words is None:
        words = Words()
        parts.words.append(words)
    if leaf.alternative is not None:
        choices[leaf.alternative] = words
    raw, whole = part.content()
    if len(raw) > TEXT_BYTES_MAX:
        parts.defects.append("The text is very long and was cut.")
    text, sure = decode(raw[:TEXT_BYTES_MAX], part.parameter("content-type", "charset"))
    if not whole:
        parts.defects.append("A part of the text was damaged on its way; what could be read of it is here.")
    if not sure:
        parts.defects.append("The text does not keep to the character set it names; some characters may be wrong.")
    if part.kind == "text/html":
        html, lost = safe_html(clean(text))
        words.html.append(html)
        parts.defects += lost
    else:
        words.plain.append(_unflowed(part, clean(text)))


def _unflowed(part: Part, text: str) -> str:
    if part.parameter("content-type", "format").lower() != "flowed":
        return text
    return unflow(text, delete_space=part.parameter("content-type", "delsp").lower() == "yes")


def _take_mail(part: Part, parts: Parts) -> None:
    content, _ = part.content()
    headers = Headers(parse(content)[0])
    parts.returned.append(headers)
    subject = safe_file_name(headers.text("subject"))
    name = part.file_name() or (f"{subject}.eml" if subject else "mail.eml")
    if content.strip():
        parts.attachments.append(Attachment(name, part.kind, content))


def _take_file(part: Part, parts: Parts) -> None:
    content, whole = part.content()
    name = part.file_name() or named_for(part.kind, len(parts.attachments) + 1)
    if part.kind == "text/rfc822-headers":
        parts.returned.append(Headers(parse(content)[0]))
        name = "headers.txt"
    if not content:
        if part.file_name():
            parts.defects.append(f"The attachment {name} is empty and was left out.")
        return
    if not whole:
        parts.defects.append(f"The attachment {name} was damaged on its way; what could be read of it is here.")
    inline = part.disposition == "inline" or part.headers.has("content-id")
    parts.attachments.append(Attachment(name, part.kind, content, inline and part.kind.startswith("image/")))


def _inner(message: Message) -> list[Any] | None:
    # Of a part without parts, `get_payload` would decode the text by whatever codec the mail names, "idna" included.
    inner = message.get_payload() if message.is_multipart() else None
    return inner if isinstance(inner, list) else None


def _report(message: Message) -> str:
    inner = _inner(message)
    blocks = [block for block in inner if isinstance(block, Message)] if isinstance(inner, list) else [message]
    return clean("\n\n".join(filter(None, map(_report_block, blocks))))


def _report_block(block: Message) -> str:
    headers = Headers(block)
    named = "\n".join(f"{name}: {headers.text(name.lower())}" for name in dict.fromkeys(block.keys()))
    return "\n".join(filter(None, (named, decode(payload(block), None)[0].strip())))
