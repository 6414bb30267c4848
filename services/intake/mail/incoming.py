"""Receives a mail: adds it to the ticket it belongs to, or opens a new ticket. One transaction for each mail.

A mail that arrives twice is received once. The sender's address can be forged, so a mail acts only for the requester's
side, and only on tickets its sender takes part in. A mail written by a machine never counts as a reply, and no
confirmation is sent for it. A mail of an inactive person becomes a ticket of an unknown requester, so that support
reads it.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contract.errors import MoveRefused, NotFound
from services.contract.event_data import Actor
from services.contract.limits import TICKET_NUMBER_DIGITS_MAX
from services.contract.vocabulary import Channel, Language
from services.intake.mail.letter import IncomingMail, RefusedMail, read_mail
from services.intake.mail.notes import about_mail, machine_note, name_of, subject_of, text_of
from services.intake.people.people import Person, find_by_email, get_or_add_requester
from services.intake.rules.contracts import Terms
from services.intake.rules.moves.note import Note
from services.intake.tables.tables import comment, received_mail, ticket
from services.intake.tickets.access import Party
from services.intake.tickets.attachments import BlobStore, keep
from services.intake.tickets.messages import Draft, message_of
from services.intake.tickets.store import load
from services.intake.tickets.use_cases import NewTicket, carry_out, reply, submit
from services.platform.clock import Clock
from services.platform.database import transaction
from services.platform.telemetry import correlated

ORIGINAL_NAME = "original.eml"
MAILROOM = Party(Actor(kind="service", name="E-mail", staff=True), None)
"""The author of internal notes about mails."""


class MailOutcome(StrEnum):
    """What became of a mail."""

    SUBMITTED = "submitted"
    REPLIED = "replied"
    FOLLOWED_UP = "followed_up"
    """An answer to a finalised ticket opened a new ticket that follows it."""
    NOTED = "noted"
    """Kept as an internal note: an automatic answer about a known ticket, or a colleague's answer."""
    REPEATED = "repeated"
    """The same mail was received before."""
    REFUSED = "refused"


@dataclass(frozen=True)
class Receipt:
    """What became of a mail, and on which ticket; `reason` is set for a refused or repeated mail."""

    outcome: MailOutcome
    number: int | None
    reason: str = ""


@dataclass(frozen=True)
class Mailroom:
    """What is needed to receive mails."""

    engine: AsyncEngine
    blobs: BlobStore
    standard: Terms
    clock: Clock
    address: str = ""
    """The desk's mail address `name@domain`: mails to `name+12@domain` are about ticket 12."""
    language: Language = Language.DUTCH
    """The language of a new requester whose mail names none."""


async def receive_mail(mailroom: Mailroom, raw: bytes) -> Receipt:
    """Receive one mail. Receiving it again changes nothing and returns the ticket it went to."""
    now = mailroom.clock()
    # In a thread: a large mail takes seconds to parse, and would block the event loop.
    mail = await asyncio.to_thread(read_mail, raw, now)
    key = _key(mail, raw)
    with correlated(f"mail-{hashlib.sha256(key.encode()).hexdigest()[:32]}"):
        async with transaction(mailroom.engine) as connection:
            if (before := await _claim(connection, key, now)) is not None:
                return Receipt(MailOutcome.REPEATED, before.ticket_number, before.refused or "It came before.")
            receipt = await _Arrival(connection, mailroom, now).bring_in(mail)
            await connection.execute(
                update(received_mail)
                .where(received_mail.c.key == key)
                .values(ticket_number=receipt.number, refused=receipt.reason if receipt.number is None else None)
            )
            return receipt


