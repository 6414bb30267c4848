"""Parses the bytes of a mail, after repairing malformed headers. Pure; never raises."""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser, BytesParser
from email.policy import compat32

HEADER_LINES_MAX = 2_000
"""Most header lines that are read. A usual mail has one or two hundred."""
BOUNDARIES_MAX = 10_000
"""Most lines that may begin a part. Parsing a mail with many more would take minutes."""

_HEADER = re.compile(rb"[!-9;-~]+[ \t]*:")
_KNOWN_HEADER = re.compile(
    rb"(from|to|cc|subject|date|message-id|received|reply-to|return-path|mime-version|content-type)[ \t]*:",
    re.IGNORECASE,
)
_SPACE_BEFORE_COLON = re.compile(rb"\A([!-9;-~]+)[ \t]+:")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")
_ENVELOPE_LINE = (b"From ", b">From ")


def parse(raw: bytes) -> tuple[Message, list[str]]:
    """The parsed mail, and sentences about what had to be repaired.

    It uses the policy `compat32`, which keeps what it does not understand; the newer policies raise.
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
    """A message whose attached mails are not parsed: they are kept as files, byte for byte."""

    def get_content_maintype(self) -> str:
        """Answers "application" for an attached mail, so that the parser does not open it."""
        kind = super().get_content_maintype()
        return "application" if kind == "message" else kind


def _mended(raw: bytes) -> tuple[bytes, list[str]]:
    """Repair the headers: remove lines that are no header, and spaces before the colon (RFC 822 allowed `From  :`)."""
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
        else:  # the body begins here; the empty line before it is missing
            return b"".join([*kept, b"\r\n", *block[number:]]) + rest, defects
    return b"".join(kept) + rest, defects


def _header_lines(raw: bytes) -> Iterator[bytes]:
    for line in _LINE.finditer(raw):
        if not line[0].strip(b"\r\n"):
            return
        yield line[0]
