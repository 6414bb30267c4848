"""What people really type, and which article of the help centre they must get: the search's own measure.

Every threshold and weight of `finding.py` and `index.py` was chosen by these tables.
"""

import pytest

from services.contract.vocabulary import Language
from services.kb.finding import answering, search, suggest
from services.kb.index import SearchIndex
from tests.kb.library_desk import article, help_centre, index_of

NL, IT, EN = Language.DUTCH, Language.ITALIAN, Language.ENGLISH

ASKED = [
    # as one would write it
    (NL, "wachtwoord vergeten", "logging-in"),
    (IT, "password dimenticata", "logging-in"),
    (EN, "forgot my password", "logging-in"),
    (NL, "bijlage te groot", "attachments"),
    (IT, "allegato troppo grande", "attachments"),
    (EN, "attachment too big", "attachments"),
    (NL, "ticket heropenen", "reopening-and-follow-ups"),
    (IT, "riaprire un ticket", "reopening-and-follow-ups"),
    (EN, "reopen ticket", "reopening-and-follow-ups"),
    (NL, "wie kan mijn tickets zien?", "who-sees-my-tickets"),
    (IT, "chi vede i miei ticket?", "who-sees-my-tickets"),
    (EN, "who can see my tickets?", "who-sees-my-tickets"),
    (NL, "wat betekent geparkeerd", "ticket-statuses"),
    (IT, "che cosa significa in sospeso", "ticket-statuses"),
    (EN, "what does parked mean", "ticket-statuses"),
    (NL, "systeemeisen", "system-requirements"),
    (IT, "requisiti di sistema", "system-requirements"),
    (EN, "which browser", "system-requirements"),
    (NL, "mail beantwoorden", "answering-messages"),
    (IT, "rispondere per e-mail", "answering-messages"),
    (EN, "reply by e-mail", "answering-messages"),
    (NL, "sneltoetsen", "answering-from-the-keyboard"),
    (IT, "scorciatoie da tastiera", "answering-from-the-keyboard"),
    (EN, "keyboard shortcuts", "answering-from-the-keyboard"),
    (EN, "release notes", "release-0-1"),
    (EN, "feature request", "wishes-and-incidents"),
    (NL, "wat betekenen de prioriteiten", "priorities"),
    (IT, "che cosa significano le priorità", "priorities"),
    (EN, "what do the priorities mean", "priorities"),
    # plurals and inflections
    (NL, "wachtwoorden", "logging-in"),
    (NL, "bijlages", "attachments"),
    (NL, "prioriteiten", "priorities"),
    (NL, "heropend", "reopening-and-follow-ups"),
    (IT, "allegati", "attachments"),
    (IT, "riapertura", "reopening-and-follow-ups"),
    (EN, "attachments", "attachments"),
    (EN, "reopened", "reopening-and-follow-ups"),
    (EN, "passwords", "logging-in"),
    # typing mistakes, and accents left out
    (NL, "wachtwoort vergeten", "logging-in"),
    (NL, "herinering", "what-happens-when"),
    (NL, "prioritijd", "priorities"),
    (NL, "enquete", "what-happens-when"),
    (IT, "passwrod", "logging-in"),
    (IT, "sondagio", "what-happens-when"),
    (IT, "priorita", "priorities"),
    (EN, "atachment", "attachments"),
    (EN, "prioirty", "priorities"),
    (EN, "pasword", "logging-in"),
    # half typed
    (NL, "wachtw", "logging-in"),
    (NL, "bijl", "attachments"),
    (IT, "alleg", "attachments"),
    (EN, "screensh", "attachments"),
    (EN, "I forgot my passw", "logging-in"),
    # Dutch compounds
    (NL, "inlogprobleem", "logging-in"),
    (NL, "wachtwoordlink werkt niet", "logging-in"),
]


@pytest.mark.parametrize(("language", "q", "slug"), ASKED)
def test_the_best_answer_comes_first(shipped_index: SearchIndex, language: Language, q: str, slug: str) -> None:
    found = search(shipped_index, q, language, limit=10)
    assert (found[0].article.slug, found[0].article.text.language) == (slug, language)


NOT_SPOKEN_OF = [
    (NL, "printer staat in brand"),
    (NL, "vakantiedagen aanvragen"),
    (IT, "stampante in fiamme"),
    (EN, "printer on fire"),
    (EN, "xyzzy"),
]


@pytest.mark.parametrize(("language", "q"), NOT_SPOKEN_OF)
def test_what_no_article_speaks_of_finds_nothing(shipped_index: SearchIndex, language: Language, q: str) -> None:
    assert search(shipped_index, q, language, limit=10) == []


def test_what_is_not_found_in_the_language_asked_for_is_found_in_another(shipped_index: SearchIndex) -> None:
    found = search(shipped_index, "wachtwoord vergeten", EN, limit=10)
    assert (found[0].article.slug, found[0].article.text.language) == ("logging-in", NL)


def test_without_a_language_each_article_is_found_once_in_its_best_one(shipped_index: SearchIndex) -> None:
    found = search(shipped_index, "password", None, limit=50)
    slugs = [hit.article.slug for hit in found]
    assert slugs[0] == "logging-in"
    assert len(slugs) == len(set(slugs))


TYPED = [
    (NL, "Wat betekenen de prioriteiten", "priorities"),
    (IT, "Che cosa significano le priorità", "priorities"),
    (EN, "What do the priorities mean", "priorities"),
    (NL, "Ik ben mijn wachtwoord verge", "logging-in"),
    (IT, "Allegato troppo gra", "attachments"),
    (EN, "Can my colleagues see my tick", "who-sees-my-tickets"),
]


