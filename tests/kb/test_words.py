"""Cutting text into words, and a question into the words worth looking for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contract.vocabulary import Language
from services.kb.languages import one_slip_apart, tokens
from services.kb.question import WORDS_MAX, Word, asked, essence

NL, IT, EN = Language.DUTCH, Language.ITALIAN, Language.ENGLISH


def test_a_token_knows_where_it_stands_in_a_text_with_accents_and_emoji() -> None:
    text = "Perché 😀 l’allegato?"
    assert [(text[token.start : token.end], token.plain, token.stem) for token in tokens(text, IT)] == [
        ("Perché", "perche", None),
        ("l", "l", None),
        ("allegato", "allegato", "alleg"),
    ]


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        (NL, "bijlagen", "bijlage"),
        (NL, "prioriteiten", "prioriteit"),
        (IT, "allegati", "allegato"),
        (EN, "reopening", "reopened"),
        (EN, "tickets", "ticket"),
    ],
)
def test_inflections_share_a_stem_or_are_one_slip_apart(language: Language, one: str, other: str) -> None:
    (first,), (second,) = tokens(one, language), tokens(other, language)
    assert one_slip_apart(first.stem or "", second.stem or "")


def test_a_word_without_its_accents_is_the_same_as_written() -> None:
    (typed,), (written,) = tokens("priorita", IT), tokens("Priorità", IT)
    assert typed.plain == written.plain == "priorita"


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        ("ticket", "ticket", True),
        ("ticket", "tickets", True),
        ("tikcet", "ticket", True),
        ("ticket", "tacket", True),
        ("icket", "ticket", True),
        ("", "a", True),
        ("ticket", "tocker", False),
        ("abc", "bca", False),
        ("ticket", "tick", False),
    ],
)
def test_one_slip_is_one_letter_added_dropped_changed_or_swapped(one: str, other: str, apart: bool) -> None:
    assert one_slip_apart(one, other) is apart
    assert one_slip_apart(other, one) is apart


def test_stop_words_are_left_out_and_each_word_counts_once() -> None:
    assert asked("How do I reset my password, my passwords?", EN) == (
        Word("reset", "reset"),
        Word("passwords", "password"),
    )


def test_stop_words_count_where_there_is_nothing_else() -> None:
    assert asked("wat is het", NL) == (Word("wat", None), Word("is", None), Word("het", None))


def test_only_a_last_word_that_touches_the_end_is_unfinished() -> None:
    assert asked("forgot passw", EN, typing=True)[-1] == Word("passw", "passw", unfinished=True)
    assert asked("forgot passw ", EN, typing=True)[-1] == Word("passw", "passw")
    assert asked("forgot passw", EN)[-1] == Word("passw", "passw")


def test_a_short_unfinished_word_counts_even_where_it_is_a_stop_word() -> None:
    assert asked("password in", EN, typing=True)[-1] == Word("in", None, unfinished=True)


def test_a_long_stop_word_is_one_even_at_the_end() -> None:
    assert asked("what do priorities mean", EN, typing=True) == (Word("priorities", "prioriti"),)


def test_a_long_question_is_cut() -> None:
    assert len(asked(" ".join(f"word{n}" for n in range(500)), EN)) == WORDS_MAX


def test_the_essence_of_a_mail_is_without_quotes_and_signature() -> None:
    mail = "It is broken.\n> You wrote:\n  > something\nReally.\n-- \nJan\nBakkerij"
    assert essence(mail) == "It is broken.\nReally."


@given(st.text(max_size=200), st.sampled_from(list(Language)))
def test_any_text_can_be_cut_into_words(text: str, language: Language) -> None:
    for token in tokens(text, language):
        assert 0 <= token.start < token.end <= len(text)
    asked(text, language, typing=True)
