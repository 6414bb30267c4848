"""Flowed text, signatures, quotes, HTML: what a mail says and what of it is new."""

import pytest

from services.intake.mail.html import DEPTH_MAX, HTML_CHARACTERS_MAX, html_to_text, safe_html
from services.intake.mail.text import Split, split, unflow
from tests.intake.mail.mail_letters import mixed, part, read_letter


def test_flowed_lines_are_joined_and_fixed_ones_are_not() -> None:
    assert unflow("one \ntwo\nthree", delete_space=False) == "one two\nthree"


def test_flowed_text_keeps_quote_depths_stuffed_lines_and_the_signature_apart() -> None:
    flowed = ">> deep \n>> er\n> up \nnew \n From here\n-- \nMe"
    assert unflow(flowed, delete_space=False) == ">> deep er\n> up \nnew From here\n-- \nMe"


def test_delsp_takes_the_space_of_a_soft_break_out() -> None:
    assert unflow("まみ \nむめ", delete_space=True) == "まみむめ"


def test_flowed_is_only_what_says_so() -> None:
    flowed = read_letter("Content-Type: text/plain; format=flowed", body="one \ntwo")
    assert flowed.whole == "one two"
    assert read_letter("Content-Type: text/plain", body="one \ntwo").whole == "one \ntwo"


@pytest.mark.parametrize(
    "attribution",
    [
        "On Mon, 2 Nov 2026 at 09:00, Balie <support@balie.example> wrote:",
        "On Mon, 2 Nov 2026 at 09:00, Balie\n<support@balie.example> wrote:",
        "Op ma 2 nov 2026 om 09:00 schreef Balie <support@balie.example>:",
        "Il giorno lun 2 nov 2026 alle ore 09:00 Balie <support@balie.example>\nha scritto:",
        "Am 2. November 2026 schrieb Balie:",
        "Le 2 nov. 2026, Balie a écrit :",
        "Balie schreef:",
    ],
)
def test_an_answer_above_its_quote_is_what_is_new(attribution: str) -> None:
    quoted = f"{attribution}\n\n> Is it hot?\n>\n> Daan"
    assert split(f"Yes, very.\n\n{quoted}\n") == Split("Yes, very.", "", quoted)


@pytest.mark.parametrize(
    "quoted",
    [
        "-----Original Message-----\nFrom: Balie\nIs it hot?",
        "-----Oorspronkelijk bericht-----\nVan: Balie\nIs it hot?",
        "-----Messaggio originale-----\nDa: Balie\nIs it hot?",
        "________________________________\nFrom: Balie <support@balie.example>\nSent: Monday\nIs it hot?",
        "Van: Balie <support@balie.example>\nVerzonden: maandag\nIs het heet?",
        "Da: Balie <support@balie.example>\nInviato: lunedì\nÈ caldo?",
        "> Is it hot?",
    ],
)
def test_what_other_programs_quote_is_known_too(quoted: str) -> None:
    assert split(f"Yes, very.\n\n{quoted}") == Split("Yes, very.", "", quoted)


def test_answers_between_the_quoted_lines_stay_with_them() -> None:
    between = "> Is it hot?\nYes.\n> How hot?\nVery."
    assert split(between) == Split(between, "", "")


def test_what_is_forwarded_is_what_the_sender_wants_read() -> None:
    forwarded = "See below.\n\n---------- Forwarded message ----------\nFrom: Jan\nSent: Monday\nIt burns."
    assert split(forwarded) == Split(forwarded, "", "")


def test_a_mail_of_nothing_but_a_quote_or_a_signature_is_all_new() -> None:
    assert split("> Is it hot?") == Split("> Is it hot?", "", "")
    assert split("-- \nMarieke") == Split("-- \nMarieke", "", "")


def test_a_signature_begins_at_its_two_dashes_and_a_rule_is_none() -> None:
    assert split("Hot.\n-- \nMarieke\nDe Vries") == Split("Hot.", "-- \nMarieke\nDe Vries", "")
    assert split("Hot.\n---\nVery.") == Split("Hot.\n---\nVery.", "", "")


