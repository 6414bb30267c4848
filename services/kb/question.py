"""Turns a question into the words to search for. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.contract.vocabulary import Language
from services.kb.languages import Token, tokens

CHARACTERS_MAX = 5_000
WORDS_MAX = 24
"""How many characters of a question are read, and how many of its words are searched for: the first ones matter."""
MEANINGFUL_LETTERS_MIN = 2
FUZZY_LETTERS_MIN = 4
"""In shorter words no typing mistakes are recognised: too many other words differ by one letter."""
MAIL_SIGNATURE = "-- "
QUOTE_MARK = ">"


@dataclass(frozen=True)
class Word:
    """One word to search for."""

    plain: str
    stem: str | None
    """None for a stop word."""
    unfinished: bool = False
    """Somebody may still be typing it: every word that begins with it matches."""


def asked(text: str, language: Language, *, typing: bool = False) -> tuple[Word, ...]:
    """The words of a question, each once. With `typing`, a last word right at the end of the text is unfinished.

    Stop words are left out, unless there are no other words. A short, unfinished last one stays in any case: it may
    be the beginning of another word.
    """
    text = text[:CHARACTERS_MAX]
    found = tokens(text, language)
    unfinished = found[-1] if typing and found and found[-1].end == len(text) else None
    words = _each_once(Word(token.plain, token.stem, token is unfinished) for token in found if _speaks(token))
    meaningful = tuple(word for word in words if word.stem or _just_begun(word))
    return (meaningful or words)[:WORDS_MAX]


def essence(message: str) -> str:
    """The message without quoted lines and without the signature."""
    kept = []
    for line in message.splitlines():
        if line in (MAIL_SIGNATURE, MAIL_SIGNATURE.rstrip()):
            break
        if not line.lstrip().startswith(QUOTE_MARK):
            kept.append(line)
    return "\n".join(kept)


def _speaks(token: Token) -> bool:
    return len(token.plain) >= MEANINGFUL_LETTERS_MIN


def _just_begun(word: Word) -> bool:
    return word.unfinished and len(word.plain) < FUZZY_LETTERS_MIN


def _each_once(words: Iterable[Word]) -> tuple[Word, ...]:
    return tuple({word.stem or word.plain: word for word in words}.values())
