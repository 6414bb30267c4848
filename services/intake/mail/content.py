"""One part of a mail: its decoded bytes, its header parameters, its file name. Pure; never raises."""

import base64
import binascii
import mimetypes
import quopri
import re
from copy import copy
from email.message import Message

from services.contract.limits import FILE_NAME_CHARACTERS_MAX
from services.intake.mail.charset import decode, one_line
from services.intake.mail.headers import Headers, decode_words

OCTETS = "application/octet-stream"

_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}")
_PATH = re.compile(r"[/\\]")
_UNFIT_FOR_FILES = re.compile(r'[<>:"|?*]')
_WINDOWS_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


class Part:
    """A part of a mail that contains no other parts."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.headers = Headers(message)
        self.kind = content_type(message)
        self.disposition = self.headers.text("content-disposition").partition(";")[0].strip().lower()

    def parameter(self, header: str, name: str) -> str:
        """The header's parameter, decoded; empty where there is none."""
        # Read it from the decoded header: Python's parser turns 8-bit characters into question marks.
        reader = Message()
        reader[header] = self.headers.raw(header) or "none"
        try:
            value = reader.get_param(name, "", header)
        except (TypeError, ValueError):  # the parser fails on some parameters in numbered pieces (RFC 2231)
            return ""
        if isinstance(value, tuple):
            charset, _, text = value
            return decode(str(text).encode("latin-1", "replace"), charset)[0]
        return decode_words(str(value))

    def file_name(self) -> str:
        """A name that is safe to show and to save under; empty where the part has none."""
        location = self.headers.text("content-location")
        return (
            safe_file_name(self.parameter("content-disposition", "filename"))
            or safe_file_name(self.parameter("content-type", "name"))
            or safe_file_name("" if "://" in location else location)
        )

    def content(self) -> tuple[bytes, bool]:
        """The decoded bytes, and whether they are complete."""
        raw = payload(self.message)
        encoding = re.sub("[^a-z0-9]", "", self.headers.text("content-transfer-encoding").lower())
        if "base64" in encoding:
            return _from_base64(raw)
        if "quoted" in encoding:
            return quopri.decodestring(raw), True
        if encoding in ("xuuencode", "uuencode", "xuue", "uue"):
            return _from_uu(raw)
        return raw, True


def content_type(message: Message) -> str:
    """The content type as `type/subtype` in lower case; `application/octet-stream` where it is not valid."""
    kind = message.get_content_type()
    return kind if _TYPE.fullmatch(kind) else OCTETS


def payload(message: Message) -> bytes:
    """The bytes after the headers, still encoded."""
    # Without the header that names the encoding, the parser returns the bytes unchanged.
    untouched = copy(message)
    del untouched["content-transfer-encoding"]
    raw = untouched.get_payload(decode=True)
    return raw if isinstance(raw, bytes) else b""


def safe_file_name(name: str) -> str:
    """`name` without path, control characters and characters that file systems refuse; empty if nothing is left."""
    last = _PATH.split(one_line(name, 20 * FILE_NAME_CHARACTERS_MAX))[-1]
    fit = _UNFIT_FOR_FILES.sub("_", last).strip(". ")
    if _WINDOWS_DEVICE.match(fit):
        fit = f"_{fit}"
    if len(fit) <= FILE_NAME_CHARACTERS_MAX:
        return fit
    stem, dot, ending = fit.rpartition(".")
    room = FILE_NAME_CHARACTERS_MAX - len(dot + ending)
    return f"{stem[:room]}{dot}{ending}" if stem and room > 0 else fit[:FILE_NAME_CHARACTERS_MAX]


def named_for(kind: str, number: int) -> str:
    """A name for a file that came without one."""
    return f"attachment-{number}{mimetypes.guess_extension(kind) or '.bin'}"


def _from_base64(raw: bytes) -> tuple[bytes, bool]:
    until_padding, _, beyond = raw.partition(b"=")
    digits = _NOT_BASE64.sub(b"", until_padding)
    foreign = len(b"".join(until_padding.split())) - len(digits)
    whole = not foreign and len(digits) % 4 != 1 and not _NOT_BASE64.sub(b"", beyond)
    digits = digits[: len(digits) - 1] if len(digits) % 4 == 1 else digits
    return base64.b64decode(digits + b"=" * (-len(digits) % 4)), whole


def _from_uu(raw: bytes) -> tuple[bytes, bool]:
    decoded, whole, inside = [], True, False
    for line in raw.splitlines():
        if not inside:
            inside = line.startswith(b"begin ")
        elif line.strip() == b"end":
            break
        elif line:
            try:
                # Some encoders pad lines beyond the length they state: use only as many characters as stated.
                decoded.append(binascii.a2b_uu(line[: (((line[0] - 32) & 63) * 4 + 5) // 3 + 1]))
            except binascii.Error:
                whole = False
    return (b"".join(decoded), whole) if inside else (raw, False)
