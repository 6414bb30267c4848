"""Watches the running desk: the status of each ticket, and the mails in the mailbox folder."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.cli.demo.words import NotAsPlanned
from services.contract.vocabulary import ClosedReason, Status
from services.intake.tables.tables import ticket
from services.notify.mail import TEMPLATE_HEADER, TICKET_HEADER
from services.notify.rules.notices import Template

LOOK_EVERY_SECONDS = 0.25
PATIENCE_SECONDS = 150.0
"""How long to wait for something in the story before NotAsPlanned is raised."""

Seen = TypeVar("Seen")


@dataclass(frozen=True)
class Standing:
    """A ticket's status, and for a closed one the reason."""

    status: Status
    closed_reason: ClosedReason | None

    def __str__(self) -> str:
        return str(self.closed_reason or self.status)


class Watch:
    """Reads the state of the desk every quarter of a second while `run` runs; then wakes everybody in `until`."""

    def __init__(self, engine: AsyncEngine, mailbox: Path) -> None:
        self._engine, self.mailbox = engine, mailbox
        self._changed = asyncio.Condition()
        self._read: set[str] = set()
        self._mails: dict[tuple[int | None, Template], list[EmailMessage]] = defaultdict(list)
        self.tickets: dict[int, Standing] = {}

    async def run(self) -> None:
        """Reads the desk's state again and again until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def look(self) -> None:
        """Reads the desk's state once."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(select(ticket.c.number, ticket.c.status, ticket.c.closed_reason))
            self.tickets = {row.number: _standing(row.status, row.closed_reason) for row in rows}
        for message in await asyncio.to_thread(self._new_mails):
            number = int(message[TICKET_HEADER]) if message[TICKET_HEADER] else None
            self._mails[number, Template(message[TEMPLATE_HEADER])].append(message)
        async with self._changed:
            self._changed.notify_all()

    async def until(self, seen: Callable[[], Seen | None], what: str) -> Seen:
        """Waits until `seen` returns something true, and returns that.

        Raises NotAsPlanned after `PATIENCE_SECONDS`; `what` says in its text what was waited for.
        """
        async with self._changed:
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while not (found := seen()):
                        await self._changed.wait()
            except TimeoutError:
                raise NotAsPlanned(f"{what} did not happen within {PATIENCE_SECONDS:.0f} s") from None
        return found

    async def mail(self, number: int | None, *templates: Template, nth: int = 1, to: str = "") -> EmailMessage:
        """The `nth` mail of one of these kinds about the ticket, to the address `to` where that is given."""

        def found() -> EmailMessage | None:
            fitting = (self._sent(number, template, to) for template in templates)
            return next((mails[nth - 1] for mails in fitting if len(mails) >= nth), None)

        return await self.until(found, f"the {' or '.join(templates)} mail of ticket {number}")

    def count(self, template: Template, to: str) -> int:
        """How many mails of this kind about no ticket the address has got."""
        return len(self._sent(None, template, to))

    def standings(self) -> Counter[str]:
        """How many tickets have each status, or each reason for which they are closed."""
        return Counter(str(standing) for standing in self.tickets.values())

    def mails(self) -> Counter[Template]:
        """How many mails of each kind there are."""
        return Counter({template: 0 for template in Template}) + Counter(
            template for (_, template), mails in self._mails.items() for _ in mails
        )

    def _sent(self, number: int | None, template: Template, to: str) -> list[EmailMessage]:
        return [mail for mail in self._mails[number, template] if not to or to.lower() in _addresses(mail)]

    def _new_mails(self) -> list[EmailMessage]:
        new = sorted(path for path in self.mailbox.glob("*.eml") if path.name not in self._read)
        self._read |= {path.name for path in new}
        return [_message(path) for path in new]


def _message(path: Path) -> EmailMessage:
    message = message_from_bytes(path.read_bytes(), policy=default)
    if not isinstance(message, EmailMessage):
        raise TypeError(f"{path} was read as {type(message).__name__}")
    return message


def _addresses(mail: EmailMessage) -> set[str]:
    return {address.lower() for _, address in getaddresses([str(mail["To"])])}


def _standing(status: str, closed_reason: str | None) -> Standing:
    return Standing(Status(status), ClosedReason(closed_reason) if closed_reason else None)
