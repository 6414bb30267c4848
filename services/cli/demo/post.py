"""Receives the demonstration's mails, in an order that depends on their file names only."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.contract.errors import BalieError, sentence
from services.contract.vocabulary import Language
from services.intake.mail.incoming import MailOutcome, Mailroom, Receipt, receive_mail
from services.intake.mail.letter import IncomingMail, read_mail


@dataclass(frozen=True)
class Posted:
    """A mail that was received, and its outcome."""

    name: str
    receipt: Receipt
    sender: str | None
    """The address that answers go to."""
    language: Language
    words: str
    """Its text, which must be on its ticket afterwards."""
    by_machine: bool

    @property
    def opened(self) -> bool:
        """Whether it became a ticket."""
        return self.receipt.outcome is MailOutcome.SUBMITTED

    @property
    def opened_by_machine(self) -> bool:
        """Whether it became a ticket and a machine wrote it: no confirmation may be sent."""
        return self.opened and self.by_machine


def letters(folder: Path, most: int | None = None) -> list[Path]:
    """The mails in the folder, at most `most`, in a mixed order that is the same every time."""
    return sorted(folder.glob("*.eml"), key=lambda path: hashlib.sha256(path.name.encode()).digest())[:most]


async def bring_in(mailroom: Mailroom, paths: Sequence[Path]) -> AsyncIterator[Posted]:
    """Receives the mails one after the other. A mail that fails counts as refused; the next ones are still received."""
    for path in paths:
        raw = b""
        try:
            raw = await asyncio.to_thread(path.read_bytes)
            receipt = await receive_mail(mailroom, raw)
        except (BalieError, OSError) as error:
            receipt = Receipt(MailOutcome.REFUSED, None, sentence(error))
        yield _posted(path.name, raw, receipt, mailroom)


def _posted(name: str, raw: bytes, receipt: Receipt, mailroom: Mailroom) -> Posted:
    mail = read_mail(raw, mailroom.clock())
    if not isinstance(mail, IncomingMail):
        return Posted(name, receipt, None, mailroom.language, "", by_machine=False)
    return Posted(
        name,
        receipt,
        sender=mail.sender.email if mail.sender else None,
        language=mail.language or mailroom.language,
        words=mail.text,
        by_machine=mail.written_by_machine is not None,
    )