def _key(mail: IncomingMail | RefusedMail, raw: bytes) -> str:
    """The key by which a mail is recognised when it arrives again.

    The Message-ID alone is not enough: some programs give all their mails the same one, and all mails but the first
    would be lost.
    """
    if isinstance(mail, RefusedMail) or mail.message_id is None:
        return f"sha256:{hashlib.sha256(raw).hexdigest()}"
    digest = hashlib.sha256()
    sender = mail.sender.email.lower() if mail.sender else ""
    for said in (sender, mail.subject, mail.whole, mail.sent_at.isoformat() if mail.is_dated else ""):
        digest.update(said.encode() + b"\0")
    for file in mail.attachments:
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.content).digest())
    return f"<{mail.message_id}> {digest.hexdigest()[:32]}"


async def _claim(connection: AsyncConnection, key: str, now: datetime) -> Row[tuple[object, ...]] | None:
    # If the same mail arrives twice at once, the second waits here until the first has committed, and finds its row.
    claim = insert(received_mail).values(key=key, received_at=now).on_conflict_do_nothing()
    if (await connection.execute(claim.returning(received_mail.c.key))).first() is not None:
        return None
    return (await connection.execute(select(received_mail).where(received_mail.c.key == key))).one()


@dataclass(frozen=True)
class _Arrival:
    """Handles one mail that arrives, in its transaction."""

    connection: AsyncConnection
    mailroom: Mailroom
    now: datetime

    async def bring_in(self, mail: IncomingMail | RefusedMail) -> Receipt:
        if isinstance(mail, RefusedMail):
            return Receipt(MailOutcome.REFUSED, None, mail.reason)
        sender = await find_by_email(self.connection, mail.sender.email) if mail.sender else None
        party = _requesters_side(sender) if sender else None
        own, foreign = await self._tickets(mail, party)
        if mail.written_by_machine is not None:
            about = own or (foreign if mail.bounce else None)
            if about is not None:
                return await self._note(about, machine_note(mail), mail)
        if sender is not None and not sender.active:
            return await self._submit(mail, names=own or foreign, switched_off=True)
        if mail.written_by_machine is None and own is not None and party is not None:
            if not party.asks(await load(self.connection, own)):
                return await self._colleagues_note(own, mail, party)
            try:
                return await self._reply(own, mail, party)
            except MoveRefused:
                return await self._submit(mail, answers=own)
        return await self._submit(mail, names=foreign)

    async def _tickets(self, mail: IncomingMail, party: Party | None) -> tuple[int | None, int | None]:
        """The ticket the mail belongs to, and a ticket it names that its sender may not see; each may be None."""
        foreign = None
        for number in dict.fromkeys(filter(None, (mail.ticket_number, self._tagged(mail)))):
            try:
                named = await load(self.connection, number)
            except NotFound:
                continue
            if party is not None and party.may_see(named):
                return number, None
            foreign = foreign or number
        return await self._answered(mail, party) if party else None, foreign

    def _tagged(self, mail: IncomingMail) -> int | None:
        local, _, domain = self.mailroom.address.lower().rpartition("@")
        for recipient in mail.recipients:
            name, _, host = recipient.email.lower().rpartition("@")
            tag = name.removeprefix(f"{local}+")
            is_number = tag.isascii() and tag.isdigit() and len(tag) <= TICKET_NUMBER_DIGITS_MAX
            if local and host == domain and tag != name and is_number:
                return int(tag)
        return None

    async def _answered(self, mail: IncomingMail, party: Party) -> int | None:
        """The newest ticket with a mail this one refers to, among the tickets its sender may see."""
        if not mail.references:
            return None
        ids = [f"<{reference}>" for reference in mail.references]
        said = select(comment.c.ticket_number).join_from(comment, ticket)
        query = said.where(party.visible(), comment.c.public, comment.c.message_id.in_(ids))
        numbers = (await self.connection.execute(query.order_by(comment.c.ticket_number.desc()).limit(1))).scalars()
        return numbers.first()

    async def _submit(
        self, mail: IncomingMail, *, names: int | None = None, answers: int | None = None, switched_off: bool = False
    ) -> Receipt:
        # Leave the address of an inactive person out, or the ticket would be theirs. Support reads it in the note.
        requester = await self._requester(mail, None if switched_off or not mail.sender else mail.sender.email)
        party = _requesters_side(requester)
        language = mail.language or requester.language
        question = NewTicket(
            subject=subject_of(mail, language),
            draft=await self._draft(mail, text_of(mail.whole, language), mail.html, party.uploader),
            language=language,
        )
        opened = await submit(self.connection, party, requester, question, self.mailroom.standard, self.now)
        note = about_mail(mail, names=names, answers=answers, switched_off=switched_off)
        await self._note_about(opened.number, note)
        return Receipt(MailOutcome.SUBMITTED, opened.number)

    async def _requester(self, mail: IncomingMail, email: str | None) -> Person:
        language = mail.language or self.mailroom.language
        return await get_or_add_requester(
            self.connection,
            name=name_of(mail.sender, language),
            email=email,
            language=language,
            now=self.now,
        )

    async def _reply(self, number: int, mail: IncomingMail, party: Party) -> Receipt:
        language = mail.language or self.mailroom.language
        # The HTML contains the quoted text too, which everybody has read already.
        html = None if mail.quoted else mail.html
        draft = await self._draft(mail, text_of(mail.text, language), html, party.uploader)
        answered = await reply(self.connection, party, number, draft, self.mailroom.standard, self.now)
        await self._note_about(answered.number, about_mail(mail))
        # Only a follow-up is at version 1; a reply to a merged ticket goes to the ticket it was merged into.
        return Receipt(MailOutcome.FOLLOWED_UP if answered.version == 1 else MailOutcome.REPLIED, answered.number)

    async def _colleagues_note(self, number: int, mail: IncomingMail, party: Party) -> Receipt:
        """Keep the answer of a colleague, with whom the ticket is shared, as a note that the requester does not see."""
        language = mail.language or self.mailroom.language
        draft = await self._draft(mail, text_of(mail.text, language), None, party.uploader)
        note = Note(party.actor, await message_of(self.connection, draft, party.uploader))
        await carry_out(self.connection, party, number, note, self.now)
        await self._note_about(number, about_mail(mail))
        return Receipt(MailOutcome.NOTED, number)

    async def _note_about(self, number: int, note: str) -> None:
        if note:
            await self._carry_out_note(number, Draft(note, channel=Channel.EMAIL))

    async def _note(self, number: int, text: str, mail: IncomingMail) -> Receipt:
        await self._carry_out_note(number, await self._draft(mail, text, None, MAILROOM.uploader))
        return Receipt(MailOutcome.NOTED, number)

    async def _carry_out_note(self, number: int, draft: Draft) -> None:
        message = await message_of(self.connection, draft, MAILROOM.uploader)
        await carry_out(self.connection, MAILROOM, number, Note(MAILROOM.actor, message), self.now)

    async def _draft(self, mail: IncomingMail, text: str, html: str | None, uploader: str) -> Draft:
        return Draft(
            text=text,
            html=html,
            attachment_ids=await self._files(mail, uploader),
            channel=Channel.EMAIL,
            message_id=f"<{mail.message_id}>" if mail.message_id else None,
            auto_generated=mail.written_by_machine is not None,
        )

    async def _files(self, mail: IncomingMail, uploader: str) -> tuple[UUID, ...]:
        files = [(file.name, file.content_type, file.content) for file in mail.attachments]
        if mail.original is not None:
            files.append((ORIGINAL_NAME, "message/rfc822", mail.original))
        connection, blobs = self.connection, self.mailroom.blobs
        kept = [
            await keep(
                connection, blobs, name=name, content_type=kind, content=content, uploader=uploader, now=self.now
            )
            for name, kind, content in files
        ]
        return tuple(file.id for file in kept)


def _requesters_side(person: Person) -> Party:
    # Never as staff, even if the address is an agent's: nothing proves that they sent the mail.
    return Party(Actor(kind="person", name=person.name, person_id=person.id), person)
