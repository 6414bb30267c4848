"""The search index: the words of all articles in memory, with one set of fields per language.

A score, 0 to 1, is the share of the question that an article covers. A word weighs more the fewer articles have it. It
counts fully in a title, less in a summary or a text, and still less if it is only similar to the word asked for. So a
threshold means the same for ten articles as for ten thousand.
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tantivy import Document, Index, Occur, Query, Schema, SchemaBuilder, Searcher

from services.contract.vocabulary import ArticleKind, Language
from services.kb.articles import Article, Translation
from services.kb.languages import PLAIN_ANALYZER, plain_analyzer, stem_analyzer
from services.kb.question import FUZZY_LETTERS_MIN, Word
from services.kb.rendering import to_words

WRITER_BYTES = 20_000_000
COMPOUND_LETTERS_MIN = 9
COMPOUND_PART_LETTERS_MIN = 4

IN_TITLE, BEGINS_IN_TITLE, LIKE_IN_TITLE = 1.0, 0.9, 0.7
IN_SUMMARY, PART_OF_COMPOUND = 0.8, 0.6
IN_TEXT, BEGINS_IN_TEXT, LIKE_IN_TEXT = 0.4, 0.3, 0.25
TIE_BREAK = 0.002
"""The share of BM25, which counts how often a word occurs; it decides between articles with equal scores."""


@dataclass(frozen=True)
class Hit:
    """An article found, and its score from 0 to 1."""

    article: Article
    score: float


class SearchIndex:
    """Finds articles by their words. Only one thread may write at a time; others may search meanwhile."""

    def __init__(self) -> None:
        self._schema = _schema()
        self._index = Index(self._schema)
        self._index.register_tokenizer(PLAIN_ANALYZER, plain_analyzer())
        for language in Language:
            self._index.register_tokenizer(_stem(language), stem_analyzer(language))
        self._writer = self._index.writer(heap_size=WRITER_BYTES, num_threads=1)
        self._slugs: dict[Language, set[str]] = {language: set() for language in Language}

    def put(self, articles: Iterable[Article]) -> None:
        """Add the articles; each replaces its earlier version in the same language."""
        for article in articles:
            key = f"{article.slug}/{article.text.language}"
            self._writer.delete_documents_by_term("key", key)
            self._writer.add_document(_document(key, article))
            self._slugs[article.text.language].add(article.slug)
        self._writer.commit()
        self._index.reload()

    def search(
        self, words: Sequence[Word], language: Language, *, kind: ArticleKind | None = None, limit: int
    ) -> list[Hit]:
        """The articles in this language that answer best, best first, at most `limit`."""
        searcher = self._index.searcher()
        query = _Asked(self._schema, searcher, language, len(self._slugs[language])).query(words, kind)
        return [
            _hit(searcher.doc(address), min(score, 1.0))
            for score, address in searcher.search(query, limit, count=False).hits
        ]


class _Asked:
    """Builds the query for words asked in one language."""

    def __init__(self, schema: Schema, searcher: Searcher, language: Language, articles: int) -> None:
        self._schema, self._searcher, self._language, self._articles = schema, searcher, language, articles

    def query(self, words: Sequence[Word], kind: ArticleKind | None) -> Query:
        weights = [self._weight(word) for word in words]
        if not sum(weights):
            return Query.empty_query()
        parts = []
        for word, weight in zip(words, weights, strict=True):
            parts.append((Occur.Should, self._best_of(word, weight / sum(weights))))
            if word.stem:
                parts.append((Occur.Should, Query.boost_query(self._term("all", word.stem), TIE_BREAK)))
        spoken_of = Query.boolean_query(parts)
        if kind is None:
            return spoken_of
        of_kind = Query.const_score_query(Query.term_query(self._schema, "kind", kind), 0.0)
        return Query.boolean_query([(Occur.Must, of_kind), (Occur.Must, spoken_of)])

    def _best_of(self, word: Word, share: float) -> Query:
        ways = [
            (self._term("title_plain", word.plain), IN_TITLE),
            (self._term("all_plain", word.plain), IN_TEXT),
            (self._like("title_plain", word), LIKE_IN_TITLE),
            (self._like("all_plain", word), LIKE_IN_TEXT),
        ]
        if word.stem:
            ways += [
                (self._term("title", word.stem), IN_TITLE),
                (self._term("summary", word.stem), IN_SUMMARY),
                (self._term("all", word.stem), IN_TEXT),
                (self._like("title", Word(word.stem, None)), LIKE_IN_TITLE),
                (self._like("all", Word(word.stem, None)), LIKE_IN_TEXT),
            ]
        if word.unfinished:
            ways += [
                (self._begins("title_plain", word), BEGINS_IN_TITLE),
                (self._begins("all_plain", word), BEGINS_IN_TEXT),
            ]
        ways += [(self._term("all", part), PART_OF_COMPOUND * IN_TEXT) for part in self._parts(word)]
        ways += [(self._term("title", part), PART_OF_COMPOUND) for part in self._parts(word)]
        scored = [Query.const_score_query(way, counts * share) for way, counts in ways if way is not None]
        return Query.disjunction_max_query(scored)

    def _weight(self, word: Word) -> float:
        # The idf of BM25. A word that no article has weighs as much as a word that one article has.
        having = max(self._having("all", word.stem) if word.stem else self._having("all_plain", word.plain), 1)
        return math.log(1 + (max(self._articles, having) - having + 0.5) / (having + 0.5))

    def _parts(self, word: Word) -> list[str]:
        # Dutch writes compounds as one word: "wachtwoordlink" must also find articles about a "wachtwoord".
        if self._language is not Language.DUTCH or len(word.plain) < COMPOUND_LETTERS_MIN or not word.stem:
            return []
        cuts = range(COMPOUND_PART_LETTERS_MIN, len(word.plain) - COMPOUND_PART_LETTERS_MIN + 1)
        halves = {half for cut in cuts for half in (word.plain[:cut], word.plain[cut:])}
        return [half for half in halves if self._having("all", half)]

    def _having(self, field: str, word: str) -> int:
        return int(self._searcher.doc_freq(self._field(field), word))

    def _term(self, field: str, word: str) -> Query:
        return Query.term_query(self._schema, self._field(field), word)

    def _like(self, field: str, word: Word) -> Query | None:
        if len(word.plain) < FUZZY_LETTERS_MIN:
            return None
        return Query.fuzzy_term_query(self._schema, self._field(field), word.plain, distance=1)

    def _begins(self, field: str, word: Word) -> Query:
        return Query.fuzzy_term_query(self._schema, self._field(field), word.plain, distance=0, prefix=True)

    def _field(self, name: str) -> str:
        return f"{name}_{self._language}"


def _stem(language: Language) -> str:
    return f"stem_{language}"


def _schema() -> Schema:
    builder = SchemaBuilder()
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("kind", tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("card", stored=True)
    for language in Language:
        for field in ("title", "summary", "all"):
            builder.add_text_field(f"{field}_{language}", tokenizer_name=_stem(language), index_option="freq")
        for field in ("title_plain", "all_plain"):
            builder.add_text_field(f"{field}_{language}", tokenizer_name=PLAIN_ANALYZER, index_option="basic")
    return builder.build()


def _document(key: str, article: Article) -> Document:
    text = article.text
    everything = "\n".join((text.title, text.summary, to_words(text.markdown)))
    document = Document(key=key, kind=article.kind, card=_card(article))
    for field, content in (("title", text.title), ("summary", text.summary), ("all", everything)):
        document.add_text(f"{field}_{text.language}", content)
    document.add_text(f"title_plain_{text.language}", text.title)
    document.add_text(f"all_plain_{text.language}", everything)
    return document


def _card(article: Article) -> bytes:
    text = article.text
    facts = (article.slug, article.kind, text.language, text.title, text.summary, text.markdown)
    return json.dumps([*facts, article.revision, article.change, article.updated_at.isoformat()]).encode()


def _hit(document: Document, score: float) -> Hit:
    slug, kind, language, title, summary, markdown, revision, change, at = json.loads(document["card"][0])
    text = Translation(Language(language), title, summary, markdown)
    return Hit(Article(slug, ArticleKind(kind), text, revision, change, datetime.fromisoformat(at)), score)
