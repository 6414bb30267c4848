"""Mails that machines write are known, so that nobody answers them automatically; bounces name who was missed."""

import pytest

from services.intake.mail.machine import Bounce
from tests.intake.mail.mail_letters import letter, mixed, part, parts, read, read_letter


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("Auto-Submitted: auto-replied", "Auto-Submitted: auto-replied"),
        ("Auto-Submitted: auto-generated (failure)", "Auto-Submitted: auto-generated (failure)"),
        ("Precedence: bulk", "Precedence: bulk"),
        ("Precedence: LIST", "Precedence: list"),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", "X-Auto-Response-Suppress"),
        ("Return-Path: <>", "It has an empty return path."),
        ("Return-Path: < >", "It has an empty return path."),
        ("List-Id: <news.example>", "List-Id"),
        ("X-Autoreply: yes", "X-Autoreply"),
        ("Auto-Submitted: no", None),
        ("Precedence: first-class", None),
        ("X-Auto-Response-Suppress: none", None),
        ("Return-Path: <marieke@devries.example>", None),
    ],
)
def test_a_header_says_that_a_machine_wrote_it(header: str, why: str | None) -> None:
    assert read_letter(header).written_by_machine == why


@pytest.mark.parametrize(
    ("local", "machine"),
    [
        ("MAILER-DAEMON", True),
        ("postmaster", True),
        ("no-reply", True),
        ("noreply", True),
        ("do_not_reply", True),
        ("gmail-noreply", True),
        ("bounces+123=a.example", True),
        ("marieke", False),
        ("noreen", False),
        ("replying", False),
        ("postmasters.union", False),
    ],
)
def test_some_addresses_are_no_persons(local: str, machine: bool) -> None:
    assert bool(read(letter(f"From: {local}@a.example")).written_by_machine) == machine


REPORT = (
    "Reporting-MTA: dns; mx.example\n\n"
    "Original-Recipient: rfc822;jan@devries.example\n"
    "Final-Recipient: rfc822; j.de.vries@devries.example\n"
    "Action: {action}\nStatus: 5.1.1\n"
)


def test_a_bounce_names_whom_it_did_not_reach_and_which_ticket_it_was_about() -> None:
    mail = mixed(
        part("text/plain", "I could not deliver this."),
        part("message/delivery-status", REPORT.format(action="failed")),
        part("message/rfc822", "Message-ID: <ticket-12@balie.example>\nSubject: [Balie #12] Fire\n\nhello"),
        subtype="report; report-type=delivery-status",
    )
    assert mail.written_by_machine == "It is a report of a mail system."
    assert mail.bounce == Bounce(
        recipients=("jan@devries.example", "j.de.vries@devries.example"),
        delayed=False,
        returned_ids=("ticket-12@balie.example",),
    )
    assert mail.ticket_number == 12


def test_a_delay_is_no_failure() -> None:
    report = part("message/delivery-status", REPORT.format(action="delayed"))
    mail = mixed(report, subtype="report; report-type=delivery-status")
    assert mail.bounce is not None
    assert mail.bounce.delayed
    assert "Reporting-MTA: dns; mx.example" in mail.whole


def test_headers_alone_may_come_back_instead_of_the_mail() -> None:
    mail = mixed(
        part("message/delivery-status", REPORT.format(action="failed")),
        part("text/rfc822-headers", "Message-ID: <9@balie.example>\nReferences: <ticket-3@balie.example>"),
        subtype="report; report-type=delivery-status",
    )
    assert mail.bounce is not None
    assert mail.bounce.returned_ids == ("9@balie.example",)
    assert mail.ticket_number == 3
    assert [file.name for file in mail.attachments] == ["headers.txt"]


def test_a_receipt_is_a_machines_but_no_bounce() -> None:
    mail = read_letter(
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="x"',
        body=parts(part("text/plain", "Your mail was read.")),
    )
    assert (mail.written_by_machine, mail.bounce) == ("It is a report of a mail system.", None)
