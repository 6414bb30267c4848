"""What somebody asks, as the words worth looking for. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.contract.vocabulary import Language
from services.kb.languages import Token, tokens

CHARACTERS_MAX = 5_000
WORDS_MAX = 24
"""So much of a question is looked at, and so many of its words are looked for: the first ones say it."""
MEANINGFUL_LETTERS_MIN = 2
FUZZY_LETTERS_MIN = 4
"""Shorter words have too many neighbours for a typing mistake to be recognised."""
MAIL_SIGNATURE = "-- "
QUOTE_MARK = ">"


@dataclass(frozen=True)
class Word:
    """One word to look for."""

    plain: str
    stem: str | None
    """None for a stop word."""
    unfinished: bool = False
    """Somebody may still be typing it: whatever begins like this counts."""


def asked(text: str, language: Language, *, typing: bool = False) -> tuple[Word, ...]:
    """The words of a question, each once. With `typing`, a last word that touches the end is unfinished.

    Stop words count only where there is nothing else (somebody looks for exactly them), or where the last one is so
    short that it may be another word's beginning.
    """
    text = text[:CHARACTERS_MAX]
    found = tokens(text, language)
    unfinished = found[-1] if typing and found and found[-1].end == len(text) else None
    words = _each_once(Word(token.plain, token.stem, token is unfinished) for token in found if _speaks(token))
    meaningful = tuple(word for word in words if word.stem or _just_begun(word))
    return (meaningful or words)[:WORDS_MAX]


def essence(message: str) -> str:
    """What the writer says in a message: without quoted lines and without the signature."""
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
