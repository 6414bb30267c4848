"""Finds articles: for a search, for a subject that is being typed, and for a submitted ticket. Pure."""

from collections.abc import Iterable, Sequence
from operator import attrgetter

from services.contract.vocabulary import ArticleKind, Language
from services.kb.articles import preference
from services.kb.index import Hit, SearchIndex
from services.kb.question import Word, asked, essence

FOUND_MIN = 0.15
"""The least score to be listed as a search result."""
FOUND_ELSEWHERE_MIN = 0.4
"""Like `FOUND_MIN`, in a language not asked for: there, a correct word easily looks like another word misspelt."""
SUGGESTED_MIN = 0.43
"""The least score for a suggestion to somebody who is typing; words found only in an article's text never reach it."""
ANSWERING_MIN = 0.31
"""The least score, of subject and text together, to be listed in the confirmation of a ticket. This and
`SUGGESTED_MIN` were tuned with `tests/kb/test_finding.py`: a ticket on a topic gets its articles, others get none."""
ANSWERING_MAX = 3
ONE_SIDED = 0.8
"""The factor on a score if only the subject or only the text has meaningful words."""
CANDIDATES_MAX = 10


def search(
    index: SearchIndex, q: str, language: Language | None, *, kind: ArticleKind | None = None, limit: int
) -> list[Hit]:
    """The articles that answer `q`, best first, each once: in the language asked for, or else in the others."""

    def found_in(where: Language, score_min: float) -> list[Hit]:
        hits = index.search(asked(q, where, typing=True), where, kind=kind, limit=limit)
        return [hit for hit in hits if hit.score >= score_min]

    if language and (found := found_in(language, FOUND_MIN)):
        return found
    least = FOUND_ELSEWHERE_MIN if language else FOUND_MIN
    others = [other for other in preference(None) if other != language]
    return _best_of_each(hit for other in others for hit in found_in(other, least))[:limit]


def suggest(index: SearchIndex, subject: str, language: Language, limit: int) -> list[Hit]:
    """The articles that may answer a subject that is being typed, best first."""
    hits = index.search(asked(subject, language, typing=True), language, limit=limit)
    return [hit for hit in hits if hit.score >= SUGGESTED_MIN]


def answering(index: SearchIndex, subject: str, text: str, language: Language) -> list[Hit]:
    """The articles that may already answer a ticket, best first, at most `ANSWERING_MAX`; often none.

    The score is the average for subject and text: one of them may contain a word by chance, both seldom do.
    """
    sides = [said for said in (_meant(subject, language), _meant(essence(text), language)) if said]
    scores: dict[str, list[Hit]] = {}
    for said in sides:
        for hit in index.search(said, language, limit=CANDIDATES_MAX):
            scores.setdefault(hit.article.slug, []).append(hit)
    weight = ONE_SIDED if len(sides) == 1 else 1 / 2
    found = [_scored(hits, weight * sum(hit.score for hit in hits)) for hits in scores.values()]
    best = sorted((hit for hit in found if hit.score >= ANSWERING_MIN), key=attrgetter("score"), reverse=True)
    return best[:ANSWERING_MAX]


def _best_of_each(hits: Iterable[Hit]) -> list[Hit]:
    best: dict[str, Hit] = {}
    for hit in sorted(hits, key=attrgetter("score"), reverse=True):
        best.setdefault(hit.article.slug, hit)
    return list(best.values())


def _meant(said: str, language: Language) -> tuple[Word, ...]:
    return tuple(word for word in asked(said, language) if word.stem)


def _scored(hits: Sequence[Hit], score: float) -> Hit:
    return Hit(hits[0].article, score)
