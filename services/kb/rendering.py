"""Converts an article's markdown to safe HTML for a page, and to plain words for the index. Pure."""

import re
from collections.abc import Iterator
from functools import lru_cache
from html import unescape

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from services.contract.vocabulary import Language
from services.kb.articles import address

# No raw HTML: this code decides what a text may contain, not its author.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")

RENDERED_MAX = 200
"""How many rendered texts are cached: parsing one blocks the event loop for milliseconds."""

_MARKS = (
    (re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE), ""),  # the fences of code blocks
    (re.compile(r"^[ \t:|-]+$", re.MULTILINE), ""),  # rules, and the line under a table's head
    (re.compile(r"^[ \t]*(?:#{1,6}|>|[-+*]|\d{1,9}[.)])[ \t]+", re.MULTILINE), ""),  # headings, quotes, list items
    (re.compile(r"\]\([^()\n]{0,2000}\)"), ""),  # where a link leads
    (re.compile(r"(?<![^\W_])_+|_+(?![^\W_])"), " "),  # emphasis; an underscore inside a word stays
)
"""The patterns to remove from markdown, in this order, so that words remain. Each takes time linear in the text."""
_SIGNS = str.maketrans("*`[]|", "     ")
"""The single characters of emphasis, code, links and table cells; removing them this way is faster than by pattern."""
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
    """The HTML with only the tags a text needs: no scripts, styles or pictures. A relative link leads to an article."""

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
    """Roughly the text that a reader sees: without the targets of links and most marks.

    Uses patterns instead of the parser: parsing an article takes milliseconds, and the index reads thousands at its
    start. A mark left over does no harm except in a snippet.
    """
    for pattern, replacement in _MARKS:
        markdown = pattern.sub(replacement, markdown)
    return _SPACES.sub(" ", unescape(markdown.translate(_SIGNS))).strip()


def links(markdown: str) -> list[str]:
    """The targets of the text's links, as written."""
    return [str(token.attrs["href"]) for token in _walk(_MARKDOWN.parse(markdown)) if token.type == "link_open"]


def is_article_link(link: str) -> bool:
    """Whether a link as written names another article."""
    return not link.startswith(("#", "/", "?")) and ":" not in link


def _walk(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _walk(token.children or [])
