"""Reads the folder of mails that a desk without SMTP writes, one `.eml` file each."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from itertools import islice
from pathlib import Path

from services.contract.errors import NotFound

MAILS_MAX = 200
"""How many mails are listed, the newest ones."""
TEMPLATE_HEADER = "X-Balie-Template"
PASSWORD_LINK = "password_link"  # noqa: S105 - a mail's name, no secret


@dataclass(frozen=True)
class Mail:
    """A mail as the recipient would get it. `html` comes from outside: show it in a sandbox only."""

    name: str
    at: datetime
    sender: str
    to: str
    subject: str
    text: str
    html: str
    opens_an_account: bool
    """Whether it has a password link: who reads it can choose that person's password and log in as them."""


class Mailbox:
    """The folder of mails."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest(self, *, everything: bool) -> list[Mail]:
        """The newest mails first, at most `MAILS_MAX`; without `everything`, those that open an account are left out.

        A folder that does not exist yet counts as empty.
        """
        files = [(file.stat().st_mtime, file) for file in self._folder.glob("*.eml")]
        mails = (_mail(file) for _, file in sorted(files, reverse=True))
        return list(islice((mail for mail in mails if everything or not mail.opens_an_account), MAILS_MAX))

    def read(self, name: str, *, everything: bool) -> Mail:
        """One mail. Raises NotFound, also for a mail that opens an account unless `everything` is set."""
        file = self._folder / name
        if file.parent != self._folder or not file.is_file():
            raise NotFound("There is no such mail.")
        mail = _mail(file)
        if mail.opens_an_account and not everything:
            raise NotFound("There is no such mail.")
        return mail


def _mail(file: Path) -> Mail:
    message = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
    return Mail(
        name=file.name,
        at=datetime.fromtimestamp(file.stat().st_mtime, UTC),
        sender=str(message.get("From", "")),
        to=str(message.get("To", "")),
        subject=str(message.get("Subject", "")),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        opens_an_account=str(message.get(TEMPLATE_HEADER, "")).strip() == PASSWORD_LINK,
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""
