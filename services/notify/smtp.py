"""What mails are sent by: an SMTP server, or a folder of files for a desk without one."""

import asyncio
import os
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from services.contract.errors import Permanent, Temporary
from services.notify.mail import needs_utf8, on_the_wire, recipient_of

SEND_TIMEOUT_SECONDS = 60
"""The most time for one whole conversation with the server, including the connection."""

_STARTTLS = {"required": True, "opportunistic": None, "never": False}
_FIRST_PERMANENT_CODE = 500
_TRUSTWORTHY = (aiosmtplib.SMTPRecipientRefused, aiosmtplib.SMTPDataError)
"""A 5xx at these steps is about this mail, so it is permanent. At any other step (log-in, our own sender address) it is
about our settings: the mail is tried again, to give somebody time to correct them."""


class Transport(Protocol):
    """Sends one message at a time; may get the same message again."""

    async def send(self, message: EmailMessage) -> str:
        """Send the message; returns what the other side answered, which is kept as evidence.

        Raises errors.Temporary if another attempt may succeed, errors.Permanent if this mail can never be sent.
        """


class SmtpTransport:
    """Sends mails to the SMTP server at `smtp://user:password@host:587?starttls=required` or `smtps://host`.

    `starttls` is required, opportunistic or never; the default is required with a password, else opportunistic.
    """

    def __init__(self, url: str) -> None:
        """Raises ValueError if the URL does not have that form."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("give smtp://host:port or smtps://host:port")
        default = "required" if parts.password else "opportunistic"
        starttls = parse_qs(parts.query).get("starttls", [default])[-1]
        if starttls not in _STARTTLS:
            raise ValueError(f"starttls is one of {', '.join(_STARTTLS)}")
        self._host, self._port = parts.hostname, parts.port
        self._implicit_tls = parts.scheme == "smtps"
        self._starttls = False if self._implicit_tls else _STARTTLS[starttls]
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None

    async def send(self, message: EmailMessage) -> str:
        """Send the message over a connection of its own, so that no idle connection can break between two mails."""
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                _refused, answer = await aiosmtplib.send(
                    on_the_wire(message),
                    sender=message["From"].addresses[0].addr_spec,
                    recipients=recipient_of(message),
                    mail_options=["SMTPUTF8"] if needs_utf8(message) else [],
                    hostname=self._host,
                    port=self._port,
                    username=self._username,
                    password=self._password,
                    use_tls=self._implicit_tls,
                    start_tls=self._starttls,
                    timeout=SEND_TIMEOUT_SECONDS,
                )
        except aiosmtplib.SMTPRecipientsRefused as refusal:
            raise _failure(refusal.recipients[0]) from refusal
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as failure:
            raise _failure(failure) from failure
        return answer


class FolderTransport:
    """Writes each mail to a file `<notification id>.eml`; a repeat replaces the same file."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    async def send(self, message: EmailMessage) -> str:
        """Write the file whole or not at all; once this returns, the file survives a power cut."""
        name = message["Message-ID"].strip("<>").partition("@")[0] + ".eml"
        try:
            await asyncio.to_thread(self._write, name, on_the_wire(message))
        except OSError as error:
            raise Temporary(f"The mailbox folder cannot be written: {error.strerror}.") from error
        return f"kept as {name}"

    def _write(self, name: str, content: bytes) -> None:
        # The process id in the name: two replicas that write the same mail must not share the unfinished file.
        unfinished = self._folder / f".{name}.{os.getpid()}"
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._folder / name)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _failure(error: Exception) -> Permanent | Temporary:
    if isinstance(error, aiosmtplib.SMTPNotSupported):
        return Permanent(f"The mail server cannot send this: {error.message}")
    if not isinstance(error, aiosmtplib.SMTPResponseException):
        return Temporary(f"The mail server cannot be reached: {error or type(error).__name__}")
    sentence = f"The mail server answered {error.code} {error.message}"
    if isinstance(error, _TRUSTWORTHY) and error.code >= _FIRST_PERMANENT_CODE:
        return Permanent(sentence)
    return Temporary(sentence)
