"""The line that shows why an article was found."""

import nh3
from hypothesis import given
from hypothesis import strategies as st

from services.contract.vocabulary import Language
from services.kb.question import asked
from services.kb.snippet import SNIPPET_CHARACTERS, snippet

EN, NL = Language.ENGLISH, Language.DUTCH


def test_the_words_asked_for_are_marked_in_whatever_form() -> None:
    assert snippet("Choose passwords well.", asked("password", EN), EN) == "Choose <mark>passwords</mark> well."


def test_a_mistyped_word_marks_the_right_one() -> None:
    assert snippet("Choose a password.", asked("pasword", EN), EN) == "Choose a <mark>password</mark>."


def test_an_unfinished_word_marks_what_begins_like_it() -> None:
    found = snippet("Kies een wachtwoord.", asked("wacht", NL, typing=True), NL)
    assert found == "Kies een <mark>wachtwoord</mark>."


def test_what_the_text_says_is_escaped() -> None:
    found = snippet("Type <script>alert('password')</script> & go", asked("password", EN), EN)
    assert found == "Type &lt;script&gt;alert(&#x27;<mark>password</mark>&#x27;)&lt;/script&gt; &amp; go"


def test_a_long_text_is_cut_around_the_stretch_with_most_of_the_words() -> None:
    padding = "Nothing of interest is said here at all. " * 20
    text = f"A password. {padding}The password of your printer expired. {padding}"
    found = snippet(text, asked("printer password expired", EN), EN)
    assert found is not None
    assert found.startswith("… ")
    assert found.endswith(" …")
    assert found.count("<mark>") == 3
    assert "The <mark>password</mark> of your <mark>printer</mark> <mark>expired</mark>" in found


def test_a_text_without_the_words_has_no_snippet() -> None:
    assert snippet("Nothing of it.", asked("password", EN), EN) is None
    assert snippet("", asked("password", EN), EN) is None


@given(st.text(max_size=400), st.text(max_size=30))
def test_a_snippet_is_short_safe_html_with_marks_only(text: str, question: str) -> None:
    found = snippet(f"{text} password {text}", asked(f"password {question}", EN), EN)
    assert found is not None
    assert "<mark>" in found
    bare = found.replace("<mark>", "").replace("</mark>", "")
    assert "<" not in bare
    assert len(nh3.clean(found, tags=set())) <= 6 * (SNIPPET_CHARACTERS + 10)
