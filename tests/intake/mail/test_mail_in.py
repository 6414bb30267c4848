"""Mails become tickets, replies and notes: once each, on the right ticket, and never as somebody they are not."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contract.events import Event, TicketReplied, TicketSubmitted
from services.intake.mail.incoming import MailOutcome, Mailroom, Receipt, receive_mail
from services.intake.rules.contracts import Terms
from services.intake.tables.tables import comment, outbox, person, ticket
from services.intake.tickets.attachments import FolderBlobs, PostgresBlobs
from services.messaging.outbox import BROKER_SINK
from tests.intake.api_desk import As
from tests.intake.mail.mail_letters import letter, part, parts
from tests.moved_clock import MovedClock

MARIEKE = "From: Marieke de Vries <marieke@devries.example>"
PIETER = "From: Pieter de Vries <pieter@devries.example>"
LUCA = "From: Luca Ferrari <luca@ferrari.example>"
STRANGER = "From: Somebody New <new@elsewhere.example>"


class Post:
    """The mailroom, spoken to as mail servers do."""

    def __init__(self, room: Mailroom) -> None:
        self.room = room

    async def brings(self, *headers: str, body: str = "The printer is on fire.") -> Receipt:
        """A mail with these headers."""
        return await receive_mail(self.room, letter("Date: Mon, 02 Nov 2026 09:15 +0100", *headers, body=body))

    async def opens(self, *headers: str, **said: str) -> int:
        """The number of the ticket a mail opens."""
        receipt = await self.brings(*headers, **said)
        assert receipt.outcome is MailOutcome.SUBMITTED
        assert receipt.number is not None
        return receipt.number


@pytest.fixture
async def post(engine: AsyncEngine, clock: MovedClock, api: As) -> Post:
    return Post(Mailroom(engine, PostgresBlobs(), Terms(), clock, address="support@balie.example"))


async def ticket_as(daan: As, number: int) -> dict[str, Any]:
    found: dict[str, Any] = await daan.get(f"/api/v1/tickets/{number}")
    return found


async def comments(daan: As, number: int) -> list[dict[str, Any]]:
    page = await daan.get(f"/api/v1/tickets/{number}/timeline", limit=100)
    return [{**line["comment"], "actor": line["actor"]} for line in page["items"] if line["comment"]]


async def events(engine: AsyncEngine, kind: str) -> list[Event]:
    async with engine.connect() as connection:
        query = select(outbox.c.payload).where(outbox.c.sink == BROKER_SINK).order_by(outbox.c.id)
        found = [Event.model_validate(payload) for payload in (await connection.execute(query)).scalars()]
    return [event for event in found if event.type == kind]


async def test_a_mail_from_somebody_new_opens_a_ticket_for_them(post: Post, daan: As, engine: AsyncEngine) -> None:
    number = await post.opens(STRANGER, "Subject: Fire!", "Message-ID: <1@elsewhere>", "Content-Language: it")
    opened = await ticket_as(daan, number)
    assert (opened["subject"], opened["status"], opened["channel"]) == ("Fire!", "new", "email")
    assert opened["language"] == "it"
    assert (opened["requester"]["name"], opened["requester"]["email"]) == ("Somebody New", "new@elsewhere.example")
    (said,) = await comments(daan, number)
    assert (said["text"], said["public"], said["channel"]) == ("The printer is on fire.", True, "email")
    (event,) = await events(engine, TicketSubmitted.TYPE)
    told = event.read(TicketSubmitted)
    assert (told.auto_generated, told.comment.message_id) == (False, "<1@elsewhere>")


async def test_a_known_address_is_the_person_it_belongs_to_whatever_its_capitals(post: Post, daan: As) -> None:
    number = await post.opens("From: MARIEKE@DeVries.Example", "Subject: Fire!")
    requester = (await ticket_as(daan, number))["requester"]
    assert (requester["name"], requester["email"]) == ("Marieke de Vries", "marieke@devries.example")


async def test_the_same_mail_is_received_once(post: Post, engine: AsyncEngine) -> None:
    headers = (MARIEKE, "Subject: Fire!", "Message-ID: <1@devries>")
    number = await post.opens(*headers)
    again = await post.brings("Received: by another road", *headers)
    assert again == Receipt(MailOutcome.REPEATED, number, "It came before.")
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(ticket))).scalar_one() == 1


async def test_the_same_mail_twice_at_once_is_received_once(post: Post) -> None:
    headers = (MARIEKE, "Subject: Fire!", "Message-ID: <1@devries>")
    receipts = await asyncio.gather(*(post.brings(*headers) for _ in range(4)))
    assert sorted(receipt.outcome for receipt in receipts) == ["repeated", "repeated", "repeated", "submitted"]
    assert len({receipt.number for receipt in receipts}) == 1


async def test_different_mails_under_one_message_id_are_not_lost(post: Post) -> None:
    first = await post.opens(MARIEKE, "Message-ID: <1@devries>", body="The printer is on fire.")
    assert await post.opens(MARIEKE, "Message-ID: <1@devries>", body="The roof too.") != first


async def test_a_mail_without_message_id_is_the_same_only_to_the_byte(post: Post) -> None:
    first = await post.opens(MARIEKE, "Received: at nine", "Subject: Fire!")
    assert (await post.brings(MARIEKE, "Received: at nine", "Subject: Fire!")).number == first
    assert await post.opens(MARIEKE, "Received: at ten", "Subject: Fire!") != first


async def test_a_refused_mail_leaves_the_reason_and_nothing_else(post: Post, engine: AsyncEngine) -> None:
    for _ in range(2):
        receipt = await receive_mail(post.room, b"")
        assert (receipt.number, receipt.reason) == (None, "The mail is empty.")
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(ticket))).scalar_one() == 0


async def test_a_mail_that_does_not_say_who_sent_it_is_a_ticket_of_nobody_known(post: Post, daan: As) -> None:
    number = await post.opens("Subject: Fire!")
    requester = (await ticket_as(daan, number))["requester"]
    assert (requester["name"], requester["email"]) == ("(onbekende afzender)", None)
    assert [said["text"] for said in await comments(daan, number) if not said["public"]] == [
        "It does not say who sent it."
    ]


async def test_what_could_not_be_read_is_noted_for_support_only_and_the_original_kept(
    post: Post, daan: As, api: As
) -> None:
    number = await post.opens(MARIEKE, "Content-Type: text/plain; charset=utf-8", "not a header", "Subject: Fire!")
    said, noted = await comments(daan, number)
    assert [file["name"] for file in said["attachments"]] == ["original.eml"]
    assert (noted["public"], noted["actor"]["name"]) == (False, "E-mail")
    assert noted["text"] == "A line among its headers was none and was left out."
    marieke = await api.logs_in("marieke@devries.example")
    assert len(await comments(marieke, number)) == 1


async def test_files_are_kept_and_can_be_fetched_by_who_may_see_the_ticket(post: Post, api: As) -> None:
    body = parts(
        part("text/plain", "See."), part("application/pdf; name=a.pdf", "QUJD", "Content-Transfer-Encoding: base64")
    )
    number = await post.opens(MARIEKE, 'Content-Type: multipart/mixed; boundary="x"', body=body)
    marieke = await api.logs_in("marieke@devries.example")
    ((file,),) = [said["attachments"] for said in await comments(marieke, number)]
    fetched = await marieke.ask("GET", f"/api/v1/attachments/{file['id']}")
    assert (file["name"], fetched.content) == ("a.pdf", b"ABC")
    luca = await api.logs_in("luca@ferrari.example")
    assert (await luca.ask("GET", f"/api/v1/attachments/{file['id']}")).status_code == 404


@pytest.mark.parametrize(
    "thread",
    [
        "Subject: Re: [Balie #{number}] Fire!",
        "In-Reply-To: <ticket-{number}@balie.example>",
        "To: Balie <support+{number}@balie.example>",
        "References: <1@devries>",
    ],
)
async def test_an_answer_finds_its_ticket_and_counts_as_the_requesters(post: Post, daan: As, thread: str) -> None:
    number = await post.opens(MARIEKE, "Subject: Fire!", "Message-ID: <1@devries>")
    await daan.moves({"number": number}, "ask", text="Which printer?")
    quoted = "The red one.\n\nOn Monday Balie wrote:\n> Which printer?"
    receipt = await post.brings(MARIEKE, thread.format(number=number), "Message-ID: <2@devries>", body=quoted)
    assert receipt == Receipt(MailOutcome.REPLIED, number)
    assert (await ticket_as(daan, number))["status"] == "open"
    assert (await comments(daan, number))[-1]["text"] == "The red one."


async def test_a_colleague_may_answer_and_a_stranger_may_not(post: Post, daan: As) -> None:
    number = await post.opens(MARIEKE, "Subject: Fire!")
    subject = f"Subject: Re: [Balie #{number}] Fire!"
    assert await post.brings(PIETER, subject) == Receipt(MailOutcome.REPLIED, number)
    for sender in (LUCA, STRANGER):
        other = await post.opens(sender, subject)
        assert other != number
        assert (await comments(daan, other))[-1]["text"] == (
            f"It names ticket #{number}, in which its sender takes no part."
        )


async def test_an_agents_address_in_from_does_not_make_a_mail_an_agents(
    post: Post, daan: As, engine: AsyncEngine
) -> None:
    number = await post.opens(MARIEKE, "Subject: Fire!")
    forged = await post.opens("From: daan@balie.example", f"Subject: [Balie #{number}] Please send your password")
    assert forged != number
    (told,) = [event.read(TicketSubmitted) for event in await events(engine, TicketSubmitted.TYPE)][1:]
    assert not told.by.staff
    assert len(await comments(daan, number)) == 1


async def test_a_ticket_nobody_has_is_no_reason_to_lose_a_mail(post: Post) -> None:
    await post.opens(MARIEKE, "Subject: [Balie #4711] Fire!")


async def test_an_answer_to_a_solved_ticket_reopens_it(post: Post, daan: As, engine: AsyncEngine) -> None:
    number = await post.opens(MARIEKE, "Subject: Fire!")
    await daan.moves({"number": number}, "solve", text="Extinguished.")
    assert (await post.brings(MARIEKE, f"Subject: [Balie #{number}]")).outcome is MailOutcome.REPLIED
    assert (await ticket_as(daan, number))["reopened"] == 1
    replied = [event.read(TicketReplied) for event in await events(engine, TicketReplied.TYPE)]
    assert [told.ticket.status for told in replied] == ["solved", "open"]


OUT_OF_OFFICE = "Auto-Submitted: auto-replied"


async def test_an_automatic_answer_is_a_note_and_moves_nothing(post: Post, daan: As, engine: AsyncEngine) -> None:
    number = await post.opens(MARIEKE, "Subject: Fire!")
    await daan.moves({"number": number}, "ask", text="Which printer?")
    before = await ticket_as(daan, number)
    receipt = await post.brings(
        MARIEKE, f"Subject: Automatic reply: [Balie #{number}]", OUT_OF_OFFICE, body="I am away."
    )
    assert receipt == Receipt(MailOutcome.NOTED, number)
    after = await ticket_as(daan, number)
    assert (after["status"], after["asked_at"], after["deadlines"]) == (
        "pending",
        before["asked_at"],
        before["deadlines"],
    )
    noted = (await comments(daan, number))[-1]
    assert not noted["public"]
    assert noted["text"] == (
        "An automatic answer came from marieke@devries.example; it does not count as the requester's.\n\nI am away."
    )
    assert len(await events(engine, TicketReplied.TYPE)) == 1


async def test_a_bounce_of_our_mail_is_noted_on_its_ticket_and_makes_nobody(
    post: Post, daan: As, engine: AsyncEngine
) -> None:
    number = await post.opens(STRANGER, "Subject: Fire!")
    body = parts(
        part("text/plain", "No such mailbox."),
        part("message/delivery-status", "Final-Recipient: rfc822; new@elsewhere.example\nAction: failed"),
        part("text/rfc822-headers", f"Message-ID: <x@balie.example>\nReferences: <ticket-{number}@balie.example>"),
    )
    report = 'Content-Type: multipart/report; report-type=delivery-status; boundary="x"'
    receipt = await post.brings("From: MAILER-DAEMON@elsewhere.example", report, body=body)
    assert receipt == Receipt(MailOutcome.NOTED, number)
    noted = (await comments(daan, number))[-1]
    assert noted["text"].startswith("A mail about this ticket did not reach new@elsewhere.example.\n\nNo such mailbox.")
    async with engine.connect() as connection:
        query = select(func.count()).where(person.c.email.like("mailer-daemon%"))
        assert (await connection.execute(query)).scalar_one() == 0


async def test_a_machines_mail_about_nothing_known_is_a_ticket_that_is_not_confirmed(
    post: Post, daan: As, engine: AsyncEngine
) -> None:
    number = await post.opens("From: no-reply@elsewhere.example", "Subject: Your invoice")
    (event,) = await events(engine, TicketSubmitted.TYPE)
    assert event.read(TicketSubmitted).auto_generated
    assert (await comments(daan, number))[-1]["text"] == (
        "A machine seems to have written this mail: no-reply@elsewhere.example is no person's address."
    )


async def test_a_ticket_without_subject_is_named_after_its_first_line(post: Post, daan: As) -> None:
    assert (await ticket_as(daan, await post.opens(MARIEKE, body="It burns.\nHelp!")))["subject"] == "It burns."
    empty = await post.opens(MARIEKE, "X-Empty: yes", "Subject: ", body="")
    assert (await ticket_as(daan, empty))["subject"] == "(geen onderwerp)"
    assert (await comments(daan, empty))[0]["text"] == "(geen tekst)"


async def test_a_failure_on_the_way_leaves_nothing_so_that_the_mail_comes_again(
    post: Post, engine: AsyncEngine, tmp_path: Path
) -> None:
    gone = tmp_path / "unmounted"
    broken = Mailroom(engine, FolderBlobs(gone), Terms(), post.room.clock)
    gone.rmdir()
    body = parts(part("text/plain", "See."), part("application/pdf; name=a.pdf", "x"))
    mail = letter(MARIEKE, 'Content-Type: multipart/mixed; boundary="x"', "Message-ID: <1@devries>", body=body)
    with pytest.raises(FileNotFoundError):
        await receive_mail(broken, mail)
    async with engine.connect() as connection:
        assert (await connection.execute(select(func.count()).select_from(comment))).scalar_one() == 0
    assert (await receive_mail(post.room, mail)).outcome is MailOutcome.SUBMITTED


async def test_an_answer_to_a_merged_ticket_goes_to_the_one_it_went_on_as(post: Post, daan: As) -> None:
    one, other = await post.opens(MARIEKE, "Subject: Fire!"), await post.opens(PIETER, "Subject: Smoke!")
    await daan.moves({"number": one}, "merge", into=other)
    receipt = await post.brings(MARIEKE, f"Subject: Re: [Balie #{one}] Fire!", body="Still burning.")
    assert (receipt.outcome, receipt.number) == (MailOutcome.REPLIED, other)
    assert (await comments(daan, other))[-1]["text"] == "Still burning."


async def test_what_a_colleague_answers_is_a_note_and_moves_nothing(
    post: Post, marieke: As, daan: As, carla: As
) -> None:
    number = await post.opens(MARIEKE, "Subject: Fire!")
    await daan.moves({"number": number}, "ask", text="Which printer?")
    await daan.moves({"number": number}, "share", person_id=carla.person["id"])
    receipt = await post.brings("From: carla@balie.example", f"Subject: Re: [Balie #{number}] Fire!", body="Pay them.")
    assert (receipt.outcome, receipt.number) == (MailOutcome.NOTED, number)
    said = (await comments(daan, number))[-1]
    assert (said["text"], said["public"], said["actor"]["name"]) == ("Pay them.", False, "Carla")
    assert (await ticket_as(daan, number))["status"] == "pending"
    assert "Pay them." not in str(await comments(marieke, number))


async def _switch_off(anna: As, who: As) -> None:
    answer = await anna.ask("PATCH", f"/api/v1/people/{who.person['id']}", json={"active": False})
    assert answer.status_code == 200


@pytest.mark.parametrize("thread", ["Subject: Re: [Balie #{number}] Fire!", "In-Reply-To: <1@devries>"])
async def test_a_mail_from_somebody_switched_off_is_no_answer_but_a_ticket_of_nobody_known(
    post: Post, marieke: As, pieter: As, daan: As, anna: As, thread: str
) -> None:
    number = await post.opens(MARIEKE, "Subject: Fire!", "Message-ID: <1@devries>")
    await daan.moves({"number": number}, "ask", text="Which printer?")
    before = await ticket_as(daan, number)
    await _switch_off(anna, marieke)

    other = await post.opens(MARIEKE, thread.format(number=number), "Message-ID: <2@devries>", body="Forget it.")
    assert await ticket_as(daan, number) == before
    opened = await ticket_as(daan, other)
    assert (opened["requester"]["email"], opened["organisation"]) == (None, None)
    assert opened["requester"]["person_id"] != marieke.person["id"]
    assert [said["text"] for said in await comments(daan, other)] == [
        "Forget it.",
        "The account of marieke@devries.example is switched off: this is a ticket of nobody known.\n"
        f"It is about ticket #{number}.",
    ]
    assert (await pieter.ask("GET", f"/api/v1/tickets/{other}")).status_code == 404


async def test_somebody_switched_off_opens_no_ticket_of_their_own_until_they_are_back(
    post: Post, marieke: As, daan: As, anna: As
) -> None:
    await _switch_off(anna, marieke)
    requester = (await ticket_as(daan, await post.opens(MARIEKE, "Subject: Fire!")))["requester"]
    assert (requester["name"], requester["email"]) == ("Marieke de Vries", None)
    await anna.ask("PATCH", f"/api/v1/people/{marieke.person['id']}", json={"active": True})
    requester = (await ticket_as(daan, await post.opens(MARIEKE, "Subject: Smoke!")))["requester"]
    assert requester["person_id"] == marieke.person["id"]


async def test_an_automatic_answer_from_somebody_switched_off_is_a_note_all_the_same(
    post: Post, marieke: As, daan: As, anna: As
) -> None:
    number = await post.opens(MARIEKE, "Subject: Fire!")
    await _switch_off(anna, marieke)
    receipt = await post.brings(MARIEKE, f"Subject: [Balie #{number}] I left", OUT_OF_OFFICE, body="I left the bakery.")
    assert receipt == Receipt(MailOutcome.NOTED, number)
