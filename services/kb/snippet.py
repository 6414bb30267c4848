"""Snippets: the passage of an article that shows why it was found, as safe HTML. Pure."""

from collections.abc import Sequence
from html import escape

from services.contract.vocabulary import Language
from services.kb.languages import Token, one_slip_apart, tokens
from services.kb.question import FUZZY_LETTERS_MIN, Word

SNIPPET_CHARACTERS = 180
SEARCHED_CHARACTERS = 10_000
"""How much of an article is searched for its snippet; limited because a page of results needs many snippets."""
HITS_MAX = 100
"""How many of the words found are tried as the start of the snippet; if there are more, most passages are alike."""
LEAD_CHARACTERS = 40
"""How much is shown before the first word found."""


def snippet(text: str, words: Sequence[Word], language: Language) -> str | None:
    """The passage of `text` with the most words of the question, each in <mark>; None if it contains none of them."""
    text = " ".join(text[:SEARCHED_CHARACTERS].split())
    found = tokens(text, language)
    # Most words occur several times in a text: compare each only once.
    meant = {said: [word for word in words if _is(*said, word)] for said in {(each.plain, each.stem) for each in found}}
    hits = [(token, word) for token in found for word in meant[token.plain, token.stem]]
    if not hits:
        return None
    early = hits[:HITS_MAX]
    starts = [max(token.start - LEAD_CHARACTERS, 0) for token, _ in early]
    start = max(starts, key=lambda start: (len({word for token, word in early if _inside(token, start)}), -start))
    shown = [token for token in found if _inside(token, start)]
    marked = {token for token, _ in hits}
    return _html(text, shown, marked)


def _html(text: str, shown: list[Token], marked: set[Token]) -> str:
    begin, end = shown[0].start, shown[-1].end
    parts, at = ["… " if begin else ""], begin
    for token in shown:
        if token in marked:
            parts += [escape(text[at : token.start]), "<mark>", escape(text[token.start : token.end]), "</mark>"]
            at = token.end
    parts += [escape(text[at:end]), " …" if end < len(text.rstrip(".!?")) else escape(text[end:])]
    return "".join(parts)


def _inside(token: Token, start: int) -> bool:
    return start <= token.start and token.end <= start + SNIPPET_CHARACTERS


def _is(plain: str, stem: str | None, word: Word) -> bool:
    if word.stem and stem == word.stem:
        return True
    if word.unfinished and plain.startswith(word.plain):
        return True
    return plain == word.plain or (len(word.plain) >= FUZZY_LETTERS_MIN and one_slip_apart(plain, word.plain))
