"""HTML of incoming mail: made safe to show, or converted to plain text. Pure."""

import re
from collections import Counter
from html import escape, unescape

import html2text
import nh3

HTML_CHARACTERS_MAX = 200_000
"""How much of an HTML text is read. Mails that people type are shorter."""
DEPTH_MAX = 300
"""Most elements open at once. Parsing time grows with the square of the depth, so of deeper HTML only the words are
kept."""

_TAGS = {
    *("a", "abbr", "b", "blockquote", "br", "caption", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3"),
    *("h4", "h5", "h6", "hr", "i", "img", "ins", "li", "ol", "p", "pre", "q", "s", "small", "span", "strong", "sub"),
    *("sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul"),
}
_ATTRIBUTES = {
    "*": {"lang", "dir"},
    "a": {"href", "title"},
    # No `src`: loading a remote picture would tell the sender who reads the ticket, when and where.
    "img": {"alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})")
_MARKUP = re.compile(r"<[^<>]*>")
_CLOSED_BY_THE_NEXT = {
    *("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"),
    *("p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup", "option"),
}
"""Elements that are empty or may have no end tag (HTML, §13.1.2): left open, they do not nest."""
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags={"script", "style", "title", "head", "template", "noscript", "iframe", "object", "svg", "math"},
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel="noopener noreferrer nofollow",
)


def safe_html(html: str) -> tuple[str, list[str]]:
    """The HTML made safe to show, and sentences about what was lost.

    Scripts, styles, forms and everything that a browser would load from elsewhere are removed.
    """
    lost = [] if len(html) <= HTML_CHARACTERS_MAX else ["The HTML is very long and was cut."]
    html = html[:HTML_CHARACTERS_MAX]
    if _is_too_deep(html):
        return text_as_html(_words(html)), [*lost, "The HTML is nested too deeply; only its words are kept."]
    return _CLEANER.clean(html).strip(), lost


def text_as_html(text: str) -> str:
    """Plain text as HTML that looks the same."""
    return f"<pre>{escape(text)}</pre>"


def html_to_text(html: str) -> str:
    """Safe HTML as plain text: links keep their address, pictures their description."""
    writer = _Writer(bodywidth=0)
    writer.ignore_emphasis = True
    writer.images_to_alt = True
    writer.unicode_snob = True
    writer.use_automatic_links = True
    writer.skip_internal_links = True
    writer.ignore_tables = True  # in mail, tables are mostly for layout, not for data
    lines = (line.rstrip() for line in writer.handle(html).replace("\xa0", " ").split("\n"))
    return _without_gaps("\n".join(lines))


def _is_too_deep(html: str) -> bool:
    open_now: Counter[str] = Counter()
    for closes, name in _TAG.findall(html):
        tag = name.lower()
        if tag in _CLOSED_BY_THE_NEXT:
            continue
        # An end tag closes only an element of its own name: stray end tags must not hide the depth.
        open_now[tag] = max(open_now[tag] - 1, 0) if closes else open_now[tag] + 1
        if not closes and open_now.total() > DEPTH_MAX:
            return True
    return False


def _words(html: str) -> str:
    return unescape(_MARKUP.sub(" ", html))


class _Writer(html2text.HTML2Text):
    """Writes plain text instead of Markdown: `1.` stays `1.`, without a backslash."""

    def handle_data(self, data: str, entity_char: bool = False) -> None:
        del entity_char  # only says whether to escape
        super().handle_data(data, entity_char=True)


def _without_gaps(text: str) -> str:
    kept: list[str] = []
    for line in text.strip("\n").split("\n"):
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept)
