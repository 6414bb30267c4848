"""Markdown to HTML that is safe to show, and to the words of the index."""

import re

import pytest
from markdown_it import MarkdownIt

from services.contract.vocabulary import Language
from services.kb.languages import tokens
from services.kb.rendering import links, sanitised, to_html, to_words
from services.kb.shipped import Shipped, read_all

EN = Language.ENGLISH
URL = "https://support.example"


def test_what_a_text_needs_is_rendered() -> None:
    html = to_html("## Head\n\n| a | b |\n|---|---|\n| 1 | **2** |\n\n1. `x`", URL, EN)
    assert html.replace("\n", "") == (
        "<h2>Head</h2><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td>"
        "<td><strong>2</strong></td></tr></tbody></table><ol><li><code>x</code></li></ol>"
    )


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
        "[x](vbscript:msgbox(1))",
        '<a href="javascript:alert(1)">x</a>',
        "![x](https://evil.example/pixel.png)",
        "<svg onload=alert(1)>",
        "<iframe src=//evil.example></iframe>",
        "<style>body{display:none}</style>",
        "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "[x](https://a.example 'onmouseover=alert(1)')",
        '`<b onclick="x">`',
        "<javascript:alert(1)>",
    ],
)
def test_no_attack_survives_neither_by_markdown_nor_as_raw_html(attack: str) -> None:
    for html in (to_html(attack, URL, EN), sanitised(attack, URL, EN)):
        assert re.findall(r"<(?!/)(\w+)", html) == [
            tag for tag in re.findall(r"<(?!/)(\w+)", html) if tag in ("p", "a", "code", "b")
        ]
        for tag in re.findall(r"<[^>]*>", html):
            assert not re.search(r"\son\w+\s*=(?!.*')|javascript:|vbscript:|data:|src=", tag, re.IGNORECASE), html


def test_a_link_to_an_article_leads_to_it_in_the_same_language() -> None:
    html = to_html("[p](priorities) [q](priorities#high)", URL, Language.DUTCH)
    assert 'href="https://support.example/help/priorities?lang=nl"' in html
    assert 'href="https://support.example/help/priorities?lang=nl#high"' in html


def test_other_links_stay_where_they_lead_and_hand_nothing_on() -> None:
    html = to_html("[a](https://a.example/x) [m](mailto:x@a.example) [t](#top)", URL, EN)
    assert html.count('rel="noopener noreferrer"') == 3
    assert re.findall('href="([^"]*)"', html) == ["https://a.example/x", "mailto:x@a.example", "#top"]


@pytest.mark.parametrize("link", ["/etc", "?x", "//evil.example/x"])
def test_a_relative_link_that_names_no_article_leads_nowhere(link: str) -> None:
    assert "href" not in to_html(f"[x]({link})", URL, EN)


def test_links_are_found_as_written() -> None:
    assert links("[a](one) and\n\n- [b](two#x)") == ["one", "two#x"]


@pytest.mark.parametrize("shipped", read_all(), ids=lambda shipped: shipped.slug)
def test_the_quick_words_of_an_article_are_those_of_its_page(shipped: Shipped) -> None:
    for text in shipped.translations:
        page = MarkdownIt("commonmark").enable("table").render(text.markdown)
        shown = re.sub(r"<[^>]*>", " ", page).replace("&quot;", '"')
        plain = [token.plain for token in tokens(to_words(text.markdown), text.language)]
        assert plain == [token.plain for token in tokens(shown, text.language)]


@pytest.mark.parametrize(
    "pattern", ["-", "|", "_", "](", "[", "*a", "\n", "> ", "`", "![[", "<", "&", "- ", "\\", "#", "[a](b"]
)
def test_a_text_of_marks_only_takes_no_time_to_speak_of(pattern: str) -> None:
    # Quadratic patterns would take minutes here, and run into the test's time limit.
    to_words("a" + pattern * (100_000 // len(pattern)) + "b")
