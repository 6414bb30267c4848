"""The search index itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contract.vocabulary import ArticleKind, Language
from services.kb.finding import search, suggest
from services.kb.index import SearchIndex
from services.kb.question import asked
from tests.kb.library_desk import article, index_of

EN, NL, IT = Language.ENGLISH, Language.DUTCH, Language.ITALIAN


def found(index: SearchIndex, q: str, language: Language = EN, kind: ArticleKind | None = None) -> list[str]:
    return [hit.article.slug for hit in index.search(asked(q, language, typing=True), language, kind=kind, limit=10)]


def test_an_empty_index_finds_nothing() -> None:
    assert found(SearchIndex(), "printer") == []


def test_a_title_outweighs_a_summary_and_a_summary_a_text() -> None:
    index = index_of(
        article("in-text", "Cables", markdown="The printer has a cable."),
        article("in-summary", "Paper", summary="For the printer."),
        article("in-title", "Printer"),
    )
    assert found(index, "printer") == ["in-title", "in-summary", "in-text"]


def test_a_rare_word_outweighs_a_common_one() -> None:
    index = index_of(*(article(f"ticket-{n}", "A ticket") for n in range(5)), article("rare", "The scanner"))
    assert found(index, "ticket scanner")[0] == "rare"


def test_what_is_spoken_of_more_often_comes_first_among_equals() -> None:
    index = index_of(
        article("once", "Cables", markdown="The printer. " + "Some other words about cables. " * 5),
        article("often", "Paper", markdown="The printer. Another printer. That printer. " + "Some words. " * 5),
    )
    assert found(index, "printer") == ["often", "once"]


def test_an_article_put_again_replaces_what_was_known_of_it() -> None:
    index = index_of(article("it", "Printer"), article("it", "Stampante", language=IT))
    index.put([article("it", "Scanner", change=2)])
    assert found(index, "printer") == []
    assert found(index, "scanner") == ["it"]
    assert found(index, "stampante", IT) == ["it"]


def test_each_language_is_searched_with_its_own_words_only() -> None:
    index = index_of(article("same", "Printer", language=NL))
    assert found(index, "printer", EN) == []
    assert found(index, "printers", NL) == ["same"]


def test_one_kind_can_be_asked_for() -> None:
    index = index_of(article("how", "Printer"), article("note", "Printer 2", kind=ArticleKind.RELEASE_NOTE))
    assert found(index, "printer", kind=ArticleKind.RELEASE_NOTE) == ["note"]


def test_a_hit_brings_the_whole_article_back() -> None:
    stored = article("label-printer", "Printer", summary="On paper.", markdown="## Paper\n\nSee [it](paper).")
    (hit,) = index_of(stored).search(asked("printer", EN), EN, limit=1)
    assert hit.article == stored


STRANGE = ["", " ", "\x00", "a\x00b", "\"'`", 'title:"x"^9', "AND OR NOT (", "*", "a*", "~~1", "[a TO b]", "💥" * 50]


@pytest.mark.parametrize("q", [*STRANGE, "\u202e\u0300e", "x" * 10_000, "x " * 5_000, "-" * 500, "\\", "%00"])
def test_a_strange_query_is_no_error(shipped_index: SearchIndex, q: str) -> None:
    for language in (*Language, None):
        search(shipped_index, q, language, limit=10)


@given(st.text(max_size=60), st.sampled_from(list(Language)))
def test_a_score_is_a_share_and_the_best_comes_first(
    shipped_index: SearchIndex, question: str, language: Language
) -> None:
    for hits in (search(shipped_index, question, language, limit=10), suggest(shipped_index, question, language, 10)):
        scores = [hit.score for hit in hits]
        assert all(0 < score <= 1 for score in scores)
        assert scores == sorted(scores, reverse=True)