def test_html_becomes_what_a_person_would_have_typed() -> None:
    html = (
        "<h1>Fire</h1><p>1. It <b>burns</b>&nbsp;&amp; smells.<br>"
        "See <a href='https://a.example/x'>this</a>.</p><ul><li>a</li></ul>"
    )
    assert html_to_text(safe_html(html)[0]) == (
        "# Fire\n\n1. It burns & smells.\nSee [this](https://a.example/x).\n\n  * a"
    )


def test_html_keeps_nothing_that_runs_or_is_fetched() -> None:
    html = (
        '<style>p{}</style><p onclick="x()" style="background:url(http://spy.example)">a'
        '<img src="http://spy.example/1.gif" alt="logo"><a href="javascript:x()">b</a></p>'
        '<form action="http://spy.example"><input></form><iframe src="http://spy.example"></iframe>'
    )
    safe, lost = safe_html(html)
    assert (safe, lost) == ('<p>a<img alt="logo"><a rel="noopener noreferrer nofollow">b</a></p>', [])


def test_html_too_deep_or_too_long_is_told_and_its_words_are_kept() -> None:
    deep, lost = safe_html("<div>" * (DEPTH_MAX + 1) + "words &lt;b&gt;")
    assert (deep.replace(" ", ""), lost) == (
        "<pre>words&lt;b&gt;</pre>",
        ["The HTML is nested too deeply; only its words are kept."],
    )
    assert safe_html("<div>" * DEPTH_MAX + "words")[1] == []
    assert safe_html("x" * (HTML_CHARACTERS_MAX + 1))[1] == ["The HTML is very long and was cut."]


def test_stray_end_tags_do_not_hide_how_deep_html_goes() -> None:
    assert safe_html("<div></span>" * (DEPTH_MAX + 1))[1] == ["The HTML is nested too deeply; only its words are kept."]


@pytest.mark.parametrize(
    ("charset", "octets", "text"),
    [
        ("utf-8", "één".encode(), "één"),
        ("us-ascii", "één".encode(), "één"),
        ("iso-8859-1", b"\x93quoted\x94 \x80", "“quoted” €"),
        ("windows-1251", "да".encode("cp1251"), "да"),
        ("shift_jis", "①です".encode("cp932"), "①です"),
        ("iso-2022-jp", "すみません".encode("iso2022_jp"), "すみません"),
        ("ks_c_5601-1987", "한국".encode("cp949"), "한국"),
        ("gb2312", "镕基".encode("gb18030"), "镕基"),
        ("no-such-charset", "één".encode(), "één"),
        ("rot13", b"plain", "plain"),
        ("unicode_escape", rb"\x41", r"\x41"),
    ],
)
def test_bytes_are_read_in_the_charset_that_was_meant(charset: str, octets: bytes, text: str) -> None:
    mail = read_letter(
        "Date: Mon, 02 Nov 2026 09:15 +0100", f'Content-Type: text/plain; charset="{charset}"', body=octets
    )
    assert (mail.whole, mail.defects) == (text, ())


def test_text_that_does_not_keep_to_its_charset_is_told_and_the_original_kept() -> None:
    mail = read_letter("Date: Mon, 02 Nov 2026 09:15 +0100", "Content-Type: text/plain; charset=utf-8", body=b"caf\xe9")
    assert mail.whole == "caf\ufffd"
    assert mail.defects == ("The text does not keep to the character set it names; some characters may be wrong.",)
    assert mail.original is not None


def test_control_characters_and_zeros_do_not_reach_the_database() -> None:
    assert read_letter("Subject: a\x00b", body="a\x00b\x1b[31m\tc").whole == "ab[31m\tc"


def test_several_texts_follow_one_another() -> None:
    mail = mixed(part("text/plain", "first"), part("text/html", "<p>second</p>"), part("text/plain", "third"))
    assert mail.whole == "first\n\nsecond\n\nthird"
    assert mail.html == "<pre>first</pre>\n<p>second</p>\n<pre>third</pre>"
