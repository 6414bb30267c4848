"""Receives mails from files, for `balie receive-mail`: a process like intake's, which ends when all are received."""

import asyncio
from collections.abc import Iterable
from email.utils import parseaddr
from pathlib import Path

from pydantic import Field

from services.cli.state_folder import reach
from services.intake.mail.incoming import MailOutcome, Mailroom, Receipt, receive_mail
from services.intake.main import IntakeSettings, blob_store
from services.platform.clock import wall_clock
from services.platform.database import connect


class MailSettings(IntakeSettings):
    """Intake's settings, and one more that receiving mail needs."""

    mail_from: str = Field(
        default="Balie <support@balie.example>", description="the desk's own address, where people answer to"
    )


def receive_files(mails: Iterable[tuple[str, bytes]], state: Path) -> bool:
    """Receives the mails (name and content) and prints the outcome of each; False if one was refused."""
    return asyncio.run(_receive_all(reach(MailSettings, state), mails))


async def _receive_all(settings: MailSettings, mails: Iterable[tuple[str, bytes]]) -> bool:
    engine = connect(settings.database_url.get_secret_value())
    address = parseaddr(settings.mail_from)[1]
    mailroom = Mailroom(engine, blob_store(settings), settings.standard, wall_clock, address)
    all_in = True
    try:
        for name, raw in mails:
            receipt = await receive_mail(mailroom, raw)
            print(f"{name}: {_sentence(receipt)}")
            all_in = all_in and receipt.outcome is not MailOutcome.REFUSED
    finally:
        await engine.dispose()
    return all_in


def _sentence(receipt: Receipt) -> str:
    return {
        MailOutcome.SUBMITTED: f"opened ticket {receipt.number}.",
        MailOutcome.REPLIED: f"answered ticket {receipt.number}.",
        MailOutcome.FOLLOWED_UP: f"opened ticket {receipt.number}, which follows up a finalised one.",
        MailOutcome.NOTED: f"noted on ticket {receipt.number}; a machine wrote it.",
        MailOutcome.REPEATED: f"came before{f', for ticket {receipt.number}' if receipt.number else ''}.",
        MailOutcome.REFUSED: f"refused. {receipt.reason}",
    }[receipt.outcome]
