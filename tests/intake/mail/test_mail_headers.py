"""Addresses, encoded words and file names, as they are and as they should be."""

import pytest

from services.contract.limits import FILE_NAME_CHARACTERS_MAX
from services.intake.mail.content import safe_file_name
from services.intake.mail.headers import ADDRESSES_MAX, Address, decode_words, is_address
from services.intake.mail.source import HEADER_LINES_MAX
from tests.intake.mail.mail_letters import letter, read, read_letter


@pytest.mark.parametrize(
    ("encoded", "decoded"),
    [
        ("=?utf-8?q?caf=C3=A9_noir?=", "café noir"),
        ("=?UTF-8?B?Y2Fmw6k=?=", "café"),
        ("=?UTF-8?B?Y2Fmw6k?=", "café"),
        ("=?utf-8?b?44G+?= =?utf-8?b?44G/?=", "まみ"),
        ("=?utf-8?b?44E=?= =?utf-8?b?vg==?=", "ま"),
        ("=?iso-8859-1?q?caf=E9?= and =?utf-8?q?th=C3=A9?=", "café and thé"),
        ("=?utf-8*nl?q?hallo?=", "hallo"),
        ("=?NONE?B?VEVTVA=?=", "TEST"),
        ("=?utf-8?q?with space?=", "with space"),
        ("=?utf-8?x?y?=", "=?utf-8?x?y?="),
        ("plain = text ?", "plain = text ?"),
    ],
)
def test_encoded_words_are_decoded_and_broken_ones_recovered(encoded: str, decoded: str) -> None:
    assert decode_words(encoded) == decoded


@pytest.mark.parametrize(
    ("header", "address"),
    [
        ("Marieke <m@a.example>", Address("Marieke", "m@a.example")),
        ('"Vries, de" <M.Vries@A.EXAMPLE>', Address("Vries, de", "M.Vries@a.example")),
        ("m@a.example (Marieke)", Address("Marieke", "m@a.example")),
        ("=?utf-8?q?Vries=2C_de?= <m@a.example>", Address("Vries, de", "m@a.example")),
        ("'m@a.example' <m@a.example>", Address("", "m@a.example")),
        ("Marieke m@a.example", Address("", "m@a.example")),
        ("O'Brien <o'brien@a.example>", Address("O'Brien", "o'brien@a.example")),
        ("<@relay.example:m@a.example>", Address("", "m@a.example")),
        ("Mar\u202eieke <m@a.example.>", Address("Marieke", "m@a.example")),
        ("(" * 5000 + "m@a.example", Address("", "m@a.example")),
    ],
)
def test_an_address_is_found_however_it_is_written(header: str, address: Address) -> None:
    assert read(letter(f"From: {header}")).sender == address


@pytest.mark.parametrize(
    "email", ["", "m", "m@", "@a", "m@.a", "m@-a", "a b@c", "a@b@c", "x" * 65 + "@a", "a@" + "b" * 260]
)
def test_what_no_mail_could_be_sent_to_is_no_address(email: str) -> None:
    assert not is_address(email)


def test_everybody_is_named_once_and_not_without_end() -> None:
    many = ", ".join(f"p{n}@a.example" for n in range(2 * ADDRESSES_MAX))
    mail = read_letter(f"To: {many}", "Cc: P1@a.example")
    assert len(mail.recipients) == ADDRESSES_MAX


def test_message_ids_are_taken_from_whatever_stands_around_them() -> None:
    mail = read_letter("References: <1@a> junk <2@a>, <broken", "In-Reply-To: Your mail of Monday <3@a> <1@a>")
    assert (mail.references, mail.in_reply_to) == (("1@a", "2@a", "3@a"), ("3@a", "1@a"))


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\report.pdf", "report.pdf"),
        ("a\x00b\r\nc.txt", "ab c.txt"),
        ("\u202efdp.exe", "fdp.exe"),
        ("..", ""),
        (".bashrc", "bashrc"),
        ("con.txt", "_con.txt"),
        ('a<b>:"c|?*.txt', "a_b___c___.txt"),
        ("x" * 500 + ".pdf", "x" * (FILE_NAME_CHARACTERS_MAX - 4) + ".pdf"),
        ("x." + "y" * 500, "x." + "y" * (FILE_NAME_CHARACTERS_MAX - 2)),
    ],
)
def test_a_file_name_has_no_path_and_nothing_that_bites(name: str, safe: str) -> None:
    assert safe_file_name(name) == safe


def test_headers_without_an_empty_line_before_the_text_are_read() -> None:
    mail = read(b"From: m@a.example\r\nSubject: Fire\r\nThe printer burns.\r\nCome quickly: now.\r\n\r\nMarieke\r\n")
    assert (mail.subject, mail.whole) == ("Fire", "The printer burns.\nCome quickly: now.\n\nMarieke")


def test_a_text_without_any_header_is_all_text() -> None:
    mail = read(b"The printer burns.\nFrom: the top down.\n")
    assert (mail.sender, mail.whole) == (None, "The printer burns.\nFrom: the top down.")


def test_headers_beyond_their_limit_are_left_out_and_told() -> None:
    many = [f"X-Noise: {n}" for n in range(HEADER_LINES_MAX)]
    mail = read_letter("Date: Mon, 02 Nov 2026 09:15 +0100", *many)
    assert mail.whole == "The printer is on fire."
    assert mail.defects == (f"It has more than {HEADER_LINES_MAX} lines of headers; the others were left out.",)
