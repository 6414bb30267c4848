"""Decodes bytes to text, also where a mail names no charset or a wrong one. Pure; never raises."""

import codecs
import re

_NAME = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,39}")
_TEXT_CODECS = re.compile(
    r"ascii|utf|iso8859|cp\d|koi8|mac-|gb|big5|euc_|shift_jis|iso2022|johab|hz$|tis-|latin|ptcp154|kz1048|hp-roman8"
)
"""Charsets a mail may choose. Python's other codecs (rot13, idna, unicode_escape) are not charsets."""
_WIDER = {
    "iso8859-1": "cp1252",
    "euc_kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "big5": "cp950",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
}
"""Charsets that mail programs name when they use a larger one of the same family (WHATWG, Encoding §4.2)."""
_ALIASES = {"ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "cp-850": "cp850", "x-sjis": "cp932", "x-gbk": "gb18030"}
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_DIRECTIONS = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def decode(raw: bytes, claimed: str | None) -> tuple[str, bool]:
    """The text, and whether it is certainly right; if not, some characters are guesses."""
    codec = _codec(claimed)
    if codec is not None and (text := _strictly(raw, _candidates(codec))) is not None:
        return text, True
    # Text that is valid UTF-8 is taken as UTF-8: text in another charset is hardly ever valid UTF-8 by chance.
    if (text := _strictly(raw, ("iso2022_jp", "utf-8") if b"\x1b$" in raw else ("utf-8",))) is not None:
        return text, True
    if codec is None or codec == "ascii":
        return _strictly(raw, ("cp1252",)) or raw.decode("latin-1"), False
    # The charset named is usually right: accept a few broken characters and get the others right.
    return raw.decode(_WIDER.get(codec, codec), "replace"), False


def clean(text: str) -> str:
    """The text without control characters, lone surrogates and byte order marks, and with `\\n` as line ending."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def one_line(text: str, characters_max: int) -> str:
    """`text` as a name or a title: on one line, cut to `characters_max`, without characters that change direction.

    Such characters (right-to-left overrides) could disguise what a name or file name says.
    """
    words = _DIRECTIONS.sub("", clean(text)).split()
    line = " ".join(words)
    return line if len(line) <= characters_max else line[: characters_max - 1].rstrip() + "…"


def _codec(claimed: str | None) -> str | None:
    name = (claimed or "").strip().strip("\"'").lower()
    if not _NAME.fullmatch(name):
        return None
    try:
        codec = codecs.lookup(_ALIASES.get(name, name)).name
    except LookupError:
        return None
    return codec if _TEXT_CODECS.match(codec) else None


def _candidates(codec: str) -> tuple[str, ...]:
    if codec == "ascii":  # non-ASCII characters in it are usually UTF-8, which `decode` tries next
        return (codec,)
    return (codec,) if codec not in _WIDER else (_WIDER[codec], codec)


def _strictly(raw: bytes, candidates: tuple[str, ...]) -> str | None:
    for candidate in candidates:
        try:
            return raw.decode(candidate)
        except UnicodeError:
            continue
    return None
