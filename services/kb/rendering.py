"""From an article's markdown to safe HTML for a page, and to plain words for the index. Pure."""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import unescape

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from services.contract.vocabulary import Language
from services.kb.articles import address

# Raw HTML stays off: what a text may contain is decided here, not by whoever writes it.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")

RENDERED_MAX = 200
"""So many rendered texts are remembered: parsing one takes milliseconds of the event loop's time."""

_MARKS = (
    (re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE), ""),  # the fences of code blocks
    (re.compile(r"^[ \t:|-]+$", re.MULTILINE), ""),  # rules, and the line under a table's head
    (re.compile(r"^[ \t]*(?:#{1,6}|>|[-+*]|\d{1,9}[.)])[ \t]+", re.MULTILINE), ""),  # headings, quotes, list items
    (re.compile(r"\]\([^()\n]{0,2000}\)"), ""),  # where a link leads
    (re.compile(r"(?<![^\W_])_+|_+(?![^\W_])"), " "),  # emphasis; an underscore inside a word stays
)
"""What is taken out of markdown to leave words, in this order. Each is linear in the length of the text."""
_SIGNS = str.maketrans("*`[]|", "     ")
"""Emphasis, code, links and table cells: single characters, which go faster this way."""
_SPACES = re.compile(r"[ \t]{2,}")

_TEXT = {"a", "blockquote", "br", "code", "em", "hr", "li", "ol", "p", "pre", "strong", "ul"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_TABLE = {"table", "tbody", "td", "th", "thead", "tr"}
_TAGS = _TEXT | _HEADINGS | _TABLE
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}


@lru_cache(maxsize=RENDERED_MAX)
def to_html(markdown: str, public_url: str, language: Language) -> str:
    """HTML that can go into a page as it is. A link to another article is written as its slug."""
    return sanitised(_MARKDOWN.render(markdown), public_url, language)


def sanitised(html: str, public_url: str, language: Language) -> str:
    """Only the tags a text needs, no scripts, styles or pictures; a relative link leads to an article."""

    def resolve(link: str) -> str | None:
        if link.startswith("#"):
            return link
        slug, _, rest = link.partition("#")
        return address(public_url, slug, language) + (f"#{rest}" if rest else "") if is_article_link(link) else None

    return nh3.clean(
        html,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        url_relative=resolve,
        link_rel="noopener noreferrer",
    )


def to_words(markdown: str) -> str:
    """The text a reader sees, nearly: without links' targets and most marks.

    By rule of thumb, because parsing an article takes milliseconds and the index reads thousands at a start.
    A mark left over costs a blot in a snippet, no more.
    """
    for pattern, replacement in _MARKS:
        markdown = pattern.sub(replacement, markdown)
    return _SPACES.sub(" ", unescape(markdown.translate(_SIGNS))).strip()


def links(markdown: str) -> list[str]:
    """Where the text's links lead, as written."""
    return [str(token.attrs["href"]) for token in _walk(_MARKDOWN.parse(markdown)) if token.type == "link_open"]


def is_article_link(link: str) -> bool:
    """Whether a link as written names another article."""
    return not link.startswith(("#", "/", "?")) and ":" not in link


def _walk(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _walk(token.children or [])
