"""What people find: by searching, while typing a subject, and for a ticket they submitted. Pure."""

from collections.abc import Iterable, Sequence
from operator import attrgetter

from services.contract.vocabulary import ArticleKind, Language
from services.kb.articles import preference
from services.kb.index import Hit, SearchIndex
from services.kb.question import Word, asked, essence

FOUND_MIN = 0.15
"""The least score worth a line on a page of results."""
FOUND_ELSEWHERE_MIN = 0.4
"""The same in a language that was not asked for, where a right word easily looks like a wrong one mistyped."""
SUGGESTED_MIN = 0.43
"""The least score worth interrupting somebody who types; words in an article's text alone never reach it."""
ANSWERING_MIN = 0.31
"""The least score, of subject and text together, worth a line in the confirmation of a ticket.
Both were tuned with the tickets in `tests/kb/test_finding.py`: on-topic ones get theirs, others none."""
ANSWERING_MAX = 3
ONE_SIDED = 0.8
"""What a score counts where only the subject or only the text says anything."""
CANDIDATES_MAX = 10


def search(
    index: SearchIndex, q: str, language: Language | None, *, kind: ArticleKind | None = None, limit: int
) -> list[Hit]:
    """The articles that answer `q`, best first, each once: in the language asked for, else in any other."""

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
    """The articles that may already answer a ticket, best first; none where nothing speaks of it.

    Subject and text must agree: each may name a word by chance, seldom both.
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
