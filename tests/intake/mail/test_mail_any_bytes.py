"""`read_mail` never raises, whatever comes: random bytes, and real mails cut, spliced and bent."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.contract.limits import MAILED_ATTACHMENTS_MAX, SUBJECT_CHARACTERS_MAX, TEXT_CHARACTERS_MAX
from services.intake.mail.letter import IncomingMail, RefusedMail, read_mail
from tests.intake.mail.mail_letters import RECEIVED_AT, letter, part, parts, sample_paths
from tests.properties import tries, unhurried

PIECES = [
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b"\x00",
        b"\xff\xfe",
        b"\x1b$B",
        b"--",
        b"=",
        b"<",
        b">",
        b"(",
        b'"',
        b"@",
        b";",
    ),
    *(b"=?utf-8?B?", b"=?x?q?=FF?=", b"?=", b"From: ", b"Date: Thu, 99 Foo 99999 99:99:99 +9999", b"Content-Type: "),
    *(b"multipart/mixed; boundary=", b"message/rfc822", b"message/delivery-status", b"text/html", b"charset=utf-16"),
    *(b"charset=idna", b"charset=unicode_escape", b"name*0*=", b"name*=", b"name*9999999999999=x", b"format=flowed"),
    *(b"Content-Transfer-Encoding: ", b"base64", b"uuencode", b"begin 644 x", b"<![CDATA[", b"<!--", b"&#xD800;"),
]
SETTINGS = settings(unhurried, max_examples=tries(150))
LETTERS = [
    letter("From: a@b.example", "Subject: x"),
    letter("From: a@b.example", 'Content-Type: multipart/mixed; boundary="x"', body=parts(part("text/html", "<p>x"))),
]


@SETTINGS
@given(st.binary(max_size=2000))
@example(b"From: " + b"(" * 5000 + b"a@b.c\r\n\r\nx")
@example(b"Content-Type: text/plain; name*=x; name*0=y\r\n\r\nx")
@example(b"Content-Type: multipart/digest; boundary=x\r\n\r\n--x\r\n\r\nSubject: y\r\n\r\nz\r\n--x--")
def test_random_bytes_are_read_or_refused(raw: bytes) -> None:
    must_be_sound(raw)


@SETTINGS
@given(st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join))
def test_what_mails_are_made_of_in_any_order_is_read_or_refused(raw: bytes) -> None:
    must_be_sound(raw)


@SETTINGS
@given(st.data())
def test_real_mails_bent_in_any_way_are_read_or_refused(data: st.DataObject) -> None:
    samples = [*LETTERS, *(path.read_bytes() for path in sample_paths())]
    raw = data.draw(st.sampled_from(samples))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw)))
        cut = data.draw(st.integers(0, 200))
        raw = raw[:at] + data.draw(st.sampled_from(PIECES) | st.binary(max_size=20)) + raw[at + cut :]
    must_be_sound(raw)


def must_be_sound(raw: bytes) -> None:
    """Read without an exception, within the limits, and fit for PostgreSQL."""
    mail = read_mail(raw, RECEIVED_AT)
    if isinstance(mail, RefusedMail):
        assert mail.reason.endswith(".")
        return
    assert isinstance(mail, IncomingMail)
    assert len(mail.subject) <= SUBJECT_CHARACTERS_MAX
    assert len(mail.whole) <= TEXT_CHARACTERS_MAX
    assert len(mail.attachments) <= MAILED_ATTACHMENTS_MAX
    assert mail.sent_at.utcoffset() is not None
    texts = [mail.subject, mail.text, mail.signature, mail.quoted, mail.whole, mail.html or "", *mail.defects]
    texts += [name for file in mail.attachments for name in (file.name, file.content_type)]
    texts += [
        word for address in filter(None, (mail.sender, *mail.recipients)) for word in (address.name, address.email)
    ]
    texts += [mail.message_id or "", *mail.references, mail.written_by_machine or ""]
    for text in texts:
        assert "\x00" not in text
        assert text.encode().decode() == text
