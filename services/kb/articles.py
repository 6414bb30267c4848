"""An article: a slug, a kind, and a text in one or more languages. Pure."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from services.contract.events import ArticleLink
from services.contract.vocabulary import ArticleKind, Language

SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"


@dataclass(frozen=True)
class Translation:
    """An article's text in one language."""

    language: Language
    title: str
    summary: str
    markdown: str

    def digest(self) -> str:
        """A hash of title, summary and text: equal only for equal texts."""
        parts = (self.title, self.summary, self.markdown)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Article:
    """An article in one language, as published."""

    slug: str
    kind: ArticleKind
    text: Translation
    revision: int
    change: int
    """The number of its last change; one sequence numbers the changes of all articles. `catalogue.py` reads by it."""
    updated_at: datetime

    def link(self, public_url: str) -> ArticleLink:
        """What other services need to show a link to the article."""
        return ArticleLink(
            slug=self.slug,
            title=self.text.title,
            summary=self.text.summary,
            language=self.text.language,
            url=address(public_url, self.slug, self.text.language),
        )


def address(public_url: str, slug: str, language: Language) -> str:
    """The URL where people read the article."""
    return f"{public_url.rstrip('/')}/help/{quote(slug, safe='')}?lang={language}"


def preference(asked: Language | None) -> tuple[Language, ...]:
    """The languages to offer an article in, best first: the one asked for, then those that most people read."""
    others: Iterable[Language] = (Language.ENGLISH, Language.DUTCH, Language.ITALIAN)
    return tuple(dict.fromkeys((asked, *others) if asked else others))
