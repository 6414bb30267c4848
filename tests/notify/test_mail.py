"""The message itself: threads, loops, and what travels."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from services.contract.errors import Permanent
from services.contract.event_data import EventData
from services.contract.vocabulary import Status
from services.notify.mail import compose, needs_utf8, on_the_wire, recipient_of
from services.notify.rendering import Known
from services.notify.rules.facts import PlanFacts, Subscriber
from services.notify.rules.notices import Notification
from services.notify.rules.plan import plan
from services.platform.identity import Signer
from tests.notify.happenings import (
    BY_JAN,
    BY_LUCIA,
    DESK,
    LUCIA,
    NOW,
    SECRET,
    happened,
    link_requested,
    person,
    reminder_due,
    replied,
    submitted,
    survey_due,
    ticket,
)

FACTS = PlanFacts(DESK.address, staff=(Subscriber(LUCIA),))
LOOP_HEADERS = ("Auto-Submitted", "X-Auto-Response-Suppress", "Precedence", "List-Id")


def planned(data: EventData, correlation_id: str = "corr-1") -> Notification:
    return plan(happened(data, correlation_id=correlation_id), data, FACTS, NOW)[0]


def composed(notification: Notification) -> EmailMessage:
    return compose(notification, Known(), DESK, Signer(SECRET), NOW, NOW)


def received(data: EventData) -> EmailMessage:
    """As a mail program reads it, after its travels."""
    return message_from_bytes(on_the_wire(composed(planned(data))), policy=policy.default)


def test_a_confirmation_is_addressed_dated_and_named() -> None:
    notification = planned(submitted())
    mail = composed(notification)
    assert mail["From"] == "Balie <support@balie.example>"
    assert mail["To"] == "Jan de Vries <jan.de.vries@example.org>"
    assert mail["Subject"] == "[Balie #12] The printer is on fire"
    assert mail["Date"].datetime == NOW
    assert mail["Message-ID"] == f"<{notification.id}@balie.example>"
    assert mail["Content-Language"] == "nl"
    assert mail["X-Balie-Ticket"] == "12"
    assert mail["X-Balie-Template"] == "confirmation"
    assert mail["X-Balie-Correlation-Id"] == "corr-1"


def test_a_reply_goes_to_the_desk_under_the_tickets_number() -> None:
    assert received(submitted())["Reply-To"] == "Balie <support+12@balie.example>"


def test_all_mails_of_a_ticket_hang_together() -> None:
    for data in (submitted(), replied(BY_LUCIA, Status.OPEN, Status.NEW), reminder_due(), survey_due()):
        mail = received(data)
        assert mail["References"] == "<ticket-12@balie.example>"
        assert mail["In-Reply-To"] == "<ticket-12@balie.example>"
        assert mail["Subject"] == "[Balie #12] The printer is on fire"


@pytest.mark.parametrize("length", [20, 400])
def test_a_confirmation_of_a_mail_answers_that_mail_however_long_its_id(length: int) -> None:
    original = f"<{'x' * length}@mail.example.org>"
    mail = received(submitted(message_id=original))
    assert mail["In-Reply-To"] == original
    assert mail["References"] == f"<ticket-12@balie.example> {original}"


@pytest.mark.parametrize("forged", ["<x@y>\r\nBcc: victim@example.org", "<ë@example.org>", "no brackets", ""])
def test_what_is_no_message_id_is_not_answered(forged: str) -> None:
    mail = received(submitted(message_id=forged))
    assert mail["Bcc"] is None
    assert [mail["In-Reply-To"], mail["References"]] == ["<ticket-12@balie.example>"] * 2


def test_automatic_mails_tell_machines_not_to_answer() -> None:
    for data in (
        submitted(),
        reminder_due(),
        survey_due(),
        link_requested(),
        replied(BY_JAN, Status.OPEN, Status.OPEN),
    ):
        mail = received(data)
        assert [mail[header] for header in LOOP_HEADERS] == [
            "auto-generated",
            "All",
            "bulk",
            "Balie <tickets.balie.example>",
        ]


def test_what_a_person_wrote_comes_from_that_person_and_is_not_marked_as_automatic() -> None:
    mail = received(replied(BY_LUCIA, Status.PENDING, Status.OPEN))
    assert mail["From"] == '"Lucia Rossi (Balie)" <support@balie.example>'
    assert [mail[header] for header in LOOP_HEADERS] == [None, None, None, None]


def test_a_mail_about_no_ticket_belongs_to_no_thread() -> None:
    mail = received(link_requested())
    assert [mail[header] for header in ("References", "In-Reply-To", "Reply-To", "X-Balie-Ticket")] == [None] * 4


def test_text_comes_first_and_html_second() -> None:
    mail = received(submitted())
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert "geregistreerd onder nummer #12" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # asserted above


def test_what_travels_is_plain_ascii_whatever_is_in_it() -> None:
    data = replied(
        BY_LUCIA,
        Status.OPEN,
        Status.NEW,
        facts=ticket(Status.OPEN, requester=person("Zoë Müller 😀", email="zoe@example.org"), subject="È così € 😀"),
        text="naïef 😀 " + "x" * 2000,
    )
    mail = composed(planned(data))
    on_the_wire(mail).decode("ascii")
    assert max(len(line) for line in on_the_wire(mail).splitlines()) <= 998
    assert received(data)["Subject"] == "[Balie #12] È così € 😀"
    assert received(data)["To"] == "Zoë Müller 😀 <zoe@example.org>"


def test_a_repeat_is_the_same_byte_for_byte() -> None:
    for data in (submitted(), survey_due(), link_requested(), replied(BY_LUCIA, Status.OPEN, Status.NEW)):
        notification = planned(data)
        assert on_the_wire(composed(notification)) == on_the_wire(composed(notification))


@pytest.mark.parametrize("address", ["nobody", "@example.org", "a@", "a@b@", "x@..", "a\r\n@b.nl"])
def test_what_is_no_address_is_refused_for_good(address: str) -> None:
    with pytest.raises(Permanent, match="no e-mail address"):
        composed(planned(submitted(ticket(requester=person("Odd", email=address)))))


def test_a_domain_in_another_script_is_sent_in_its_ascii_form() -> None:
    mail = composed(planned(submitted(ticket(requester=person("Jörg", email="joerg@müller.example")))))
    assert recipient_of(mail) == "joerg@xn--mller-kva.example"
    assert not needs_utf8(mail)


def test_a_mailbox_in_another_script_needs_a_server_that_knows_it() -> None:
    mail = composed(planned(submitted(ticket(requester=person("Jörg", email="jörg@example.org")))))
    assert needs_utf8(mail)
    assert "jörg@example.org".encode() in on_the_wire(mail)
