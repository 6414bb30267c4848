"""The texts that agents and requesters write in the demonstration, in the language of the ticket. Pure."""

from dataclasses import dataclass

from services.contract.vocabulary import Language


class NotAsPlanned(Exception):
    """The demonstration did not go as planned; the text says what happened."""


@dataclass(frozen=True)
class Words:
    """The texts of both sides in one language."""

    looking: str
    question: str
    second_question: str
    solution: str
    details: str
    still_broken: str
    back_again: str
    one_more: str
    away_subject: str
    away: str
    praise: str
    complaint: str


WORDS = {
    Language.DUTCH: Words(
        looking="Dank u, ik kijk ernaar.",
        question="Sinds wanneer gebeurt dit, en bij wie?",
        second_question="En wat ziet u dan precies op het scherm?",
        solution="Het is verholpen: meld u af en weer aan.",
        details="Sinds maandag, bij ons allemaal.",
        still_broken="Helaas, het gebeurt nog steeds.",
        back_again="Sorry voor het wachten, ik was op reis. Het speelt nog.",
        one_more="Nog één vraag over hetzelfde onderwerp.",
        away_subject="Automatisch antwoord",
        away="Ik ben er tot maandag niet.",
        praise="Snel geholpen, dank!",
        complaint="Het duurde lang.",
    ),
    Language.ITALIAN: Words(
        looking="Grazie, ci guardo.",
        question="Da quando succede, e a chi?",
        second_question="E che cosa vede esattamente sullo schermo?",
        solution="È risolto: esca ed entri di nuovo.",
        details="Da lunedì, a tutti noi.",
        still_broken="Purtroppo succede ancora.",
        back_again="Scusate l'attesa, ero in viaggio. Il problema c'è ancora.",
        one_more="Ancora una domanda sullo stesso argomento.",
        away_subject="Risposta automatica",
        away="Sono assente fino a lunedì.",
        praise="Aiuto rapido, grazie!",
        complaint="Ci è voluto molto.",
    ),
    Language.ENGLISH: Words(
        looking="Thank you, I am looking into it.",
        question="Since when does this happen, and to whom?",
        second_question="And what exactly do you see on the screen?",
        solution="It is solved: log out and in again.",
        details="Since Monday, to all of us.",
        still_broken="I am afraid it still happens.",
        back_again="Sorry for the wait, I was travelling. It is still there.",
        one_more="One more question about the same thing.",
        away_subject="Automatic reply",
        away="I am away until Monday.",
        praise="Quick help, thank you!",
        complaint="It took long.",
    ),
}
