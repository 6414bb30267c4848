"""Splits text into words by the rules of each language: stemmer, stop words, accents removed. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

from services.contract.vocabulary import Language

WORD_CHARACTERS_MAX = 40
"""A longer string is not a word but a key, a link or a line of base64."""

PLAIN_ANALYZER = "plain"

_STEMMER: Mapping[Language, str] = {
    Language.DUTCH: "dutch",
    Language.ITALIAN: "italian",
    Language.ENGLISH: "english",
}

# Stop words for a help desk: words of asking and politeness say nothing about a question's subject. They come on top
# of the stemmers' own stop words, made for encyclopedias. Words with an accent are also listed without it.
_ASKING: Mapping[Language, str] = {
    Language.DUTCH: """
        waar waarom waardoor wanneer welk welke hoeveel waarmee waarvan kun kunt kunnen zou zouden graag
        hallo hoi goedemorgen goedemiddag goedendag beste geachte dag groet groeten vriendelijke hoogachtend
        dank bedankt alvast mvg svp aub zeg zegt zeggen bericht berichten vraag vragen vraagje probleem problemen
        help hulp helpen lukt lukken werkt werken werk gaat gaan krijg krijgt doe doen weet weten wil willen
        staat staan even steeds alleen weer opeens onze ons jullie iets alles echt zonder mogelijk jaar dagen
        tijdens sinds betekent betekenen betekenis""",
    Language.ITALIAN: """
        posso puo può potete potreste potrei possibile vorrei voglio devo bisogna serve buongiorno buonasera salve
        ciao gentile gentili spettabile cordiali cordialmente saluti distinti grazie prego favore cortesia
        cortesemente dire dice dico detto messaggio messaggi domanda domande problema problemi aiuto aiutare quando
        quale quali quanto quanti quanta perche perché cosa fare faccio funziona funzionano funzionare riesco riesce
        riuscire sempre ancora solo anche gia già po piu più e ed è sono ce c'è ne sapere mio mia miei mie significa
        significano significato""",
    Language.ENGLISH: """
        how what when where who whom why which whose can could cannot may might would should do does did don doesn
        didn i you he she we they me my mine your yours our us them his her its am been being have has had having
        hello hi hey dear kind regards best greetings sincerely thanks thank please say says saying said tell
        message messages question questions problem problems issue issues help need needs want wants like get gets
        got know work works working s t m ve ll re about from after again also any all just more most only out so
        some than too very up while mean means meaning""",
}


class Token(NamedTuple):
    """A word in a text, from character `start` up to but not including `end`."""

    start: int
    end: int
    plain: str
    """As written, in lower case and without accents."""
    stem: str | None
    """The stem that it shares with its plurals and inflections; None for a stop word."""


def stem_analyzer(language: Language) -> TextAnalyzer:
    """Gives the stems, without stop words. Accents are removed last, because the stemmers need them."""
    cut = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(WORD_CHARACTERS_MAX))
    said = cut.filter(Filter.lowercase()).filter(Filter.stopword(_STEMMER[language]))
    meant = said.filter(Filter.custom_stopword(_ASKING[language].split()))
    return meant.filter(Filter.stemmer(_STEMMER[language])).filter(Filter.ascii_fold()).build()


def plain_analyzer() -> TextAnalyzer:
    """Gives every word as written, in lower case and without accents."""
    cut = TextAnalyzerBuilder(Tokenizer.simple()).filter(Filter.remove_long(WORD_CHARACTERS_MAX))
    return cut.filter(Filter.lowercase()).filter(Filter.ascii_fold()).build()


_STEMS = {language: stem_analyzer(language) for language in Language}
_PLAIN = plain_analyzer()


def tokens(text: str, language: Language) -> list[Token]:
    """The words of a text in reading order."""
    stems = {token.char_offset_from: token.text for token in _STEMS[language].pre_tokenize(text).tokens}
    return [
        Token(token.char_offset_from, token.char_offset_to, token.text, stems.get(token.char_offset_from))
        for token in _PLAIN.pre_tokenize(text).tokens
    ]


def one_slip_apart(word: str, other: str) -> bool:
    """Whether one letter added, dropped, changed or swapped with its neighbour makes one word the other."""
    if abs(len(word) - len(other)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), None)
    if start is None:
        return True
    rest, others = word[start:], other[start:]
    return (
        rest[1:] == others
        or rest == others[1:]
        or rest[1:] == others[1:]
        or (rest[:2] == others[1::-1] and rest[2:] == others[2:])
    )
