"""A mail as the desk reads it: every rule on a small letter, and all of them on the real ones."""

from datetime import UTC, datetime, timedelta

import pytest

from services.contract.limits import MAIL_BYTES_MAX, SUBJECT_CHARACTERS_MAX, TEXT_CHARACTERS_MAX
from services.contract.vocabulary import Language
from services.intake.mail.headers import Address
from services.intake.mail.letter import IncomingMail, RefusedMail, read_mail
from tests.intake.mail.mail_letters import RECEIVED_AT, letter, mixed, part, read, read_letter

MARIEKE = Address("Marieke de Vries", "marieke@devries.example")


def test_an_empty_mail_is_refused_with_the_reason() -> None:
    assert read_mail(b"", RECEIVED_AT) == RefusedMail("The mail is empty.")
    assert read_mail(b"\r\n \r\n", RECEIVED_AT) == RefusedMail("The mail is empty.")


def test_a_mail_over_the_limit_is_refused_and_one_at_the_limit_is_not() -> None:
    full = letter("From: a@b.example", body=b"x" * MAIL_BYTES_MAX)[:MAIL_BYTES_MAX]
    assert isinstance(read_mail(full, RECEIVED_AT), IncomingMail)
    refused = read_mail(full + b"x", RECEIVED_AT)
    assert refused == RefusedMail(f"The mail has {MAIL_BYTES_MAX + 1} bytes; at most {MAIL_BYTES_MAX} are taken.")


