"""What an article is: a slug and a kind, and its text in one or more languages. Pure."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from services.contract.events import ArticleLink
from services.contract.vocabulary import ArticleKind, Language

SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
SLUG_CHARACTERS_MAX = 80
TITLE_CHARACTERS_MAX = 200
SUMMARY_CHARACTERS_MAX = 500
MARKDOWN_CHARACTERS_MAX = 100_000


@dataclass(frozen=True)
class Translation:
    """An article's text in one language."""

    language: Language
    title: str
    summary: str
    markdown: str

    def digest(self) -> str:
        """Equal for equal texts, and for those only."""
        parts = (self.title, self.summary, self.markdown)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Article:
    """An article in one language, as it stands published."""

    slug: str
    kind: ArticleKind
    text: Translation
    revision: int
    change: int
    """Orders the changes of all articles; see `catalogue.py`."""
    updated_at: datetime

    def link(self, public_url: str) -> ArticleLink:
        """As others show it."""
        return ArticleLink(
            slug=self.slug,
            title=self.text.title,
            summary=self.text.summary,
            language=self.text.language,
            url=address(public_url, self.slug, self.text.language),
        )


def address(public_url: str, slug: str, language: Language) -> str:
    """Where people read the article."""
    return f"{public_url.rstrip('/')}/help/{quote(slug, safe='')}?lang={language}"


def preference(asked: Language | None) -> tuple[Language, ...]:
    """The languages to offer an article in, best first: the one asked for, then the most widely read."""
    others: Iterable[Language] = (Language.ENGLISH, Language.DUTCH, Language.ITALIAN)
    return tuple(dict.fromkeys((asked, *others) if asked else others))
