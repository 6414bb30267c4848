"""The source of a mail, mended where its headers are not as they should be, and parsed. Pure; never raises."""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32

HEADER_LINES_MAX = 2_000
"""Lines of headers that are read; a mail has a hundred or two."""
BOUNDARIES_MAX = 10_000
"""Lines that may begin a part: with many more, taking the mail apart would take minutes."""

_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")
_KNOWN_HEADER = re.compile(
    rb"(from|to|cc|subject|date|message-id|received|reply-to|return-path|mime-version|content-type)[ \t]*:",
    re.IGNORECASE,
)
_SPACE_BEFORE_COLON = re.compile(rb"\A([!-9;-~]+)[ \t]+:")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")
_ENVELOPE_LINE = (b"From ", b">From ")


def parse(raw: bytes) -> tuple[Message, list[str]]:
    """The mail's structure, and what had to be mended, in sentences.

    `compat32` on purpose: it keeps what it does not understand, where the newer policies raise.
    """
    mended, defects = _mended(raw)
    if raw.count(b"\n--") > BOUNDARIES_MAX:
        defects.append("It has too many parts to be taken apart.")
        return BytesHeaderParser(_Mail, policy=compat32).parsebytes(mended), defects
    try:
        return BytesParser(_Mail, policy=compat32).parsebytes(mended), defects
    except RecursionError:
        defects.append("Its parts lie inside one another too deeply to be taken apart.")
        return BytesHeaderParser(_Mail, policy=compat32).parsebytes(mended), defects


class _Mail(Message):
    """A message whose attached mails stay closed: they are files, to be kept byte for byte."""

    def get_content_maintype(self) -> str:
        """What the parser asks before it opens a mail inside a mail."""
        kind = super().get_content_maintype()
        return "application" if kind == "message" else kind


def _mended(raw: bytes) -> tuple[bytes, list[str]]:
    """Headers as RFC 822 allowed them (`From  :`) made plain, and lines among them that are none left out."""
    block = list(_header_lines(raw))
    last_known = max((number for number, line in enumerate(block) if _KNOWN_HEADER.match(line)), default=-1)
    kept: list[bytes] = []
    defects: list[str] = []
    rest = raw[sum(map(len, block)) :]
    for number, line in enumerate(block):
        if number == HEADER_LINES_MAX:
            defects.append(f"It has more than {HEADER_LINES_MAX} lines of headers; the others were left out.")
            break
        if line[:1] in (b" ", b"\t"):
            kept.append(line)
        elif _HEADER.match(line):
            kept.append(_SPACE_BEFORE_COLON.sub(rb"\1:", line, count=1))
        elif number == 0 and line.startswith(_ENVELOPE_LINE):
            continue
        elif kept and number < last_known:
            defects.append("A line among its headers was none and was left out.")
        else:  # the message begins here, without the empty line that should announce it
            return b"".join([*kept, b"\r\n", *block[number:]]) + rest, defects
    return b"".join(kept) + rest, defects


def _header_lines(raw: bytes) -> Iterator[bytes]:
    for line in _LINE.finditer(raw):
        if not line[0].strip(b"\r\n"):
            return
        yield line[0]