def test_a_file_that_is_no_mail_is_refused() -> None:
    refused = read_mail(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", RECEIVED_AT)
    assert refused == RefusedMail("It is no mail: it has no headers, and what it holds is no text.")


def test_a_mail_from_nobody_with_nothing_in_it_is_refused() -> None:
    refused = read_mail(b"X-Mailer: something\r\n\r\n\r\n", RECEIVED_AT)
    assert refused == RefusedMail("It names no sender and holds neither a subject, nor a text, nor a file.")


def test_an_ordinary_mail_is_read_whole_and_has_no_defects() -> None:
    mail = read_letter(
        "To: Support <support@balie.example>, =?utf-8?q?Andr=C3=A9?= <andre@devries.example>",
        "Cc: support@balie.example",
        "Subject: Printer on fire",
        "Date: Mon, 02 Nov 2026 09:15:00 +0100",
        "Message-ID: <1@devries.example>",
        "Content-Language: nl-NL",
    )
    assert mail == IncomingMail(
        sender=MARIEKE,
        recipients=(Address("Support", "support@balie.example"), Address("André", "andre@devries.example")),
        subject="Printer on fire",
        text="The printer is on fire.",
        signature="",
        quoted="",
        whole="The printer is on fire.",
        html=None,
        sent_at=datetime(2026, 11, 2, 8, 15, tzinfo=UTC),
        is_dated=True,
        message_id="1@devries.example",
        in_reply_to=(),
        references=(),
        ticket_number=None,
        attachments=(),
        original=None,
        written_by_machine=None,
        bounce=None,
        language=Language.DUTCH,
        defects=(),
    )


def test_a_mail_that_does_not_say_who_sent_it_is_read_all_the_same() -> None:
    mail = read(letter("Subject: Hello", "Date: Mon, 02 Nov 2026 09:15:00 +0100"))
    assert (mail.sender, mail.subject) == (None, "Hello")
    assert mail.defects == ("It does not say who sent it.",)


@pytest.mark.parametrize("header", ["Sender", "Reply-To", "Return-Path"])
def test_the_nearest_header_names_the_sender_where_from_does_not(header: str) -> None:
    mail = read(letter("From: nobody at all", f"{header}: <jan@devries.example>", "Date: Mon, 02 Nov 2026 09:15 +0100"))
    assert mail.sender == Address("", "jan@devries.example")
    assert mail.defects == (f"No sender can be read in From; the one in {header} is taken.",)


def test_of_several_senders_the_first_is_taken_and_told() -> None:
    mail = read(letter("From: jan@devries.example, piet@devries.example", "Date: Mon, 02 Nov 2026 09:15 +0100"))
    assert mail.sender == Address("", "jan@devries.example")
    assert mail.defects == ("It names several senders; the first is taken.",)


@pytest.mark.parametrize(
    ("date", "why"),
    [
        ("", "is missing"),
        ("Date: Pn, 29 paX 2007 21:13:00 +0100", "cannot be read"),
        ("Date: Wed, 15 Dec 2010    59:10 -0500", "cannot be read"),
        ("Date: Mon, 30 Jun 3609 15:33:50 +0600", "lies in the future"),
    ],
)
def test_a_date_that_makes_no_sense_becomes_the_time_of_receiving(date: str, why: str) -> None:
    mail = read_letter(*filter(None, [date]))
    assert (mail.sent_at, mail.is_dated) == (RECEIVED_AT, False)
    assert mail.defects == (f"Its date {why}; the time it was received is taken.",)


def test_a_clock_that_is_a_little_ahead_is_believed() -> None:
    ahead = RECEIVED_AT + timedelta(hours=23)
    assert read_letter(f"Date: {ahead:%a, %d %b %Y %H:%M:%S +0000}").sent_at == ahead


def test_a_subject_is_one_line_and_cut_at_its_limit() -> None:
    assert read_letter("Subject: first\r\n\tsecond\x07 \u202eline").subject == "first second line"
    assert len(read_letter("Subject: " + "x" * 5000).subject) == SUBJECT_CHARACTERS_MAX


def test_a_text_beyond_its_limit_is_cut_and_the_original_kept() -> None:
    raw = letter("From: a@b.example", "Date: Mon, 02 Nov 2026 09:15 +0100", body="word " * TEXT_CHARACTERS_MAX)
    mail = read(raw)
    assert len(mail.whole) == TEXT_CHARACTERS_MAX
    assert mail.defects == (f"The text is longer than {TEXT_CHARACTERS_MAX} characters and was cut there.",)
    assert mail.original == raw


def test_what_is_new_is_told_from_the_signature_and_the_quote() -> None:
    said = "It still burns.\n\n-- \nMarieke\n\nOn Monday Daan wrote:\n> Is it hot?\n"
    mail = read_letter("In-Reply-To: <2@balie.example>", body=said)
    assert (mail.text, mail.signature) == ("It still burns.", "-- \nMarieke")
    assert mail.quoted == "On Monday Daan wrote:\n> Is it hot?"
    assert mail.whole == said.rstrip()


@pytest.mark.parametrize(
    ("header", "number"),
    [
        ("Subject: Re: [Balie #123] Printer on fire", 123),
        ("Subject: RE: [balie # 7]", 7),
        ("In-Reply-To: <ticket-45@balie.example>", 45),
        ("References: <1@devries.example> <ticket-46@balie.example> <2@balie.example>", 46),
        ("References: <ticket-1@balie.example> <ticket-2@balie.example>", 2),
        ("Subject: [Balie #12345678901]", None),
        ("Subject: Balie #12", None),
        ("In-Reply-To: <ticket-office@trains.example>", None),
        ("In-Reply-To: <my-ticket-12@balie.example>", None),
    ],
)
def test_the_ticket_it_belongs_to_is_read_from_references_and_subject(header: str, number: int | None) -> None:
    assert read_letter(header).ticket_number == number


def test_references_count_before_the_subject() -> None:
    mail = read_letter("Subject: [Balie #1] Printer", "References: <ticket-2@balie.example>")
    assert mail.ticket_number == 2


@pytest.mark.parametrize(
    ("named", "language"), [("it", Language.ITALIAN), ("EN_us, nl", Language.ENGLISH), ("de", None)]
)
def test_only_a_header_says_the_language(named: str, language: Language | None) -> None:
    assert read_letter(f"Content-Language: {named}").language is language


def test_html_alone_gives_its_words_as_text_and_itself_made_safe() -> None:
    mail = mixed(part("text/html", "<p>The <b>printer</b><script>steal()</script> is on fire.</p>"))
    assert mail.whole == "The printer is on fire."
    assert mail.html == "<p>The <b>printer</b> is on fire.</p>"


def test_plain_text_goes_before_html_and_the_html_is_kept() -> None:
    mail = mixed(part("text/plain", "plain"), part("text/html", "<p>rich</p>"), subtype="alternative")
    assert (mail.whole, mail.html) == ("plain", "<p>rich</p>")


def test_an_empty_plain_text_gives_way_to_the_html() -> None:
    mail = mixed(part("text/plain", " "), part("text/html", "<p>rich</p>"), subtype="alternative")
    assert mail.whole == "rich"
