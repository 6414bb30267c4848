"""What single real mails are worth remembering for: each broke some mail program once."""

from services.intake.mail.headers import Address
from services.intake.mail.letter import IncomingMail
from tests.intake.mail.mail_letters import read, sample_paths


def sample(name: str) -> IncomingMail:
    return read(next(path for path in sample_paths() if path.stem.endswith(name)).read_bytes())


def test_the_folder_holds_all_the_mails() -> None:
    assert len(sample_paths()) == 103


def test_every_real_mail_is_read_and_holds_something() -> None:
    for path in sample_paths():
        mail = read(path.read_bytes())
        assert mail.sender is not None or mail.defects, path.name
        assert mail.subject or mail.whole or mail.attachments, path.name
        assert all(file.name and file.content for file in mail.attachments), path.name
        assert all(defect.endswith(".") for defect in mail.defects), path.name
        assert "\ufffd" not in mail.whole, path.name


def test_asian_charsets_are_read_under_the_names_mail_programs_give_them() -> None:
    assert sample("japanese_iso_2022").text == "すみません。"
    assert sample("japanese_shift_jis").text.startswith("あいうえお\n\nこのメールはテスト用")
    assert sample("ks_c_5601-1987").text == "스티해"
    assert sample("plain_emails_raw_email").subject == "NOTE: 한국말로 하는 것"
    assert sample("rfc2822_example14").subject == "Re: TEST テストテスト"


def test_a_charset_nobody_knows_and_one_that_is_wrong_are_guessed_well() -> None:
    assert "Envoyé par le service" in sample("raw_email10").text
    assert "Envoyé par le service" in sample("raw_email6").text
    assert sample("bad_encoded_subject").subject == "TEST"


def test_transfer_encodings_are_known_by_what_was_meant() -> None:
    assert sample("qp_with_space").text.startswith("If you're in need")
    assert sample("with_semi_colon").text.startswith("Dear Homeowner,")
    assert "December 04, 2001" in sample("with_8bits").text
    empty = sample("x_uuencode")
    assert empty.defects == ("The attachment PGP_Cmts_on_12-14-01_Pkg.doc is empty and was left out.",)


def test_names_of_files_are_read_however_they_are_written() -> None:
    assert [file.name for file in sample("nonascii_filename").attachments] == ["ciële.txt"]
    assert [file.name for file in sample("base64_encoded_name").attachments] == ["This is a test.pdf"]
    assert [file.name for file in sample("unquoted_name").attachments] == ["This is a test.txt"]
    assert [file.name for file in sample("quoted_filename").attachments] == ["Eelanalüüsi päring.jpg"]
    assert [file.name for file in sample("content_location").attachments] == ["Photo25.jpg"]


def test_mails_inside_a_mail_are_files() -> None:
    mail = sample("attachment_message_rfc822")
    assert [(file.name, file.content_type) for file in mail.attachments] == [("ForwardedMessage.eml", "message/rfc822")]
    assert mail.attachments[0].content.startswith(b"From xxxx@xxxx.com Tue May 10")


def test_headers_as_rfc_822_allowed_them_and_lines_that_are_none_do_not_stop_the_reading() -> None:
    old = sample("rfc2822_example13")
    assert (old.sender, old.subject) == (Address("John Doe (comment)", "jdoe@machine.example"), "Saying Hello")
    broken = sample("raw_email_incorrect_header")
    assert (broken.sender, broken.subject) == (
        Address("xxx xxx", "xxx@xxx.xxx"),
        "Stop adware/spyware once and for all.",
    )
    assert broken.defects == ("A line among its headers was none and was left out.",)


def test_addresses_are_found_where_no_parser_finds_them() -> None:
    assert sample("mix_caps_content_type").sender == Address("", "bb@bug.com")
    assert sample("raw_email_multiple_from").sender == Address("", "tim@powerupdev.com")
    assert sample("utf8_headers").sender == Address("Jöhn Doe", "jdöe@mächine.example")


def test_bounces_name_who_was_not_reached_and_whether_it_is_only_late() -> None:
    late, failed = sample("report_422").bounce, sample("report_530").bounce
    assert late is not None
    assert failed is not None
    assert (late.recipients, late.delayed) == (("fraser@oooooooo.com.au",), True)
    assert (failed.recipients, failed.delayed) == (("edwin@zzzzzzz.com",), False)
    many = sample("multi_address_bounce1").bounce
    assert many is not None
    assert len(many.recipients) == 5