@pytest.mark.parametrize(("language", "subject", "slug"), TYPED)
def test_a_subject_being_typed_gets_its_article(
    shipped_index: SearchIndex, language: Language, subject: str, slug: str
) -> None:
    assert suggest(shipped_index, subject, language, 3)[0].article.slug == slug


@pytest.mark.parametrize("subject", ["", " ", "Q", "Help", "Printer on fi", "The invoice is wro"])
def test_a_subject_that_says_nothing_we_know_gets_no_suggestion(shipped_index: SearchIndex, subject: str) -> None:
    assert suggest(shipped_index, subject, EN, 3) == []


TICKETS = [
    (
        EN,
        "Cannot log in",
        "Hi, since this morning I can't log in any more. It says the address and password do not belong together.",
        {"logging-in"},
    ),
    (
        EN,
        "Question",
        "I have a screenshot of 40 MB that I want to send with my ticket but it is refused because the file is "
        "too large. How can I send it?\nThanks\nBob",
        {"attachments"},
    ),
    (
        EN,
        "Why was my ticket closed?",
        "I was on holiday for three weeks and now my ticket is closed. I still have the problem. What can I do?",
        {"what-happens-when", "ticket-statuses", "reopening-and-follow-ups"},
    ),
    (
        EN,
        "Which browsers are supported",
        "We use old laptops with Firefox. Does it run on that, and on Python 3.12?",
        {"system-requirements"},
    ),
    (
        EN,
        "I replied to your mail but nobody reacts",
        "I answered the mail you sent me last week and heard nothing since.",
        {"answering-messages"},
    ),
    (NL, "Wachtwoord vergeten", "Goedemorgen, ik kan niet inloggen. Groet, Jan", {"logging-in"}),
    (
        NL,
        "Vraag",
        "Ik wil een bestand van 60 MB meesturen maar dat wordt geweigerd. Hoe groot mag een bijlage zijn?",
        {"attachments"},
    ),
    (
        NL,
        "Ticket gesloten terwijl het probleem er nog is",
        "Mijn ticket 1234 is gesloten, maar het probleem is niet opgelost. Kan het heropend worden?",
        {"reopening-and-follow-ups", "ticket-statuses"},
    ),
    (
        NL,
        "Kan mijn baas mijn tickets lezen?",
        "Ik vraag me af wie mijn tickets kan zien binnen onze organisatie.",
        {"who-sees-my-tickets"},
    ),
    (NL, "Welke prioriteit moet ik kiezen", "Ons hele team ligt stil.", {"priorities"}),
    (
        IT,
        "Password dimenticata",
        "Buongiorno, ho dimenticato la password e non riesco più ad accedere. Grazie, Marco",
        {"logging-in"},
    ),
    (
        IT,
        "Domanda",
        "Vorrei inviare un file di 60 MB ma viene rifiutato. Quanto può essere grande un allegato?",
        {"attachments"},
    ),
    (
        IT,
        "Il mio ticket è stato chiuso",
        "Sono stato in ferie e il mio ticket è stato chiuso. Come posso riaprirlo?",
        {"ticket-statuses", "reopening-and-follow-ups"},
    ),
]


@pytest.mark.parametrize(("language", "subject", "message", "slugs"), TICKETS)
def test_a_ticket_gets_the_articles_that_answer_it_and_no_others(
    shipped_index: SearchIndex, language: Language, subject: str, message: str, slugs: set[str]
) -> None:
    found = answering(shipped_index, subject, message, language)
    assert {hit.article.slug for hit in found} == slugs
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


OTHER_TICKETS = [
    (EN, "Printer on fire", "The printer in room 3 is on fire, we can not print. Please help, high priority!"),
    (EN, "Export to Excel crashes", "When I click export it crashes with error 0x80004005. See the attached log file."),
    (EN, "hello", "we would like to sell you search engine optimisation and a million dollars"),
    (EN, "Out of office", "I am out of the office until 12 March. In urgent cases please contact my colleague."),
    (EN, "Re: meeting tomorrow", "Shall we meet at 10 o'clock? I will bring the documents."),
    (NL, "Printer staat in brand", "De printer op kamer 3 staat in brand. Graag snel hulp!"),
    (NL, "Scanner kapot", "De scanner in het magazijn geeft foutmelding E12 en stopt halverwege."),
    (NL, "Levering te laat", "De bestelling van vorige week is nog niet binnen, de klant wacht."),
    (IT, "La stampante è in fiamme", "La stampante nella stanza 3 è in fiamme, non possiamo stampare nulla. Aiuto!"),
    (IT, "Esportazione in Excel", "Quando esporto in Excel il programma si chiude con un errore."),
    (EN, "", ""),
    (EN, "???", "!!! ### 😀"),
]


@pytest.mark.parametrize(("language", "subject", "message"), OTHER_TICKETS)
def test_a_ticket_about_something_else_gets_none(
    shipped_index: SearchIndex, language: Language, subject: str, message: str
) -> None:
    assert answering(shipped_index, subject, message, language) == []


def test_quoted_lines_and_signatures_suggest_nothing(shipped_index: SearchIndex) -> None:
    quoted = "> I forgot my password and cannot log in\n-- \nAsk me about attachments and screenshots"
    assert answering(shipped_index, "Thanks!", quoted, EN) == []


def test_a_score_means_the_same_among_many_articles() -> None:
    others = [article(f"other-{n}", f"Machine number {n}", markdown="Oil it every week.") for n in range(500)]
    few = index_of(*help_centre())
    many = index_of(*help_centre(), *others)
    asked = ("Cannot log in", "I forgot the password", EN)
    best, best_of_many = answering(few, *asked)[0], answering(many, *asked)[0]
    assert best.article.slug == best_of_many.article.slug == "logging-in"
    assert best_of_many.score == pytest.approx(best.score, abs=0.15)
