"""Which parts of a mail are its text and which are files, and what happens to damaged ones."""

import base64

import pytest

from services.contract.limits import MAILED_ATTACHMENTS_MAX
from services.intake.mail.parts import INLINE_TEXT_BYTES_MAX, PARTS_MAX, Attachment
from services.intake.mail.source import BOUNDARIES_MAX
from tests.intake.mail.mail_letters import letter, mixed, part, parts, read, read_letter

DATE = "Date: Mon, 02 Nov 2026 09:15:00 +0100"
BASE64 = "Content-Transfer-Encoding: base64"
TEXT = part("text/plain", "See the file.")


def files(*each: str) -> list[Attachment]:
    return list(mixed(TEXT, *each).attachments)


def test_a_file_is_kept_byte_for_byte_under_its_name() -> None:
    octets = bytes(range(256))
    pdf = part('application/pdf; name="other.pdf"', base64.encodebytes(octets).decode(), BASE64,
               'Content-Disposition: attachment; filename="report.pdf"')  # fmt: skip
    assert files(pdf) == [Attachment("report.pdf", "application/pdf", octets)]


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("attachment; filename*=utf-8''caf%C3%A9.txt", "café.txt"),
        ("attachment; filename*0=ca; filename*1=fe.txt", "cafe.txt"),
        ("attachment; filename*0*=utf-8''caf%C3; filename*1*=%A9.txt", "café.txt"),
        ('attachment; filename="=?utf-8?q?caf=C3=A9.txt?="', "café.txt"),
        ("attachment; filename=café.txt", "café.txt"),
        ('attachment; filename="../../x/caf\u00e9.txt"', "café.txt"),
        ("attachment; filename*=nonsense''caf%C3%A9.txt", "café.txt"),
        ("attachment; filename*=x; filename*0=y", "attachment-1.txt"),
        (f"attachment; filename*{'9' * 5000}=y", "attachment-1.txt"),
        ("attachment", "attachment-1.txt"),
    ],
)
def test_a_file_name_is_read_in_every_encoding(disposition: str, name: str) -> None:
    assert [file.name for file in files(part("text/plain", "x", f"Content-Disposition: {disposition}"))] == [name]


def test_pictures_in_the_text_are_inline_files() -> None:
    picture = part("image/png", "eHg=", BASE64, "Content-ID: <1@a>", "Content-Disposition: inline; filename=logo.png")
    assert files(picture) == [Attachment("logo.png", "image/png", b"xx", inline=True)]


def test_a_mail_inside_a_mail_is_an_eml_file_named_after_its_subject() -> None:
    inner = "Subject: Fire/smoke\nFrom: jan@devries.example\n\nIt burns.\n"
    assert files(part("message/rfc822", inner)) == [
        Attachment("smoke.eml", "message/rfc822", inner.replace("\n", "\r\n").encode())
    ]


def test_winmail_dat_is_left_as_it_is() -> None:
    tnef = part("application/ms-tnef", "eJ8+Ig==", BASE64, "Content-Disposition: attachment; filename=winmail.dat")
    assert files(tnef) == [Attachment("winmail.dat", "application/ms-tnef", b'x\x9f>"')]


def test_an_invitation_among_the_alternatives_is_a_file_and_the_same_words_again_are_not() -> None:
    mail = mixed(
        part("text/plain", "Come!"),
        part("text/enriched", "<bold>Come!</bold>"),
        part("text/calendar; name=invite.ics", "BEGIN:VCALENDAR"),
        subtype="alternative",
    )
    assert mail.whole == "Come!"
    assert [file.name for file in mail.attachments] == ["invite.ics"]


def test_a_named_text_is_a_file_unless_it_is_short_and_asks_to_be_shown() -> None:
    shown = part("text/plain", "shown", "Content-Disposition: inline; filename=a.txt")
    kept = part("text/plain", "kept", "Content-Disposition: attachment; filename=b.txt")
    long = part("text/plain", "x" * (INLINE_TEXT_BYTES_MAX + 1), "Content-Disposition: inline; filename=c.txt")
    mail = mixed(TEXT, shown, kept, long)
    assert mail.whole == "See the file.\n\nshown"
    assert [file.name for file in mail.attachments] == ["b.txt", "c.txt"]


def test_a_damaged_file_keeps_what_could_be_read_and_says_so() -> None:
    damaged = part("application/pdf", "QUJD!!RE", BASE64, "Content-Disposition: attachment; filename=a.pdf")
    mail = mixed(TEXT, damaged)
    assert [(file.name, file.content[:4]) for file in mail.attachments] == [("a.pdf", b"ABCD")]
    assert mail.original is not None
    assert "The attachment a.pdf was damaged on its way; what could be read of it is here." in mail.defects


def test_uuencoded_files_are_decoded() -> None:
    uu = part("text/plain", "begin 644 a.txt\n#0V%T\n`\nend", "Content-Transfer-Encoding: x-uuencode",
              "Content-Disposition: attachment; filename=a.txt")  # fmt: skip
    assert [file.content for file in files(uu)] == [b"Cat"]


@pytest.mark.parametrize("encoding", ["quoted-printable", "Quoted Printable", '"quoted-printable";'])
def test_a_transfer_encoding_is_known_by_what_was_meant(encoding: str) -> None:
    mail = read_letter(
        "Content-Type: text/plain; charset=utf-8", f"Content-Transfer-Encoding: {encoding}", body="caf=C3=A9"
    )
    assert mail.whole == "café"


def test_a_container_without_its_boundary_is_one_text() -> None:
    mail = read_letter('Content-Type: multipart/mixed; boundary="y"', body=parts(TEXT))
    assert "See the file." in mail.whole


def test_more_files_than_a_message_takes_along_are_left_out_and_the_original_kept() -> None:
    one = part("application/pdf", "QQ==", BASE64, "Content-Disposition: attachment; filename=a.pdf")
    mail = mixed(TEXT, *[one] * (MAILED_ATTACHMENTS_MAX + 1))
    assert len(mail.attachments) == MAILED_ATTACHMENTS_MAX
    assert mail.original is not None
    assert f"It has more than {MAILED_ATTACHMENTS_MAX} attachments; the others were left out." in mail.defects


def test_more_parts_than_anybody_reads_are_not_read() -> None:
    mail = mixed(*[part("text/plain", "x")] * (PARTS_MAX + 1))
    assert mail.whole.count("x") == PARTS_MAX
    assert f"It has more than {PARTS_MAX} parts; what the others hold was not read." in mail.defects


def test_boundaries_without_end_and_depths_without_floor_are_not_followed() -> None:
    many = letter(
        "From: a@b.example", DATE, 'Content-Type: multipart/mixed; boundary="x"', body="\n--x" * (BOUNDARIES_MAX + 1)
    )
    assert read(many).defects == ("It has too many parts to be taken apart.",)
    deep = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(3000))
    nested = read(f"From: a@b.example\n{DATE}\n{deep}\nhi".encode())
    assert nested.defects == ("Its parts lie inside one another too deeply to be taken apart.",)


@pytest.mark.parametrize("charset", ["idna", "punycode", "unicode_escape", "rot13", "undefined", "zip"])
@pytest.mark.parametrize("kind", ["text/plain", "message/delivery-status"])
def test_a_charset_that_is_none_is_not_decoded_by(kind: str, charset: str) -> None:
    said = f"Content-Type: {kind}; charset={charset}\nContent-Transfer-Encoding: 8bit\n\nCaffè xn--\n"
    assert "Caffè xn--" in read(said.encode()).text
