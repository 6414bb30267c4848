"""The text of a mail: joins flowed lines, and separates new text from signature and quoted text. Pure."""

import re
from dataclasses import dataclass

SIGNATURE_LINES_MAX = 20
ATTRIBUTION_LINES_MAX = 3
"""How many lines an attribution (`On … wrote:`) may take: mail programs wrap a long one."""
ATTRIBUTION_CHARACTERS_MAX = 400

_DATED = re.compile(
    r"^(?:on\b.{4,}\bwrote|op\b.{4,}\bschreef\b.{0,200}|op\b.{4,}\bheeft\b.{0,200}\bgeschreven|"
    r"il\b.{4,}\bha\s+scritto|am\b.{4,}\bschrieb\b.{0,200}|le\b.{4,}\ba\s+écrit)\s*:\s*$",
    re.IGNORECASE,
)
_NAMED = re.compile(r"^.{1,200}\b(?:wrote|schreef|ha scritto|schrieb|a écrit)\s*:\s*$", re.IGNORECASE)
_ORIGINAL = re.compile(
    r"^\s*[-_]{2,}\s*(?:original message|oorspronkelijk bericht|messaggio originale|ursprüngliche nachricht|"
    r"message d'origine)\s*[-_]{2,}\s*$",
    re.IGNORECASE,
)
_FORWARDED = re.compile(
    r"^\s*(?:-{3,}\s*|begin(?:\s+van)?\s+|inizio\s+)?"
    r"(?:forwarded message|doorgestuurd bericht|messaggio inoltrato|weitergeleitete nachricht)\s*[-:]",
    re.IGNORECASE,
)
_RULE = re.compile(r"^\s*_{10,}\s*$")
_OUTLOOK_FIRST = re.compile(r"^\s*\*?(?:from|van|da|von|de)\s*:\*?\s+\S", re.IGNORECASE)
_OUTLOOK_NEXT = re.compile(
    r"^\s*\*?(?:sent|date|to|verzonden|datum|aan|inviato|data|a|gesendet|an|envoyé|à)\s*:\*?\s+\S", re.IGNORECASE
)
_SIGNATURE_LINE = "-- "
_SIGNATURE = re.compile(r"^--\s?$")
_QUOTED = re.compile(r"^\s?>")


@dataclass(frozen=True)
class Split:
    """A message in three pieces, each of which may be empty. Together they are the whole message."""

    new: str
    signature: str
    quoted: str


def unflow(text: str, *, delete_space: bool) -> str:
    """`format=flowed` text (RFC 3676) with its soft line breaks removed."""
    paragraphs: list[list[str]] = []
    depth_before, soft = 0, False
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        words = line[depth:].removeprefix(" ")
        if not soft or depth != depth_before or words == _SIGNATURE_LINE:
            paragraphs.append([">" * depth + " " if depth else ""])
        soft, depth_before = words.endswith(" ") and words != _SIGNATURE_LINE, depth
        paragraphs[-1].append(words[:-1] if soft and delete_space else words)
    return "\n".join("".join(paragraph) for paragraph in paragraphs)


def split(text: str) -> Split:
    """Separate what the sender wrote now from the signature and from the earlier message quoted below.

    Where nothing would be left as new, the whole text counts as new.
    """
    lines = text.split("\n")
    quote = _quote_start(lines)
    above, quoted = lines[:quote], lines[quote:]
    signature = _signature_start(above)
    pieces = Split(_joined(above[:signature]), _joined(above[signature:]), _joined(quoted))
    return pieces if pieces.new else Split(_joined(lines), "", "")


def _quote_start(lines: list[str]) -> int:
    """The index of the line where the quoted earlier message begins; the number of lines where there is none."""
    for number, line in enumerate(lines):
        if _FORWARDED.match(line):  # a forwarded message is no quote: the sender wants it read
            return len(lines)
        if _ORIGINAL.match(line):
            return number
        if _OUTLOOK_FIRST.match(line) and any(_OUTLOOK_NEXT.match(later) for later in lines[number + 1 : number + 4]):
            return number - 1 if number and _RULE.match(lines[number - 1]) else number
    return _trailing_quote_start(lines)


def _trailing_quote_start(lines: list[str]) -> int:
    # Quoted lines with answers between them are kept: only a quote with nothing new below it is cut off.
    start = len(lines)
    while start and (not lines[start - 1].strip() or _QUOTED.match(lines[start - 1])):
        start -= 1
    if not any(_QUOTED.match(line) for line in lines[start:]):
        return len(lines)
    for length in range(1, min(ATTRIBUTION_LINES_MAX, start) + 1):
        attribution = " ".join(line.strip() for line in lines[start - length : start])
        if len(attribution) <= ATTRIBUTION_CHARACTERS_MAX and _DATED.match(attribution):
            return start - length
    return start - 1 if start and _NAMED.match(lines[start - 1].strip()) else start


def _signature_start(lines: list[str]) -> int:
    for number in range(len(lines) - 1, max(-1, len(lines) - 1 - SIGNATURE_LINES_MAX), -1):
        if _SIGNATURE.match(lines[number]):
            return number
    return len(lines)


def _joined(lines: list[str]) -> str:
    return "\n".join(lines).strip("\n").rstrip()
