"""Mails for tests, as mail programs write and damage them, and the folder of real sample mails."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.intake.mail.letter import IncomingMail, read_mail

SAMPLES_VARIABLE = "BALIE_MAIL_SAMPLES"
RECEIVED_AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
FROM = "From: Marieke de Vries <marieke@devries.example>"


def sample_paths() -> list[Path]:
    """The real mails. They are not in the repository: without their folder the test is skipped; if a folder was named
    but does not exist, it fails."""
    told = os.environ.get(SAMPLES_VARIABLE)
    folder = Path(told) if told else Path(__file__).parents[3].parent / "shared" / "data" / "mail"
    found = sorted(folder.glob("*.eml"))
    if not found and not told:
        pytest.skip(f"There are no sample mails in {folder}; {SAMPLES_VARIABLE} says where they are.")
    assert found, f"There are no sample mails in {folder}, where {SAMPLES_VARIABLE} says they are."
    return found


def letter(*headers: str, body: str | bytes = "The printer is on fire.") -> bytes:
    """A mail with these headers; text that is not ASCII is encoded as UTF-8."""
    said = body.encode() if isinstance(body, str) else body
    return "\r\n".join([*headers, "", ""]).encode() + said.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def read(raw: bytes) -> IncomingMail:
    """Read the mail, which must not be refused."""
    mail = read_mail(raw, RECEIVED_AT)
    assert isinstance(mail, IncomingMail), mail
    return mail


def read_letter(*headers: str, body: str | bytes = "The printer is on fire.") -> IncomingMail:
    """Make a mail from Marieke with these further headers, and read it."""
    return read(letter(FROM, *headers, body=body))


def part(content_type: str, body: str, *headers: str) -> str:
    """One part of a multipart mail."""
    return "\n".join([f"Content-Type: {content_type}", *headers, "", body])


def parts(*each: str) -> str:
    """The body of a multipart mail whose boundary is `x`."""
    return "".join(f"--x\n{one}\n" for one in each) + "--x--\n"


def mixed(*each: str, subtype: str = "mixed") -> IncomingMail:
    """Make a multipart mail, and read it."""
    return read_letter(f'Content-Type: multipart/{subtype}; boundary="x"', "MIME-Version: 1.0", body=parts(*each))
