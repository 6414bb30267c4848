"""Renders templates with Jinja: whole pages, or single blocks for htmx. A block's name is its element's id."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nh3
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from services.contract import limits
from services.contract.vocabulary import Language, Status

HERE = Path(__file__).parent
STATIC = HERE / "static"
DIGEST_CHARACTERS = 12

_MESSAGE_TAGS = set(nh3.ALLOWED_TAGS) - {"img", "map", "area"}
_ARTICLE_ATTRIBUTES = {**nh3.ALLOWED_ATTRIBUTES, "img": {"src", "alt", "width", "height"}, "*": {"id"}}
_LINK = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]}]")


def environment() -> Environment:
    """The Jinja environment: it escapes everything, and an unknown name is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"asset": asset, "has_asset": has_asset}
    made.globals |= {"limits": limits, "languages": tuple(Language), "statuses": tuple(Status)}
    made.filters |= {"message": message, "article": article, "snippet": snippet, "quoted": quoted, "initials": initials}
    return made


class Rendering:
    """Renders the templates with given facts."""

    def __init__(self) -> None:
        self._environment = environment()

    def page(self, template: str, facts: Mapping[str, Any]) -> str:
        """The whole page."""
        return self._environment.get_template(template).render(facts)

    def blocks(self, template: str, names: Iterable[str], facts: Mapping[str, Any]) -> str | None:
        """The first block in place, the others as out-of-band swaps; None if the template does not have the first."""
        found = self._environment.get_template(template)
        target, *others = dict.fromkeys(names)
        if target not in found.blocks:
            return None
        wanted = [target, *(name for name in others if name in found.blocks)]
        rendered = []
        for place, name in enumerate(wanted):
            context = found.new_context({**facts, "oob": place > 0})
            rendered.append("".join(found.blocks[name](context)))
        return "\n".join(rendered)


@cache
def asset(name: str) -> str:
    """The address of a static file. It contains a fingerprint, so it changes when the file does."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:DIGEST_CHARACTERS]
    return f"/static/{name}?v={digest}"


def has_asset(name: str) -> bool:
    """Whether the static file exists: files from npm are missing until `make` fetches them, and pages work without."""
    return (STATIC / name).is_file()


def message(html: str | None, text: str) -> Markup:
    """A message for display: its HTML, sanitised again, or else its text with clickable links."""
    if html:
        return Markup(nh3.clean(html, tags=_MESSAGE_TAGS, link_rel="noopener noreferrer nofollow"))  # noqa: S704 - nh3 made it safe
    return Markup('<p class="plain">{}</p>').format(_linked(text.strip()))


def article(html: str) -> Markup:
    """An article's HTML, sanitised again."""
    return Markup(nh3.clean(html, attributes=_ARTICLE_ATTRIBUTES, link_rel=None))  # noqa: S704 - nh3 made it safe


def snippet(html: str) -> Markup:
    """A search result's snippet as HTML; all tags but <mark>, around the words found, are removed."""
    marked = html.replace("<b>", "<mark>").replace("</b>", "</mark>")
    return Markup(nh3.clean(marked, tags={"mark"}, attributes={}))  # noqa: S704 - nh3 made it safe


def quoted(text: object) -> str:
    """The text, percent-encoded for use as a part of an address."""
    return quote(str(text), safe="")


def initials(name: str) -> str:
    """A person's initials: up to two letters of the name, or "?" if it has none."""
    words = [word for word in re.split(r"[\s@.]+", name) if word and word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)).upper() or "?"


def _linked(text: str) -> Markup:
    parts, end = [], 0
    for found in _LINK.finditer(text):
        link = '<a href="{0}" rel="noopener noreferrer nofollow">{0}</a>'
        parts += [escape(text[end : found.start()]), Markup(link).format(found.group())]  # noqa: S704 - a constant
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])
