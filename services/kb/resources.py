"""What the HTTP API takes and gives, as pydantic models with examples: the source of its OpenAPI."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from services.contract.events import ArticleLink
from services.contract.limits import (
    MARKDOWN_CHARACTERS_MAX,
    OPINION_CHARACTERS_MAX,
    SLUG_CHARACTERS_MAX,
    SUMMARY_CHARACTERS_MAX,
    TITLE_CHARACTERS_MAX,
)
from services.contract.storable import Storable
from services.contract.vocabulary import ArticleKind, Language
from services.kb.articles import (
    SLUG_PATTERN,
    Article,
    Translation,
)
from services.kb.queries import Reading
from services.kb.rendering import to_html

Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN, max_length=SLUG_CHARACTERS_MAX)]
Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_CHARACTERS_MAX), Storable
]
Summary = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=SUMMARY_CHARACTERS_MAX), Storable
]
Markdown = Annotated[str, StringConstraints(min_length=1, max_length=MARKDOWN_CHARACTERS_MAX), Storable]
Comment = Annotated[str, StringConstraints(strip_whitespace=True, max_length=OPINION_CHARACTERS_MAX), Storable]

_LINK_EXAMPLE: dict[str, Any] = {
    "slug": "logging-in",
    "title": "Logging in, and what to do when you forgot your password",
    "summary": "Ask for a link by e-mail and choose a password with it.",
    "language": "en",
    "url": "https://support.example/help/logging-in?lang=en",
}


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TextIn(_In):
    """An article's text. A link to another article is written as its slug: `[priorities](priorities)`."""

    title: Title = Field(examples=["Connecting the label printer"])
    summary: Summary = Field(examples=["Which cable, which driver, and how to print a test page."])
    markdown: Markdown = Field(
        examples=["Connect the cable first.\n\n## The driver\n\nIt is on the [download page](downloads)."],
        description="CommonMark with tables; raw HTML is shown as text.",
    )

    def text(self, language: Language) -> Translation:
        """As the text in this language."""
        return Translation(language, self.title, self.summary, self.markdown)


class TranslationIn(TextIn):
    """An article's text in one language."""

    language: Language


class ArticleIn(_In):
    """A new article, in at least one language."""

    slug: Slug = Field(examples=["label-printer"], description="Its address, for good: it cannot be changed.")
    kind: ArticleKind
    translations: Annotated[list[TranslationIn], Field(min_length=1, max_length=len(Language))]

    @field_validator("translations")
    @classmethod
    def _each_language_once(cls, translations: list[TranslationIn]) -> list[TranslationIn]:
        if len({each.language for each in translations}) < len(translations):
            raise ValueError("must give each language once")
        return translations


class OpinionIn(_In):
    """What a reader thinks of an article."""

    helpful: bool
    comment: Comment | None = Field(default=None, examples=["Which cable do I need?"])
    language: Language | None = Field(default=None, description="The language it was read in.")


class ArticleSummary(ArticleLink):
    """An article in a list. `language` is the one it was found in, which need not be the one asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                _LINK_EXAMPLE
                | {
                    "kind": "how_to",
                    "snippet": "Choose a <mark>password</mark> of at least 10 characters. …",
                    "updated_at": "2026-11-02T09:00:00Z",
                }
            ]
        }
    )

    kind: ArticleKind
    snippet: str | None = None
    """Safe HTML with the words found in <mark>; None without `q`, or where only the title has them."""
    updated_at: datetime

    @classmethod
    def of(cls, article: Article, public_url: str, snippet: str | None = None) -> "ArticleSummary":
        """The article without its text."""
        link = article.link(public_url).model_dump()
        return cls(**link, kind=article.kind, snippet=snippet, updated_at=article.updated_at)


class ArticlePage(BaseModel):
    """Articles. Ask again with `cursor=next_cursor` for more; null ends it, and is all a search gives."""

    items: list[ArticleSummary]
    next_cursor: str | None


class SuggestedArticle(ArticleLink):
    """An article that may already answer; `score` is the share of the question it speaks of, 0 to 1."""

    model_config = ConfigDict(json_schema_extra={"examples": [_LINK_EXAMPLE | {"score": 0.91}]})

    score: float


class Suggestions(BaseModel):
    """The articles that may already answer, best first; often none."""

    items: list[SuggestedArticle]


class ArticleOut(BaseModel):
    """An article as it is read. `html` is safe to show as it is."""

    slug: str
    kind: ArticleKind
    title: str
    summary: str
    html: str
    markdown: str
    language: Language
    """The one it is in, which need not be the one asked for."""
    languages: list[Language]
    """All it can be read in."""
    updated_at: datetime
    helpful: int
    not_helpful: int

    @classmethod
    def of(cls, reading: Reading, public_url: str) -> "ArticleOut":
        """The article with its text rendered."""
        article, text = reading.article, reading.article.text
        return cls(
            slug=article.slug,
            kind=article.kind,
            title=text.title,
            summary=text.summary,
            html=to_html(text.markdown, public_url, text.language),
            markdown=text.markdown,
            language=text.language,
            languages=list(reading.languages),
            updated_at=article.updated_at,
            helpful=reading.helpful,
            not_helpful=reading.not_helpful,
        )
